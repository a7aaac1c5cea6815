package harness_test

import (
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/sluice-deploy/sluice/internal/approvals"
)

// decision puts an event on the bus for decisions, as the function decide does.
func (b *box) decision(detail map[string]any) {
	b.t.Helper()
	if err := b.putDecision(b.Lambda.AccessKey("sluice-decide"), detail); err != nil {
		b.t.Fatal(err)
	}
}

// putDecision is decision as whoever has the access key.
func (b *box) putDecision(key string, detail map[string]any) error {
	b.t.Helper()
	text, err := json.Marshal(detail)
	if err != nil {
		b.t.Fatal(err)
	}
	client := eventbridge.NewFromConfig(b.Config(key))
	_, err = client.PutEvents(b.ctx(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
		EventBusName: &b.Settings.Decisions, Source: aws.String(approvals.Source), DetailType: aws.String(approvals.DetailType),
		Detail: aws.String(string(text)),
	}}})
	return err
}
