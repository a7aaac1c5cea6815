package slack

import (
	"fmt"
	"strings"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// How much of a list a question shows.
const (
	shownApprovers = 12
	shownVotes     = 6
)

// question says what people are asked, or what came of it.
func question(q Question, author string) string {
	lines := asked(q, author)
	if !q.Open {
		lines = []string{"*Approval* " + free(q.Subject, 200)}
		if q.Result != "" {
			lines[0] += ": " + free(q.Result, 300)
		}
	}
	votes := make([]string, 0, len(q.Votes))
	for _, v := range q.Votes {
		votes = append(votes, vote(v))
	}
	return fit(append(lines, most(votes, shownVotes)...), "\n", 2400)
}

func asked(q Question, author string) []string {
	lines := []string{"*Approval needed* " + free(q.Subject, 200)}
	if len(q.Approvers) > 0 {
		lines = append(lines, "Who may approve: "+approvers(q.Approvers))
	}
	lines = append(lines, soFar(q))
	if !q.Expires.IsZero() {
		lines = append(lines, "Until "+date(q.Expires)+expiry(q.OnExpiry))
	}
	if q.NotAuthor {
		line := "The author may not approve"
		if author != "" {
			line += ": " + free(author, 80)
		}
		lines = append(lines, line)
	}
	if q.Hash != "" {
		lines = append(lines, "For exactly this release and spec: "+code(first(q.Hash, 12), 60))
	}
	return lines
}

func expiry(a rollout.Answer) string {
	switch a {
	case rollout.Approve:
		return ", then it counts as approved"
	case rollout.Reject:
		return ", then it counts as rejected"
	}
	return ""
}

// soFar counts people, not presses.
func soFar(q Question) string {
	seen := map[string]bool{}
	var names []string
	for _, v := range q.Votes {
		person := v.User
		if person == "" {
			person = "name " + v.Name
		}
		if v.Answer == rollout.Approve && !seen[person] {
			seen[person] = true
			names = append(names, free(v.Name, 40))
		}
	}
	text := fmt.Sprintf("Approvals: %d of %d so far", len(names), q.Quorum)
	if len(names) > 0 {
		text += ": " + strings.Join(most(names, shownVotes), ", ")
	}
	return text
}

func approvers(all []string) string {
	names := make([]string, 0, len(all))
	for _, one := range all {
		names = append(names, approver(one))
	}
	return strings.Join(most(names, shownApprovers), ", ")
}

// approver mentions a Slack user or user group, and shortens an IAM ARN to what a
// person knows it by.
func approver(one string) string {
	switch {
	case isID(one, "U") || isID(one, "W"):
		return "<@" + one + ">"
	case isID(one, "S"):
		return "<!subteam^" + one + ">"
	}
	parts := strings.SplitN(one, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" || parts[2] != "iam" {
		return free(one, 50)
	}
	kind, path, found := strings.Cut(parts[5], "/")
	if found {
		kind += "/" + path[strings.LastIndex(path, "/")+1:]
	}
	return free(kind, 50)
}

// isID keeps what is no ID out of a mention.
func isID(text, prefix string) bool {
	const longest = 30
	if !strings.HasPrefix(text, prefix) || len(text) < 3 || len(text) > longest {
		return false
	}
	return strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

func vote(v Vote) string {
	mark, did := "✅", "approved"
	if v.Answer != rollout.Approve {
		mark, did = "⛔", "rejected"
	}
	text := fmt.Sprintf("%s %s %s", mark, free(v.Name, 40), did)
	if !v.At.IsZero() {
		text += " " + date(v.At)
	}
	if v.Reason != "" {
		text += ": " + free(v.Reason, 120)
	}
	return text
}
