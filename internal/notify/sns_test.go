package notify_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

const topic = "arn:aws:sns:us-east-1:123456789012:people"

// published is what SNS answers in its Query protocol.
const published = `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult>` +
	`<MessageId>94f20ce6-13c5-43a0-9a9e-ca52d816e90b</MessageId></PublishResult>` +
	`<ResponseMetadata><RequestId>f187a3c1-376f-11df-8963-01868b7c937a</RequestId></ResponseMetadata></PublishResponse>`

// publisher is an SNS that goes to the receiver.
func publisher(to *receiver) notify.SNS {
	return notify.SNS{Client: sns.NewFromConfig(aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("AKIAPERSON", "secret", ""), HTTPClient: to,
	})}
}

func taking() *receiver {
	return &receiver{answers: []answer{{status: http.StatusOK, body: strings.NewReader(published)}}}
}

// form is a request of the Query protocol.
func form(t *testing.T, r request) url.Values {
	t.Helper()
	values, err := url.ParseQuery(string(r.body))
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func TestSNS(t *testing.T) {
	t.Parallel()
	to := taking()
	n := identified()
	n.Outcome = rollout.RolledBack
	if err := publisher(to).Deliver(t.Context(), rollout.Channel{SNS: topic}, n); err != nil {
		t.Fatal(err)
	}
	got := form(t, to.got[0])
	if got.Get("Action") != "Publish" || got.Get("TopicArn") != topic {
		t.Errorf("got %s to %s, want Publish to %s", got.Get("Action"), got.Get("TopicArn"), topic)
	}
	for _, key := range []string{"MessageStructure", "MessageGroupId", "MessageDeduplicationId"} {
		if got.Has(key) {
			t.Errorf("%s is %q, want none", key, got.Get(key))
		}
	}
	attributes := map[string]string{}
	for i := 1; got.Has(fmt.Sprintf("MessageAttributes.entry.%d.Name", i)); i++ {
		entry := fmt.Sprintf("MessageAttributes.entry.%d.", i)
		attributes[got.Get(entry+"Name")] = got.Get(entry+"Value.DataType") + " " + got.Get(entry+"Value.StringValue")
	}
	want := map[string]string{
		"app": "String shop", "environment": "String production", "moment": "String rolledBack", "outcome": "String RolledBack",
	}
	if diff := cmp.Diff(want, attributes); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	var body struct {
		Text string `json:"text"`
		notify.Notice
	}
	if err := json.Unmarshal([]byte(got.Get("Message")), &body); err != nil {
		t.Fatal(err)
	}
	if body.Text != notify.Sentence(n) {
		t.Errorf("text is %q, want the sentence", body.Text)
	}
	if diff := cmp.Diff(n, body.Notice); diff != "" {
		t.Errorf("notice (-want +got):\n%s", diff)
	}
	if want := "{\n  \"text\": \"shop production: "; !strings.HasPrefix(got.Get("Message"), want) {
		t.Errorf("message is %q, want it to begin with %q", got.Get("Message"), want)
	}
}

// SNS takes no attribute without a value.
func TestSNSAttributesThatAreEmpty(t *testing.T) {
	t.Parallel()
	to := taking()
	n := identified()
	n.Moment = ""
	if err := publisher(to).Deliver(t.Context(), rollout.Channel{SNS: topic}, n); err != nil {
		t.Fatal(err)
	}
	got := form(t, to.got[0])
	if !got.Has("MessageAttributes.entry.2.Name") || got.Has("MessageAttributes.entry.3.Name") {
		t.Errorf("got %v, want two attributes", got)
	}
}

func TestSNSOfAnotherRegion(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string]string{
		topic: "https://sns.us-east-1.amazonaws.com/",
		"arn:aws:sns:eu-central-1:123456789012:people":      "https://sns.eu-central-1.amazonaws.com/",
		"arn:aws-cn:sns:cn-north-1:123456789012:people":     "https://sns.cn-north-1.amazonaws.com.cn/",
		"arn:aws-us-gov:sns:us-gov-west-1:123456789012:ops": "https://sns.us-gov-west-1.amazonaws.com/",
	} {
		to := taking()
		if err := publisher(to).Deliver(t.Context(), rollout.Channel{SNS: arn}, identified()); err != nil {
			t.Fatal(err)
		}
		region := strings.Split(arn, ":")[3]
		if got := to.got[0]; got.url != want || !strings.Contains(got.header.Get("Authorization"), "/"+region+"/sns/") {
			t.Errorf("%s went to %s signed %s, want %s signed for %s", arn, got.url, got.header.Get("Authorization"), want, region)
		}
	}
}

func TestSNSInOrder(t *testing.T) {
	t.Parallel()
	to := taking()
	if err := publisher(to).Deliver(t.Context(), rollout.Channel{SNS: topic + ".fifo"}, identified()); err != nil {
		t.Fatal(err)
	}
	got := form(t, to.got[0])
	if group, id := got.Get("MessageGroupId"), got.Get("MessageDeduplicationId"); group != "shop-production" || id != identified().ID {
		t.Errorf("group is %q and deduplication %q, want shop-production and %q", group, id, identified().ID)
	}
}

func TestSNSSubject(t *testing.T) {
	t.Parallel()
	for why, want := range map[string]string{
		"":                       "shop production: release 7 went back. All traffic is on blue.",
		"größer\nals gedacht":    "shop production: release 7 went back: gr??er als gedacht. All traffic is on blue.",
		strings.Repeat("w", 100): "shop production: release 7 went back: " + strings.Repeat("w", 58) + "...",
		strings.Repeat("w", 37):  "shop production: release 7 went back: " + strings.Repeat("w", 37) + ". All traffic is on b...",
		strings.Repeat("w", 35):  "shop production: release 7 went back: " + strings.Repeat("w", 35) + ". All traffic is on blue.",
		"a bell\a, a \x7f":       "shop production: release 7 went back: a bell, a . All traffic is on blue.",
	} {
		to := taking()
		n := identified()
		n.Why = why
		if err := publisher(to).Deliver(t.Context(), rollout.Channel{SNS: topic}, n); err != nil {
			t.Fatal(err)
		}
		if got := form(t, to.got[0]).Get("Subject"); got != want || len(got) >= 100 {
			t.Errorf("%q: subject of %d characters is %q, want %q", why, len(got), got, want)
		}
	}
}

func TestSNSRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		code   string
		kind   rollout.ErrorKind
		says   string
	}{
		{404, "NotFound", rollout.KindNotFound, "create it"},
		{403, "AuthorizationError", rollout.KindDenied, "sns:Publish"},
		{400, "KMSAccessDenied", rollout.KindDenied, "key"},
		{400, "InvalidParameter", rollout.KindRefused, "does not take"},
		{429, "Throttled", rollout.KindThrottled, "fewer calls"},
		{400, "KMSThrottling", rollout.KindThrottled, "fewer calls"},
		{400, "Throttling", rollout.KindThrottled, "fewer calls"},
		{500, "InternalError", rollout.KindUnavailable, "did not answer"},
		{400, "EndpointDisabled", rollout.KindInternal, "EndpointDisabled"},
	} {
		body := `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>` + c.code +
			`</Code><Message>no</Message></Error><RequestId>9dd01905-5012-5f99-8663-4b3ecd0dfaef</RequestId></ErrorResponse>`
		to := &receiver{answers: []answer{{status: c.status, body: strings.NewReader(body)}}}
		err := publisher(to).Deliver(t.Context(), rollout.Channel{SNS: topic}, identified())
		wantKind(t, err, c.kind, topic, c.says)
		if len(to.got) != 1 {
			t.Errorf("%s: got %d requests, want 1", c.code, len(to.got))
		}
	}
}

func TestSNSTopics(t *testing.T) {
	t.Parallel()
	to := taking()
	for _, bad := range []string{"", "people", "arn:aws:sqs:us-east-1:123456789012:people", "arn:aws:sns::123456789012:people"} {
		err := publisher(to).Deliver(t.Context(), rollout.Channel{SNS: bad}, identified())
		wantKind(t, err, rollout.KindSpecInvalid, fmt.Sprintf("%q", bad))
	}
	if len(to.got) != 0 {
		t.Errorf("got %d requests, want none", len(to.got))
	}
}
