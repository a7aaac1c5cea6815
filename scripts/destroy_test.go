package scripts_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
)

// Sluice is not taken away while rollouts run, nor against somebody's or AWS's will, and
// what could not be taken away is said.
func TestDestroyRefuses(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.bucket("123456789012", "us-east-1", "mine")
	o.does("scripts/deploy", with(url, "BUCKET=mine"), "runs in account 123456789012")

	o.fails("scripts/deploy", with("BUCKET=mine", "LOG_RETENTION=31"), "LogRetention", "and what was there before runs on. Why is said above.")
	shown, err := o.answers("scripts/destroy", nil, [2]string{"Take away sluice? [y/N]", "no"})
	if err == nil || !strings.Contains(shown, "destroy: nothing was changed") {
		t.Errorf("destroy, answered with no: %v, shows\n%s", err, shown)
	}

	o.protect(true)
	o.fails("scripts/destroy", with("YES=1"), "TerminationProtection is enabled", "destroy: stack sluice was not taken away; why is said above")
	o.protect(false)

	o.running("shop-production-7")
	o.fails("scripts/destroy", with("YES=1"), "destroy: rollouts run: shop-production-7. Wait for them or abort them; FORCE=1 leaves them, and traffic, where they are")

	roles, remove := o.hold()
	o.fails("scripts/destroy", with("YES=1", "FORCE=1"), "Rollouts stop where they are: shop-production-7.",
		"destroy: stack sluice is not wholly gone. Why:", "MachineRole: ", "must delete policies first")
	o.fails("scripts/deploy", with(url, "BUCKET=mine"), "deploy: stack sluice is in DELETE_FAILED", "take away what is left with make destroy")
	remove(roles)
	o.does("scripts/destroy", with("YES=1", "FORCE=1"), "Stack sluice is gone.", "aws dynamodb delete-table --table-name sluice-Table-")
}

// What FORCE=1 leaves of the rollouts that ran is said.
func TestDestroyForced(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.bucket("123456789012", "us-east-1", "mine")
	o.does("scripts/deploy", with(url, "BUCKET=mine"), "runs in account 123456789012")
	o.running("shop-production-7")
	o.does("scripts/destroy", with("YES=1", "FORCE=1"), "Rollouts stop where they are: shop-production-7.", "Stack sluice is gone.",
		"What is left of the rollouts: the listener rules have the weights that they had", "Sluice was taken away during a rollout", "What is left is the table.")
	// Nothing of it is in the way of another installation.
	o.does("scripts/deploy", with(url, "BUCKET=mine"), "runs in account 123456789012")
}

// protect switches the stack's termination protection.
func (o office) protect(on bool) {
	o.t.Helper()
	_, err := cloudformation.NewFromConfig(o.cloud.Config("local")).UpdateTerminationProtection(o.t.Context(), &cloudformation.UpdateTerminationProtectionInput{
		StackName: aws.String("sluice"), EnableTerminationProtection: &on,
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

// running has an execution run on, which at this clock's speed no state of the real
// machine would do for long.
func (o office) running(name string) {
	o.t.Helper()
	client := sfn.NewFromConfig(o.cloud.Config("local"))
	machines, err := client.ListStateMachines(o.t.Context(), &sfn.ListStateMachinesInput{})
	if err != nil || len(machines.StateMachines) != 1 {
		o.t.Fatalf("the state machines are %+v, %v; want one", machines, err)
	}
	machine := *machines.StateMachines[0].StateMachineArn
	if _, err := client.UpdateStateMachine(o.t.Context(), &sfn.UpdateStateMachineInput{
		StateMachineArn: &machine, Definition: aws.String(`{"QueryLanguage":"JSONata","StartAt":"Bake","States":{"Bake":{"Type":"Wait","Seconds":90000000,"End":true}}}`),
	}); err != nil {
		o.t.Fatal(err)
	}
	if _, err := client.StartExecution(o.t.Context(), &sfn.StartExecutionInput{StateMachineArn: &machine, Name: &name}); err != nil {
		o.t.Fatal(err)
	}
}

// hold gives the machine's role a policy by hand, with which no role can be deleted, and
// what takes it away again.
func (o office) hold() (role string, remove func(role string)) {
	o.t.Helper()
	found, err := cloudformation.NewFromConfig(o.cloud.Config("local")).DescribeStackResource(o.t.Context(), &cloudformation.DescribeStackResourceInput{
		StackName: aws.String("sluice"), LogicalResourceId: aws.String("MachineRole"),
	})
	if err != nil {
		o.t.Fatal(err)
	}
	client := iam.NewFromConfig(o.cloud.Config("local"))
	role = *found.StackResourceDetail.PhysicalResourceId
	if _, err := client.PutRolePolicy(o.t.Context(), &iam.PutRolePolicyInput{
		RoleName: &role, PolicyName: aws.String("by-hand"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`),
	}); err != nil {
		o.t.Fatal(err)
	}
	return role, func(role string) {
		if _, err := client.DeleteRolePolicy(o.t.Context(), &iam.DeleteRolePolicyInput{RoleName: &role, PolicyName: aws.String("by-hand")}); err != nil {
			o.t.Fatal(err)
		}
	}
}
