package harness_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/sluice-deploy/sluice/internal/emulator"
	events "github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

const (
	homeAccount  = "123456789012"
	otherAccount = "210987654321"
	homeBus      = "arn:aws:events:us-east-1:" + homeAccount + ":event-bus/default"
	remoteName   = "sluice-remote"
	remoteRole   = "arn:aws:iam::" + otherAccount + ":role/" + remoteName
)

// abroad is an environment elsewhere. Its services and alarms have the names of
// production's.
func abroad(region, role string, change ...func(*rollout.Environment)) rollout.Environment {
	env := shop().Environments[0]
	env.Name, env.Cluster, env.Region, env.Role = "abroad", "shop-abroad", region, role
	for _, c := range change {
		c(&env)
	}
	return env
}

// elsewhere are the places where abroad may be.
var elsewhere = []struct{ name, region, role string }{
	{"another Region", "eu-west-1", ""},
	{"another account", "", remoteRole},
	{"another account's Region", "eu-west-1", remoteRole},
}

// newAbroad is a box whose app goes abroad alone, where everything is as Sluice
// wants it.
func newAbroad(t *testing.T, env rollout.Environment) *box {
	t.Helper()
	b := newBox(t, func(s *rollout.Spec) { s.Environments = []rollout.Environment{env} })
	b.open(env)
	return b
}

// open makes what stands in an environment elsewhere, and what lets Sluice work there.
func (b *box) open(env rollout.Environment) *stage {
	b.t.Helper()
	account, region := homeAccount, b.Region
	if env.Role != "" {
		account = strings.Split(env.Role, ":")[4]
	}
	if env.Region != "" {
		region = env.Region
	}
	cloud := b.In(account, region)
	if account != homeAccount {
		b.letPull(account)
	}
	s := b.deployStage(cloud, env, "abroad")
	if account != homeAccount {
		b.hear(account)
	}
	b.deployRemote(cloud, map[string]string{"Service": env.Cluster, "Bus": partition.ARN("events", b.Region, b.Account, "event-bus/default")})
	b.RunFor(5 * time.Minute)
	s.failed = s.failures()
	return s
}

// deployRemote makes what lets Sluice work in an environment elsewhere and has its
// events sent home, from infra/remote.yaml.
func (b *box) deployRemote(cloud *emulator.Cloud, parameters map[string]string) {
	b.t.Helper()
	if _, err := b.DeployStack(cloud, "sluice-remote", "infra/remote.yaml", parameters); err != nil {
		b.t.Fatal(err)
	}
}

// letPull lets the tasks of another account pull the app's images.
func (b *box) letPull(account string) {
	b.t.Helper()
	_, err := b.aws.ECR.SetRepositoryPolicy(b.ctx(), &ecr.SetRepositoryPolicyInput{RepositoryName: aws.String("shop"), PolicyText: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + partition.IAM(b.Region, account, "root") + `"},` +
			`"Action":["ecr:BatchCheckLayerAvailability","ecr:GetDownloadUrlForLayer","ecr:BatchGetImage"]}]}`)})
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *box) iam(cloud *emulator.Cloud) *iam.Client {
	return iam.NewFromConfig(cloud.Config("AKIAPERSON" + cloud.Account))
}

// role makes a role that a principal may assume, and that may do what the statement
// says.
func (b *box) role(cloud *emulator.Cloud, name, trust, statement string) string {
	b.t.Helper()
	client := b.iam(cloud)
	out, err := client.CreateRole(b.ctx(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",` + trust + `}]}`)})
	if err == nil {
		_, err = client.PutRolePolicy(b.ctx(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("work"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[` + statement + `]}`)})
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return *out.Role.Arn
}

// trusted is the trust in Sluice's functions at home.
const trusted = `"Principal":{"AWS":"arn:aws:iam::` + homeAccount + `:root"},` +
	`"Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::` + homeAccount + `:role/sluice-*"}}`

// shutOut takes the role away again.
func (b *box) shutOut(cloud *emulator.Cloud) {
	b.t.Helper()
	client := b.iam(cloud)
	_, err := client.DeleteRolePolicy(b.ctx(), &iam.DeleteRolePolicyInput{RoleName: aws.String(remoteName), PolicyName: aws.String("work")})
	if err == nil {
		_, err = client.DeleteRole(b.ctx(), &iam.DeleteRoleInput{RoleName: aws.String(remoteName)})
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// hear lets another account put events on the home bus.
func (b *box) hear(account string) {
	b.t.Helper()
	_, err := b.aws.EventBridge.PutPermission(b.ctx(), &eventbridge.PutPermissionInput{
		StatementId: aws.String("from-" + account), Action: aws.String("events:PutEvents"), Principal: &account,
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// loseOnTheWay keeps events from elsewhere from reaching the home bus.
func (b *box) loseOnTheWay() {
	b.Faults.Delivery = func(_ events.Event, target string) events.DeliveryFault {
		return events.DeliveryFault{Lose: target == homeBus}
	}
}

// to gives a fault to the requests of one operation to a cloud, for a time from the
// first on.
func (s *stage) to(operation string, span time.Duration, fault wire.Fault) {
	var until time.Time
	s.faults = append(s.faults, func(c *wire.Call) *wire.Fault {
		if c.Operation != operation || c.Account != s.cloud.Account && c.Service != "sts" {
			return nil
		}
		if until.IsZero() {
			until = s.Now().Add(span)
		}
		if s.Now().After(until) {
			return nil
		}
		return &fault
	})
}

// wantNothingFailed fails the test if a request was not answered well since the
// environment stood.
func (s *stage) wantNothingFailed() {
	s.t.Helper()
	if n := s.failures() - s.failed; n != 0 {
		s.t.Errorf("%d requests to %s failed", n, s.place)
	}
}

func (s *stage) failures() int {
	n := 0
	s.Do(func() {
		n = s.World.ToGroup(s.service.BlueGroup).Failed + s.World.ToGroup(s.service.GreenGroup).Failed
	})
	return n
}

// wantDirty checks that the environment says that it needs a person and stays locked,
// whatever comes.
func (s *stage) wantDirty(name string, says ...string) {
	s.t.Helper()
	s.RunFor(2 * time.Hour)
	s.wantReason(name, rollout.Dirty, says...)
	env := s.environment()
	if env.Dirty == nil || env.Owner == "" || env.Rollout != name {
		s.t.Fatalf("%s is not Dirty and locked by %s: %+v", s.place, name, env)
	}
	for _, part := range says {
		if !strings.Contains(env.Dirty.Why, part) {
			s.t.Errorf("%s is Dirty because of %q, want it to say %q", s.place, env.Dirty.Why, part)
		}
	}
	if !s.record(name).Told {
		s.t.Errorf("nobody was told that %s is Dirty", name)
	}
	s.wantNoDeadman(name)
}

// assumed counts the roles that a function assumes from now on.
func (b *box) assumed(function string) *int {
	n := 0
	b.observe(func(c *wire.Call, _, _ any, err error) {
		if err == nil && c.Operation == "AssumeRole" && b.caller(c) == function {
			n++
		}
	})
	return &n
}

// refusals are the answers of AWS that say that a caller may not, from now on.
func (b *box) refusals() *[]string {
	var all []string
	b.observe(func(c *wire.Call, _, _ any, err error) {
		if err != nil && (strings.Contains(fmt.Sprint(err), "AccessDenied") || strings.Contains(fmt.Sprint(err), "Expired")) {
			all = append(all, fmt.Sprintf("%s: %v", c.Operation, err))
		}
	})
	return &all
}
