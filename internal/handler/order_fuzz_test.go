package handler_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// FuzzOrderEvent gives the build function any event. Nothing is deployed, frozen or kept
// but what a person has ordered whom IAM has named, on the bus of decisions.
func FuzzOrderEvent(f *testing.F) {
	w := newWorld(f)
	seed(f)
	order := func(change func(o fields)) {
		o := fields{
			"id": "o-1", "verb": "deploy", "app": "shop", "at": "2026-03-02T09:14:07Z", "images": fields{"web": registry + "/shop:v1"},
			"person": fields{"way": "iam", "id": carl, "name": "carl"},
		}
		change(o)
		f.Add(w.json(event(approvals.Source, approvals.OrderDetailType, o)))
	}
	order(func(fields) {})
	order(func(o fields) { o["verb"], o["environment"] = "rollback", "production" })
	order(func(o fields) { o["verb"], o["until"], o["reason"] = "freeze", "2026-03-03T00:00:00Z", "a sale" })
	order(func(o fields) { o["verb"] = "thaw" })
	order(func(o fields) { o["verb"], o["environment"], o["move"] = "repair", "production", "back" })
	f.Fuzz(func(t *testing.T, payload []byte) {
		w.tb = t
		started, frozen := w.executions(), w.freezes()
		w.neverBreaks(t, "build", payload)
		if cmp.Equal(started, w.executions()) && cmp.Equal(frozen, w.freezes()) {
			return
		}
		var said known
		if err := json.Unmarshal(payload, &said); err != nil {
			t.Fatalf("%q, which is no event, started %q and froze %+v", payload, w.executions(), w.freezes())
		}
		if said.Source != approvals.Source {
			if !validEvent(w, said) || !cmp.Equal(frozen, w.freezes()) {
				t.Fatalf("%q started %q and froze %+v", payload, w.executions(), w.freezes())
			}
			return
		}
		var of struct {
			Detail approvals.Order `json:"detail"`
		}
		err := json.Unmarshal(payload, &of)
		if o := of.Detail; err != nil || said.DetailType != approvals.OrderDetailType || o.Check() != nil || o.Person.Way != rollout.ByIAM {
			t.Fatalf("%q started %q and froze %+v: %v", payload, w.executions(), w.freezes(), err)
		}
	})
}

// freezes are those that hold now.
func (w *world) freezes() []rollout.Freeze {
	w.tb.Helper()
	all, err := w.Steps.Store.Freezes(w.tb.Context(), w.Now())
	if err != nil {
		w.tb.Fatal(err)
	}
	return all
}

// FuzzJob gives the build function any job of CodePipeline. What it brings of the
// pipeline's credentials gets into no dead letter and no log.
func FuzzJob(f *testing.F) {
	w := newWorld(f)
	seed(f)
	for _, parameters := range []string{`{"app":"shop"}`, `{"app":"shop","artifact":"Images","file":"../x"}`, `{}`, `[]`, ``, `{"app":1}`} {
		data := fields{
			"actionConfiguration": fields{"configuration": fields{"UserParameters": parameters}},
			"artifactCredentials": fields{"accessKeyId": "ASIAOFTHEPIPELINE", "secretAccessKey": secretOfThePipeline, "sessionToken": secretOfThePipeline},
		}
		f.Add(w.json(fields{"CodePipeline.job": fields{"id": "j-1", "accountId": account, "data": data}}))
		data["continuationToken"] = "shop-1"
		f.Add(w.json(fields{"CodePipeline.job": fields{"id": "j-2", "data": data}}))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		w.tb = t
		w.log.Reset()
		w.neverBreaks(t, "build", payload)
		letters := w.letters()
		var said struct {
			Job struct {
				Data struct {
					Credentials struct {
						Secret string `json:"secretAccessKey"`
						Token  string `json:"sessionToken"`
					} `json:"artifactCredentials"`
				} `json:"data"`
			} `json:"CodePipeline.job"`
		}
		if json.Unmarshal(payload, &said) != nil {
			return
		}
		for _, l := range letters {
			for _, secret := range []string{said.Job.Data.Credentials.Secret, said.Job.Data.Credentials.Token} {
				if secret == secretOfThePipeline && (strings.Contains(l.body, secret) || strings.Contains(w.log.String(), secret)) {
					t.Fatalf("%q left the credentials in %q, or in %q", payload, l.body, w.log)
				}
			}
		}
	})
}

// secretOfThePipeline stands in no sample of an event.
const secretOfThePipeline = "of-the-pipeline-and-of-nobody-else"

// FuzzNotice gives the notify function any event. It starts nothing.
func FuzzNotice(f *testing.F) {
	fuzzWaker(f, "notify", fields{"again": "shop-production-70"}, func(t *testing.T, w *world, payload []byte) {
		t.Helper()
		if started := w.executions(); len(started) != 0 {
			t.Fatalf("%q started %q", payload, started)
		}
	})
}

// FuzzCheck gives the check of an installation any request of CloudFormation's. What it
// cannot answer it refuses.
func FuzzCheck(f *testing.F) {
	w := newWorld(f)
	seed(f)
	for _, request := range []string{"Create", "Update", "Delete", ""} {
		f.Add([]byte(strings.Replace(stackRequest, "%", request, 1)))
	}
	f.Add([]byte(`{"ResponseURL":"https://s3.example.com/answer","ResourceProperties":{"Rules":[1,null],"Services":"a","AlarmTopic":{}}}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		w.tb = t
		w.neverBreaks(t, "check", payload)
	})
}
