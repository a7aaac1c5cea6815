// Package doctor looks for what would make a deployment fail before one is made: in the
// installation, in an app's registration, and around each of its environments. It looks
// with the permissions of whoever asks and changes nothing.
package doctor

import (
	"context"
	"errors"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/installation"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
)

// Status is what a check came to.
type Status string

// The statuses.
const (
	OK        Status = "ok"
	Problem   Status = "problem"
	Unchecked Status = "not checked"
)

// Finding is what one check found.
type Finding struct {
	About  string `json:"about"` // the installation, an app, or an environment such as shop/production
	Check  string `json:"check"`
	Status Status `json:"status"`
	What   string `json:"what"`             // what is so; for what is not checked, why not
	Remedy string `json:"remedy,omitempty"` // of a problem
}

// Doer sends HTTP requests; *http.Client is one.
type Doer interface {
	Do(req *http.Request) (*http.Response, error)
}

// Doctor examines one installation.
type Doctor struct {
	Installation installation.Installation
	Steps        *steps.Steps
	AWS          aws.Config
	HTTP         Doer // to where ECR has layers

	findings []Finding
	roles    map[string]string // of the stack: ARNs by logical ID
}

// Findings are those of all examinations so far, in their order.
func (d *Doctor) Findings() []Finding { return d.findings }

func (d *Doctor) ok(about, check, what string) {
	d.findings = append(d.findings, Finding{About: about, Check: check, Status: OK, What: what})
}

func (d *Doctor) problem(about, check, what, remedy string) {
	d.findings = append(d.findings, Finding{About: about, Check: check, Status: Problem, What: what, Remedy: remedy})
}

func (d *Doctor) unchecked(about, check, why string) {
	d.findings = append(d.findings, Finding{About: about, Check: check, Status: Unchecked, What: why})
}

// failed notes an error: as a problem with its remedy, or as what could not be looked at
// where AWS did not let us, or did not answer.
func (d *Doctor) failed(about, check string, err error, remedy string) {
	if unseen(err) {
		d.unchecked(about, check, err.Error())
		return
	}
	d.problem(about, check, err.Error(), remedy)
}

// unseen reports whether an error says nothing of what was looked for. That AWS denies
// a call says what we may do, not what Sluice may.
func unseen(err error) bool {
	var api smithy.APIError
	switch rollout.KindOf(err) { //nolint:exhaustive // the others are answers
	case rollout.KindThrottled, rollout.KindUnavailable, rollout.KindInternal:
		return true
	case rollout.KindDenied:
		return errors.As(err, &api)
	default:
		return false
	}
}

// place is the account and Region that something is in, with clients for it.
type place struct {
	ecr  *ecr.Client
	ecs  *ecs.Client
	iam  *iam.Client
	logs *cloudwatchlogs.Client
}

func placeOf(cfg aws.Config) place {
	return place{ecr: ecr.NewFromConfig(cfg), ecs: ecs.NewFromConfig(cfg), iam: iam.NewFromConfig(cfg), logs: cloudwatchlogs.NewFromConfig(cfg)}
}

// home is the machine's account, Region and partition.
func (d *Doctor) home() arn.ARN {
	home, err := arn.Parse(d.Installation.Settings.Machine)
	if err != nil {
		return arn.ARN{Partition: "aws", Region: d.AWS.Region} // app.New has read it
	}
	return home
}

func (d *Doctor) lambda() *lambda.Client                 { return lambda.NewFromConfig(d.AWS) }
func (d *Doctor) machine() *sfn.Client                   { return sfn.NewFromConfig(d.AWS) }
func (d *Doctor) queue() *sqs.Client                     { return sqs.NewFromConfig(d.AWS) }
func (d *Doctor) cloudformation() *cloudformation.Client { return cloudformation.NewFromConfig(d.AWS) }

// awayOf is where an environment is.
func awayOf(env rollout.Environment) awsclient.Away {
	return awsclient.Away{Region: env.Region, Role: env.Role}
}

// Examine examines the installation, then each app with the environments that are asked
// for.
func (d *Doctor) Examine(ctx context.Context, patients []Patient) {
	d.examineInstallation(ctx)
	for _, p := range patients {
		d.examineApp(ctx, p)
	}
}
