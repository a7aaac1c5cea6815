package harness_test

import (
	"slices"
	"strings"
	"testing"
)

// A function that somebody has taken over can do no more than its own work: those that
// anybody reaches touch no traffic, no service, no rollout and no wait.
func TestCompromisedFunctionIsConfined(t *testing.T) {
	t.Parallel()
	b := newTerminalBox(t, 1, homeARN+"user/carl")
	service := serviceARN + "shop-production/shop-blue"
	table := "arn:aws:dynamodb:us-east-1:123456789012:table/" + b.Settings.Table
	var secret string
	b.Do(func() { secret = b.SecretsManager.ARN("slack") })
	for _, c := range []struct {
		action, resource string
		want             []string // the functions that may
	}{
		{"elasticloadbalancing:ModifyRule", b.service.Rule, []string{"restore", "rollback", "shift"}},
		{"ecs:UpdateService", service, []string{"accept", "prepare", "restore", "retire", "shift"}},
		{"states:StartExecution", b.Settings.Machine, []string{"alarm", "build", "complete", "recover"}},
		{"iam:PassRole", roleARN + "any", []string{"prepare"}},
		{"iam:CreateRole", roleARN + "any", nil},
		{"lambda:UpdateFunctionCode", "arn:aws:lambda:us-east-1:123456789012:function:sluice-shift", nil},
		{"sts:AssumeRole", "arn:aws:iam::999999999999:role/admin", nil},
		{"dynamodb:DeleteTable", table, nil},
		{"secretsmanager:GetSecretValue", secret, []string{"approval", "check", "notify", "slack"}},
		{"events:PutEvents", "arn:aws:events:us-east-1:123456789012:event-bus/default", nil},
		{"scheduler:DeleteSchedule", "arn:aws:scheduler:us-east-1:123456789012:schedule/sluice/shop-production-1", nil},
	} {
		var may []string
		for _, function := range b.functionNames() {
			if mayOn(t, b.Harness, function, c.action, c.resource) {
				may = append(may, strings.TrimPrefix(function, "sluice-"))
			}
		}
		slices.Sort(may)
		if !slices.Equal(may, c.want) {
			t.Errorf("%s: %v may, want %v", c.action, may, c.want)
		}
	}
	for _, function := range []string{"sluice-slack", "sluice-decide"} {
		for _, action := range []string{"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"} {
			for _, key := range []string{"app#shop", "rollout#shop-production-1", "approval#apr-1", "decisions#shop-production-1", "freezes"} {
				if mayOn(t, b.Harness, function, action, table, key) {
					t.Errorf("%s may %s %s", function, action, key)
				}
			}
		}
	}
	for _, function := range []string{"sluice-slack", "sluice-decide", "sluice-notify"} {
		for _, action := range []string{"states:SendTaskSuccess", "states:SendTaskFailure", "states:StopExecution"} {
			if mayOn(t, b.Harness, function, action, b.Settings.Machine) {
				t.Errorf("%s may %s", function, action)
			}
		}
	}
}

// functionNames are those of all of Sluice's functions.
func (b *box) functionNames() []string {
	var names []string
	b.Do(func() { names = b.Lambda.Functions() })
	return names
}
