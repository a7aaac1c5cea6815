package harness_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// signature is what Slack's and a webhook's look like.
var signature = regexp.MustCompile(`v0=[0-9a-f]{64}|v1,[A-Za-z0-9+/]{43}=`)

// No secret is anywhere but where it is kept.
func TestNothingTellsSecrets(t *testing.T) {
	t.Parallel()
	b := newBox(t, func(s *rollout.Spec) {
		s.Environments[0].Approval, s.Environments[0].Operators = asking(), []string{deployers}
		s.Pipelines = []rollout.Pipeline{asksFor("", "")}
	})
	b.people()
	e := listen(b)
	tokens := b.tokens()
	p := &piped{box: b, client: newPipelines(b)}
	p.create(infra)
	tokens[aws.ToString(p.approvalAction().Token)] = true
	p.press(ada, "approve")
	name := b.build(failing(0.08, 4*time.Second), 1)
	b.untilAsked(name)
	b.press(eve, name, "approve")
	b.press(ada, name, "approve")
	b.untilEnded(name)
	b.RunFor(10 * time.Minute)
	if len(tokens) < 4 {
		t.Fatalf("%d tokens were seen, want those of Approve, AwaitCanary, Bake and the pipeline", len(tokens))
	}
	o := b.Slack.Options()
	secrets := []string{o.Token, o.SigningSecret, hookKey, strings.TrimPrefix(hookKey, "whsec_"), teamsURL}
	for token := range tokens {
		secrets = append(secrets, token)
	}
	for place, text := range b.everythingSaid(e) {
		for _, secret := range secrets {
			if secret == "" || strings.Contains(text, secret) {
				t.Errorf("%s tells %q: %.300s", place, secret, text)
			}
		}
		if found := signature.FindString(text); found != "" {
			t.Errorf("%s tells the signature %q", place, found)
		}
	}
}

// tokens are the task tokens of the story, as they are used.
func (b *box) tokens() map[string]bool {
	seen := map[string]bool{}
	b.observe(func(_ *wire.Call, in, _ any, _ error) {
		switch in := in.(type) {
		case *sfn.SendTaskSuccessInput:
			seen[*in.TaskToken] = true
		case *sfn.SendTaskFailureInput:
			seen[*in.TaskToken] = true
		case *dynamodb.UpdateItemInput:
			var token struct {
				Token string
			}
			if value, ok := in.ExpressionAttributeValues[":token"]; ok && attributevalue.Unmarshal(value, &token) == nil {
				seen[token.Token] = true
			}
		}
	})
	return seen
}

// everythingSaid is what the story has left for people and programs to read: the
// table but for the tokens that questions keep, Slack's messages, the channels'
// notices, the events and the log.
func (b *box) everythingSaid(e *ears) map[string]string {
	b.t.Helper()
	all := map[string]string{"log": b.log.String()}
	pages := dynamodb.NewScanPaginator(b.aws.DynamoDB, &dynamodb.ScanInput{TableName: &b.Settings.Table})
	for pages.HasMorePages() {
		page, err := pages.NextPage(b.ctx())
		if err != nil {
			b.t.Fatal(err)
		}
		for _, it := range page.Items {
			key := keyOf(it)
			var item map[string]any
			if err := attributevalue.UnmarshalMap(it, &item); err != nil {
				b.t.Fatal(err)
			}
			if strings.HasPrefix(key, "approval#") {
				delete(item, "token")
				delete(item, "pipeline")
			}
			all["item "+key] = fmt.Sprint(item)
		}
	}
	b.Do(func() {
		for _, m := range b.Slack.Messages(deploys) {
			all["message "+m.TS] = said(m)
			for _, r := range b.Slack.Replies(deploys, m.TS) {
				all["reply "+r.TS] = said(r)
			}
		}
		for _, event := range b.EventBridge.Recent() {
			all["event "+event.ID] = string(event.JSON())
		}
	})
	for i, text := range append(b.whispers(eve), b.whispers(ada)...) {
		all[fmt.Sprintf("whisper %d", i)] = text
	}
	for i, n := range slices.Concat(e.hook.got, e.teams.got, e.published()) {
		text, err := json.Marshal(n)
		if err != nil {
			b.t.Fatal(err)
		}
		all[fmt.Sprintf("notice %d", i)] = string(text)
	}
	return all
}
