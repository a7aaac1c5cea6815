package harness_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator/web"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

const (
	hookKey  = "whsec_bm90aWNlcyBvZiB0aGUgc3RvcmllcywgMzIgYnl0ZXM="
	hookURL  = "https://hooks.example.com/sluice"
	teamsURL = "https://teams.example.com/workflows/1?sig=of-the-stories"
)

// ears are where the notices of a story go: an SNS topic with a queue behind it, a
// webhook and a Teams workflow.
type ears struct {
	b           *box
	topic       string // ARN
	queue       string // URL
	hook, teams *ear
}

// ear is a site that takes notices. It answers 200 unless answer says otherwise.
type ear struct {
	answer func(n int) *wire.Response // to the n-th request, from 1
	asked  []time.Time                // when requests came
	got    []notify.Notice            // that it has answered with 200
}

// listen gives the box's app channels, changed as the story wants them.
func listen(b *box, change ...func(*rollout.Spec)) *ears {
	b.t.Helper()
	e := &ears{b: b, hook: &ear{}, teams: &ear{}}
	for name, value := range map[string]string{"sluice/hook": hookKey, "sluice/teams": teamsURL} {
		_, err := b.aws.SecretsManager.CreateSecret(b.ctx(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: &value})
		if err != nil {
			b.t.Fatal(err)
		}
	}
	topic, err := b.aws.SNS.CreateTopic(b.ctx(), &sns.CreateTopicInput{Name: aws.String("deploys")})
	if err != nil {
		b.t.Fatal(err)
	}
	queue, err := b.aws.SQS.CreateQueue(b.ctx(), &sqs.CreateQueueInput{QueueName: aws.String("heard"), Attributes: map[string]string{
		"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage",` +
			`"Resource":"arn:aws:sqs:us-east-1:123456789012:heard"}]}`,
	}})
	if err != nil {
		b.t.Fatal(err)
	}
	e.topic, e.queue = aws.ToString(topic.TopicArn), aws.ToString(queue.QueueUrl)
	_, err = b.aws.SNS.Subscribe(b.ctx(), &sns.SubscribeInput{
		TopicArn: topic.TopicArn, Protocol: aws.String("sqs"), Endpoint: aws.String("arn:aws:sqs:us-east-1:123456789012:heard"),
		Attributes: map[string]string{"RawMessageDelivery": "true"},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.Do(func() {
		b.Web.Host("hooks.example.com", web.SiteFunc(func(r *wire.Request, reply func(*wire.Response)) {
			reply(e.hook.take(b, r, e.signed))
		}))
		b.Web.Host("teams.example.com", web.SiteFunc(func(r *wire.Request, reply func(*wire.Response)) {
			reply(e.teams.take(b, r, carded))
		}))
	})
	e.register(func(s *rollout.Spec) {
		s.Notify = []rollout.Channel{{SNS: e.topic}, {Webhook: hookURL, Secret: "sluice/hook"}, {Teams: "sluice/teams"}}
		for _, c := range change {
			c(s)
		}
	})
	return e
}

// register makes another spec the app's.
func (e *ears) register(change func(*rollout.Spec)) {
	e.b.t.Helper()
	app, err := e.b.Steps.Store.App(e.b.ctx(), "shop")
	if err != nil {
		e.b.t.Fatal(err)
	}
	change(&app.Spec)
	if err := e.b.Steps.Register(e.b.ctx(), app.Spec); err != nil {
		e.b.t.Fatal(err)
	}
}

// take answers a request that read can read.
func (e *ear) take(b *box, r *wire.Request, read func(now time.Time, r *wire.Request) (notify.Notice, error)) *wire.Response {
	e.asked = append(e.asked, b.Now())
	if e.answer != nil {
		if answer := e.answer(len(e.asked)); answer != nil {
			return answer
		}
	}
	n, err := read(b.Now(), r)
	if err != nil {
		b.t.Errorf("%s %s: %v", r.Method, r.Host, err)
		return &wire.Response{Status: http.StatusUnauthorized}
	}
	e.got = append(e.got, n)
	return &wire.Response{Status: http.StatusOK}
}

// signed reads what Standard Webhooks has signed.
func (e *ears) signed(now time.Time, r *wire.Request) (notify.Notice, error) {
	id, stamp := r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp")
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(hookKey, "whsec_"))
	if err != nil {
		return notify.Notice{}, err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + stamp + "." + string(r.Body)))
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	if got := r.Header.Get("Webhook-Signature"); got != want {
		return notify.Notice{}, fmt.Errorf("signature %q, want %q", got, want)
	}
	if want := fmt.Sprint(now.Unix()); stamp != want {
		return notify.Notice{}, fmt.Errorf("timestamp %s at %s", stamp, want)
	}
	var event struct {
		Type string        `json:"type"`
		Data notify.Notice `json:"data"`
	}
	if err := json.Unmarshal(r.Body, &event); err != nil {
		return event.Data, err
	}
	if event.Data.ID != id || event.Type != "sluice.rollout."+string(event.Data.Moment) {
		return event.Data, fmt.Errorf("type %s, id %s of %+v", event.Type, id, event.Data)
	}
	return event.Data, nil
}

// carded reads no more of a card than its title: the rest is for people.
func carded(_ time.Time, r *wire.Request) (notify.Notice, error) {
	var message struct {
		Attachments []struct {
			Content struct {
				Body []struct {
					Items []struct {
						Text string `json:"text"`
					} `json:"items"`
				} `json:"body"`
			} `json:"content"`
		} `json:"attachments"`
	}
	if err := json.Unmarshal(r.Body, &message); err != nil || r.Query != "sig=of-the-stories" {
		return notify.Notice{}, fmt.Errorf("card %s to ?%s: %w", r.Body, r.Query, err)
	}
	return notify.Notice{Why: message.Attachments[0].Content.Body[0].Items[0].Text}, nil
}

// published takes what the topic's queue holds.
func (e *ears) published() []notify.Notice {
	e.b.t.Helper()
	var all []notify.Notice
	for {
		out, err := e.b.aws.SQS.ReceiveMessage(e.b.ctx(), &sqs.ReceiveMessageInput{QueueUrl: &e.queue, MaxNumberOfMessages: 10})
		if err != nil {
			e.b.t.Fatal(err)
		}
		if len(out.Messages) == 0 {
			return all
		}
		for _, m := range out.Messages {
			var n notify.Notice
			if err := json.Unmarshal([]byte(aws.ToString(m.Body)), &n); err != nil {
				e.b.t.Fatal(err)
			}
			all = append(all, n)
			if _, err := e.b.aws.SQS.DeleteMessage(e.b.ctx(), &sqs.DeleteMessageInput{QueueUrl: &e.queue, ReceiptHandle: m.ReceiptHandle}); err != nil {
				e.b.t.Fatal(err)
			}
		}
	}
}

// moments are the moments of a rollout's notices, in the order of their times, an
// end with its outcome.
func moments(notices []notify.Notice, name string) []string {
	sorted := slices.SortedStableFunc(slices.Values(notices), func(x, y notify.Notice) int { return x.At.Compare(y.At) })
	var all []string
	for _, n := range sorted {
		switch {
		case n.Rollout != name:
		case n.Outcome != "":
			all = append(all, string(n.Moment)+" "+string(n.Outcome))
		default:
			all = append(all, string(n.Moment))
		}
	}
	return all
}

// endsTold are how often each ending of a rollout was told.
func endsTold(notices []notify.Notice, name string) map[rollout.Outcome]int {
	count := map[rollout.Outcome]int{}
	for _, n := range notices {
		if n.Rollout == name && n.Moment == rollout.MomentEnded {
			count[n.Outcome]++
		}
	}
	return count
}

// scheduled reports whether something about the subject is to be tried again.
func (b *box) scheduled(group, subject string) bool {
	b.t.Helper()
	_, err := b.aws.Scheduler.GetSchedule(b.ctx(), getSchedule(group, subject))
	if err != nil && !awsclient.Is(err, "ResourceNotFoundException") {
		b.t.Fatal(err)
	}
	return err == nil
}

// answering gives every request the status until the moment, and 200 after it.
func (e *ear) answering(b *box, status int, until time.Time) {
	e.answer = func(int) *wire.Response {
		if b.Now().Before(until) {
			return &wire.Response{Status: status}
		}
		return nil
	}
}

// always gives every request the status.
func always(status int) func(int) *wire.Response {
	return func(int) *wire.Response { return &wire.Response{Status: status} }
}

// gaps are the pauses between requests.
func (e *ear) gaps() []time.Duration {
	var gaps []time.Duration
	for i := 1; i < len(e.asked); i++ {
		gaps = append(gaps, e.asked[i].Sub(e.asked[i-1]).Round(time.Second))
	}
	return gaps
}

// wantMoments fails the test if other moments of the rollout were heard.
func wantMoments(t *testing.T, who string, notices []notify.Notice, name string, want ...string) {
	t.Helper()
	if got := moments(notices, name); !slices.Equal(got, want) {
		t.Errorf("%s heard %q, want %q", who, got, want)
	}
}
