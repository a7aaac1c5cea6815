package harness_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
)

// putDecision puts an event on the bus for decisions as whoever has the access key.
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

// The ways in which Ada and others come by a terminal.
const (
	homeARN    = "arn:aws:iam::123456789012:"
	ssoRole    = "AWSReservedSSO_Deployer_0123456789abcdef"
	ssoSession = "arn:aws:sts::123456789012:assumed-role/" + ssoRole + "/"
)

// session makes a role that may decide, if there is none, and gives credentials of a
// session of it.
func (b *box) session(role, name string) aws.Credentials {
	b.t.Helper()
	b.roleThatMay(role, b.mayDecide())
	return b.sessionOf(role, name)
}

// roleThatMay makes a role with a permission, if there is none, and gives credentials of
// a session of it.
func (b *box) roleThatMay(role, permission string) aws.Credentials {
	b.t.Helper()
	client := iam.NewFromConfig(b.Config("AKIAPERSON"))
	_, err := client.CreateRole(b.ctx(), &iam.CreateRoleInput{
		RoleName: &role, AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[` +
			`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"123456789012"}}]}`),
	})
	if err != nil && !strings.Contains(err.Error(), "EntityAlreadyExists") {
		b.t.Fatal(err)
	}
	_, err = client.PutRolePolicy(b.ctx(), &iam.PutRolePolicyInput{
		RoleName: &role, PolicyName: aws.String("decide"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` + permission + `}]}`),
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return b.sessionOf(role, "someone")
}

func (b *box) sessionOf(role, name string) aws.Credentials {
	b.t.Helper()
	out, err := sts.NewFromConfig(b.Config("AKIAPERSON")).AssumeRole(b.ctx(), &sts.AssumeRoleInput{
		RoleArn: aws.String(partition.IAM(b.Region, b.Account, "role/"+role)), RoleSessionName: &name,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return aws.Credentials{
		AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: *out.Credentials.SessionToken,
	}
}

// mayDecide is what lets a role use the URL where people decide: a function's, or an HTTP
// API's.
func (b *box) mayDecide() string {
	if b.decideService() == "execute-api" {
		return `"Action":"execute-api:Invoke","Resource":"` + partition.ARN("execute-api", b.Region, b.Account, "*") + `"`
	}
	return `"Action":["lambda:InvokeFunctionUrl","lambda:InvokeFunction"],"Resource":"` +
		partition.ARN("lambda", b.Region, b.Account, "function:sluice-decide*") + `"`
}

// decideService is what requests to that URL are signed for.
func (b *box) decideService() string {
	if strings.Contains(b.DecideURL, ".execute-api.") {
		return "execute-api"
	}
	return "lambda"
}

// user is the credentials of an IAM user of that name.
func user(name string) aws.Credentials {
	return aws.Credentials{AccessKeyID: name, SecretAccessKey: "secret"}
}

// reply is what the Function URL answered.
type reply struct {
	status int
	body   string
}

// ask sends a request to the Function URL of decide, signed as its caller would; not
// signed for empty credentials.
func (b *box) ask(who aws.Credentials, method, path, body string) reply {
	b.t.Helper()
	if b.here != nil {
		who = terminal
	}
	req, err := http.NewRequestWithContext(b.ctx(), method, strings.TrimSuffix(b.DecideURL, "/")+path, bytes.NewReader([]byte(body)))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if who.AccessKeyID != "" {
		sum := sha256.Sum256([]byte(body))
		if err := v4.NewSigner().SignHTTP(b.ctx(), who, req, hex.EncodeToString(sum[:]), b.decideService(), b.Region, b.Now()); err != nil {
			b.t.Fatal(err)
		}
	}
	resp, err := b.Web.Client(30 * time.Second).Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return reply{resp.StatusCode, string(text)}
}

// command has somebody decide by a terminal, and runs until that is done. It gives the
// decision's ID.
func (b *box) command(who aws.Credentials, fields map[string]string) string {
	b.t.Helper()
	body, err := json.Marshal(fields)
	if err != nil {
		b.t.Fatal(err)
	}
	got := b.ask(who, http.MethodPost, "/decisions", string(body))
	var taken struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal([]byte(got.body), &taken); err != nil || got.status != http.StatusAccepted || taken.ID == "" {
		b.t.Fatalf("POST /decisions answered %d %s, want 202 with an id", got.status, got.body)
	}
	b.RunFor(10 * time.Second)
	return taken.ID
}

// approve has somebody approve a question by a terminal.
func (b *box) approve(who aws.Credentials, question string) string {
	b.t.Helper()
	return b.command(who, map[string]string{"action": "approve", "subject": question})
}

// standing is what a terminal is told of a question.
type standing struct {
	Standing  string `json:"standing"`
	Why       string `json:"why"`
	Hash      string `json:"hash"`
	Quorum    int    `json:"quorum"`
	Votes     []any  `json:"votes"`
	Decisions []struct {
		ID      string `json:"id"`
		Done    bool   `json:"done"`
		Refused bool   `json:"refused"`
		Result  string `json:"result"`
	} `json:"decisions"`
}

func (b *box) stands(question string) standing {
	b.t.Helper()
	got := b.ask(user("carl"), http.MethodGet, "/approvals/"+question, "")
	var s standing
	if err := json.Unmarshal([]byte(got.body), &s); err != nil || got.status != http.StatusOK {
		b.t.Fatalf("GET /approvals/%s answered %d %s", question, got.status, got.body)
	}
	return s
}

// wantRefused fails the test unless a decision was refused for a reason that says so.
func (b *box) wantRefused(question, id, text string) {
	b.t.Helper()
	for _, d := range b.stands(question).Decisions {
		if d.ID == id {
			if !d.Done || !d.Refused || !strings.Contains(d.Result, text) {
				b.t.Errorf("decision %s came to %+v, want it refused: %q", id, d, text)
			}
			return
		}
	}
	b.t.Errorf("nothing is known of decision %s", id)
}
