package slack

import (
	"cmp"
	"strings"
)

func (s *Service) authTest(arguments) (answer, error) {
	return answer{
		"url": "https://" + s.options.Domain + ".slack.com/", "team": s.options.TeamName, "team_id": s.options.Team,
		"user": strings.ToLower(s.options.AppName), "user_id": s.options.BotUser, "bot_id": s.options.Bot,
		"is_enterprise_install": false,
	}, nil
}

// userInfo shows the e-mail address only to a token with the scope for it (Slack:
// users.info, email addresses).
func (s *Service) userInfo(a arguments) (answer, error) {
	u, bot := s.users[a["user"]], a["user"] == s.options.BotUser
	if bot {
		u = User{ID: s.options.BotUser, Name: strings.ToLower(s.options.AppName), RealName: s.options.AppName}
	}
	if u.ID == "" {
		return nil, refuse("user_not_found")
	}
	shown := cmp.Or(u.DisplayName, u.Name)
	profile := answer{"real_name": u.RealName, "real_name_normalized": u.RealName, "display_name": shown, "display_name_normalized": shown, "team": s.options.Team}
	if u.Email != "" && !u.HidesEmail && s.granted(scopeEmail) {
		profile["email"] = u.Email
	}
	user := answer{
		"id": u.ID, "team_id": s.options.Team, "name": u.Name, "real_name": u.RealName, "deleted": false,
		"is_bot": bot, "is_app_user": false, "tz": "Etc/UTC", "tz_offset": 0, "profile": profile,
	}
	if a.yes("include_locale") {
		user["locale"] = "en-US"
	}
	return answer{"user": user}, nil
}

func (s *Service) groupUsers(a arguments) (answer, error) {
	if a["usergroup"] == "" {
		return nil, invalid("missing required field: usergroup")
	}
	g, ok := s.groups[a["usergroup"]]
	if !ok {
		return nil, refuse("no_such_subteam")
	}
	return answer{"users": append([]string{}, g.Members...)}, nil
}
