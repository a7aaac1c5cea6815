package slack_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/slack"
)

// press is a button's payload as Slack documents it (Slack: block_actions
// payload).
const press = `{"type":"block_actions","user":{"id":"U2CERLKJA","username":"roadrunner","name":"roadrunner","team_id":"T1DC2JH3J"},
"api_app_id":"A02","token":"(deprecated)",
"container":{"type":"message","message_ts":"1548261231.000200","channel_id":"C024BE91L","is_ephemeral":false},
"trigger_id":"12321423423.333649436676.d8c1bb837935619ccad0f624c448ffb3","team":{"id":"T1DC2JH3J","domain":"acme"},
"enterprise":null,"is_enterprise_install":false,"channel":{"id":"C024BE91L","name":"deploys"},
"message":{"type":"message","user":"U0BOT","bot_id":"B019","ts":"1548261231.000200","text":"Approve web?","blocks":[]},
"state":{"values":{}},"response_url":"https://hooks.slack.com/actions/T1DC2JH3J/1232321423432/D09sSasdasdAS9091209",
"actions":[{"type":"button","action_id":"approve","block_id":"appr-01","text":{"type":"plain_text","text":"Approve","emoji":true},
"value":"apr_01HX","style":"primary","action_ts":"1548426417.840180"}]}`

// submission is a dialog's payload (Slack: view_submission payload).
const submission = `{"type":"view_submission","team":{"id":"T1DC2JH3J","domain":"acme"},
"user":{"id":"U2CERLKJA","username":"roadrunner","name":"roadrunner","team_id":"T1DC2JH3J"},"api_app_id":"A02",
"token":"(deprecated)","trigger_id":"12466734323.1395872398",
"view":{"id":"VNHU13V36","type":"modal","title":{"type":"plain_text","text":"Reject"},"callback_id":"reason",
"private_metadata":"{\"action\":\"reject\",\"subject\":\"apr_01HX\",\"channel\":\"C024BE91L\",\"ts\":\"1548261231.000200\"}",
"state":{"values":{"reason":{"reason":{"type":"plain_text_input","value":" not on a Friday\n"}}}},
"hash":"156663117.cd33ad1f"},"response_urls":[]}`

func form(payload string) []byte { return []byte(url.Values{"payload": {payload}}.Encode()) }

func pressed() *slack.Interaction {
	return &slack.Interaction{
		Action: slack.Approve, Subject: "apr_01HX", User: "U2CERLKJA", Team: "T1DC2JH3J", App: "A02", UserName: "roadrunner",
		Channel: "C024BE91L", TS: "1548261231.000200", Trigger: "12321423423.333649436676.d8c1bb837935619ccad0f624c448ffb3",
		ActionTS: "1548426417.840180",
	}
}

func submitted(reason string) *slack.Interaction {
	return &slack.Interaction{
		Action: slack.Reject, Subject: "apr_01HX", Submitted: true, Reason: reason, User: "U2CERLKJA", Team: "T1DC2JH3J", App: "A02",
		UserName: "roadrunner", Channel: "C024BE91L", TS: "1548261231.000200", Trigger: "12466734323.1395872398",
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	nameOnly := pressed()
	nameOnly.UserName = "ada"
	abort := pressed()
	abort.Action = slack.Abort
	promote := pressed()
	promote.Action, promote.Subject, promote.Wait = slack.Promote, "shop-production-7", "2026-03-01T12:00:00.000Z"
	for name, c := range map[string]struct {
		payload string
		want    *slack.Interaction
	}{
		"a press":                   {press, pressed()},
		"a press, by the container": {without(press, `"channel":{"id":"C024BE91L","name":"deploys"},`, `"ts":"1548261231.000200",`), pressed()},
		"a press by another name":   {swap(press, `"name":"roadrunner"`, `"name":""`, `"username":"roadrunner"`, `"username":"ada"`), nameOnly},
		"another button":            {swap(press, `"action_id":"approve"`, `"action_id":"abort"`), abort},
		"a button that ends a wait": {
			swap(press, `"action_id":"approve"`, `"action_id":"promote"`, `"value":"apr_01HX"`, `"value":"shop-production-7@2026-03-01T12:00:00.000Z"`), promote,
		},
		"a dialog":                 {submission, submitted("not on a Friday")},
		"a dialog with spaces":     {swap(submission, ` not on a Friday\n`, ` \n `), submitted("")},
		"a dialog without a value": {swap(submission, `" not on a Friday\n"`, `null`), submitted("")},
		"a dialog without a state": {swap(submission, `"state":{"values":{"reason":{"reason":{"type":"plain_text_input","value":" not on a Friday\n"}}}},`, ``), submitted("")},
		"a button of others":       {swap(press, `"action_id":"approve"`, `"action_id":"Xy7"`), nil},
		"a button that opens a page": {
			swap(press, `"action_id":"approve"`, `"action_id":"Xy7","url":"https://x.example"`, `"value":"apr_01HX",`, ``), nil,
		},
		"a menu":             {swap(press, `{"type":"button","action_id"`, `{"type":"static_select","action_id"`), nil},
		"no action":          {`{"type":"block_actions","actions":[]}`, nil},
		"a dialog of others": {swap(submission, `"callback_id":"reason"`, `"callback_id":"other"`), nil},
		"a closed dialog":    {swap(submission, "view_submission", "view_closed"), nil},
		"a shortcut":         {`{"type":"shortcut","callback_id":"deploy","trigger_id":"1"}`, nil},
		"a message shortcut": {`{"type":"message_action","callback_id":"deploy","message":{"ts":"1.2"},"channel":{"id":"C1"}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := slack.Parse(form(c.payload))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("interaction (-want +got):\n%s", diff)
			}
		})
	}
}

// swap puts other texts in place of some, in pairs.
func swap(text string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(text) }

func without(text string, parts ...string) string {
	for _, part := range parts {
		text = strings.ReplaceAll(text, part, "")
	}
	return text
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 3001)
	for name, c := range map[string]struct {
		body []byte
		part string
	}{
		"nothing":             {nil, "field payload is there 0 times"},
		"two payloads":        {append(form(press), []byte("&payload={}")...), "field payload is there 2 times"},
		"no form":             {[]byte("payload=%zz"), "no form"},
		"no JSON":             {form("{"), "field payload: unexpected end"},
		"a list":              {form("[]"), "field payload: json: cannot unmarshal array"},
		"null":                {form("null"), "field type is missing"},
		"no type":             {form("{}"), "field type is missing"},
		"a type of a number":  {form(`{"type":7}`), "type"},
		"too large":           {form(strings.Repeat(" ", 1<<20)), "bytes, want at most 1048576"},
		"no user":             {form(without(press, `"id":"U2CERLKJA",`)), "field user.id is missing"},
		"no team":             {form(swap(press, `"team":{"id":"T1DC2JH3J","domain":"acme"}`, `"team":null`)), "field team.id is missing"},
		"no app":              {form(without(press, `"api_app_id":"A02",`)), "field api_app_id is missing"},
		"no value":            {form(without(press, `"value":"apr_01HX",`)), "field actions[].value is missing"},
		"no time":             {form(without(press, `,"action_ts":"1548426417.840180"`)), "field actions[].action_ts is missing"},
		"a long value":        {form(swap(press, "apr_01HX", long)), "field actions[].value has 3001 characters, want at most 2000"},
		"a long user":         {form(swap(press, "U2CERLKJA", long)), "field user.id has 3001 characters, want at most 255"},
		"a long name":         {form(swap(press, "roadrunner", long)), "field user.name has 3001 characters"},
		"a long trigger":      {form(swap(press, "12321423423", long)), "field trigger_id has"},
		"no metadata":         {form(swap(submission, `"private_metadata":`, `"other":`)), "field view.private_metadata"},
		"metadata of another": {form(swap(submission, `\"action\":\"reject\"`, `\"action\":\"restart\"`)), `field view.private_metadata: action "restart" is none of ours`},
		"no subject":          {form(swap(submission, `\"subject\":\"apr_01HX\"`, `\"subject\":\"\"`)), "field view.private_metadata: subject is missing"},
		"a long reason":       {form(swap(submission, "not on a Friday", long)), "field view.state.values.reason has 3001 characters, want at most 1000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := slack.Parse(c.body)
			if rollout.KindOf(err) != rollout.KindEventInvalid || !strings.Contains(err.Error(), c.part) || got != nil {
				t.Errorf("%v and %v, want an EventInvalid error that says %q", got, err, c.part)
			}
		})
	}
}

// A dialog comes back with what it was opened with.
func TestDialogComesBack(t *testing.T) {
	t.Parallel()
	w := &web{body: `{"ok":true}`}
	d := slack.Dialog{Action: slack.Abort, Subject: "shop-production-7", Title: "Abort", Channel: "C024BE91L", TS: "1548261231.000200"}
	if err := client(w).OpenReason(t.Context(), "1.2.3", d); err != nil {
		t.Fatal(err)
	}
	var opened struct {
		View map[string]any `json:"view"`
	}
	if err := json.Unmarshal(w.sent, &opened); err != nil {
		t.Fatal(err)
	}
	var back map[string]any
	if err := json.Unmarshal([]byte(submission), &back); err != nil {
		t.Fatal(err)
	}
	view, _ := back["view"].(map[string]any)
	for _, name := range []string{"callback_id", "private_metadata"} {
		view[name] = opened.View[name]
	}
	text, err := json.Marshal(back)
	if err != nil {
		t.Fatal(err)
	}
	got, err := slack.Parse(form(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	want := submitted("not on a Friday")
	want.Action, want.Subject = slack.Abort, "shop-production-7"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("interaction (-want +got):\n%s", diff)
	}
}

func TestReasonMissing(t *testing.T) {
	t.Parallel()
	want := `{"response_action":"errors","errors":{"reason":"Say why, so that the author knows."}}`
	if got := string(slack.ReasonMissing("Say why, so that the author knows.")); got != want {
		t.Errorf("the answer is %s, want %s", got, want)
	}
}

// Nothing that comes makes it panic, and what comes out is bounded and complete.
func FuzzParse(f *testing.F) {
	for _, payload := range []string{press, submission, `{"type":"shortcut"}`, `{}`, `[`} {
		f.Add(form(payload))
	}
	f.Add([]byte("payload=%zz"))
	f.Fuzz(func(t *testing.T, body []byte) {
		i, err := slack.Parse(body)
		if err != nil {
			if rollout.KindOf(err) != rollout.KindEventInvalid || i != nil {
				t.Errorf("%v with %v, want an EventInvalid error and nothing", err, i)
			}
			return
		}
		if i == nil {
			return
		}
		for name, value := range map[string]string{"action": string(i.Action), "subject": i.Subject, "user": i.User, "team": i.Team, "app": i.App} {
			if value == "" || len(value) > 3*2000 {
				t.Errorf("the %s has %d bytes, want some and not many", name, len(value))
			}
		}
		if len(i.Reason) > 3*1000 || len(i.UserName) > 3*255 || i.Submitted == (i.ActionTS != "") {
			t.Errorf("not bounded, or neither press nor dialog: %.500v", i)
		}
	})
}
