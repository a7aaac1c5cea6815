package awsclient_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

const remote = "arn:aws:iam::210987654321:role/sluice-remote"

// away is a cloud, and another account that has a role for its account.
func away(t *testing.T) *emulator.Cloud {
	t.Helper()
	l := loop.NewVirtual(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	t.Cleanup(l.Close)
	cloud := emulator.New(l, emulator.Options{})
	_, err := iam.NewFromConfig(cloud.In("210987654321", "eu-west-1").Config("AKIATHERE")).CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("sluice-remote"), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[` +
			`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"123456789012"}}]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	return cloud
}

// caller is who calls with the configuration.
func caller(t *testing.T, cfg aws.Config) (string, error) {
	t.Helper()
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.Arn), nil
}

// A role is assumed when it is needed, and again before its credentials expire.
func TestAwayAssumesTheRole(t *testing.T) {
	t.Parallel()
	cloud := away(t)
	assumed := 0
	cloud.Observe = func(c *wire.Call, _, _ any, _ error) {
		if c.Operation == "AssumeRole" {
			assumed++
		}
	}
	cfg := awsclient.Away{Region: "eu-west-1", Role: remote}.Config(cloud.Config("AKIAPERSON"), cloud.Now)
	if assumed != 0 || cfg.Region != "eu-west-1" {
		t.Errorf("assumed %d times before any call, in %s", assumed, cfg.Region)
	}
	for _, step := range []struct {
		after time.Duration
		want  int
	}{
		{0, 1}, {50 * time.Minute, 1}, {9*time.Minute + 30*time.Second, 2}, {2 * time.Hour, 3},
	} {
		cloud.RunFor(step.after)
		who, err := caller(t, cfg)
		if err != nil || who != "arn:aws:sts::210987654321:assumed-role/sluice-remote/sluice" {
			t.Errorf("after %v: %s, %v, want the role's session", step.after, who, err)
		}
		if assumed != step.want {
			t.Errorf("after %v: assumed %d times, want %d", step.after, assumed, step.want)
		}
	}
}

// Without a role and a Region it is the configuration as it was.
func TestAwayOfNothing(t *testing.T) {
	t.Parallel()
	cloud := away(t)
	cfg := awsclient.Away{}.Config(cloud.Config("AKIAPERSON"), cloud.Now)
	if who, err := caller(t, cfg); err != nil || who != "arn:aws:iam::123456789012:user/AKIAPERSON" || cfg.Region != "us-east-1" {
		t.Errorf("%s in %s, %v, want the person in us-east-1", who, cfg.Region, err)
	}
}

func TestAwayErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, role string
		fault      *wire.Fault
		want       rollout.ErrorKind
	}{
		{"no such role", remote + "-2", nil, rollout.KindDenied},
		{"throttled", remote, &wire.Fault{Err: wire.Errorf("Throttling", "Rate exceeded")}, rollout.KindThrottled},
		{"no answer", remote, &wire.Fault{LoseRequest: true}, rollout.KindUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cloud := away(t)
			cloud.Faults.Request = func(call *wire.Call) *wire.Fault {
				if call.Operation == "AssumeRole" {
					return c.fault
				}
				return nil
			}
			cfg := awsclient.Away{Role: c.role}.Config(cloud.Config("AKIAPERSON"), cloud.Now)
			_, err := caller(t, cfg)
			if err = awsclient.Wrap(err, "ask"); rollout.KindOf(err) != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
