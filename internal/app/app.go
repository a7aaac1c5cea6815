// Package app is the one wiring of Sluice: from an AWS configuration and a few
// settings to the handlers of all functions. The Lambda functions, the local cloud
// and the tests use the same.
package app

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/sluice-deploy/sluice/internal/alarms"
	"github.com/sluice-deploy/sluice/internal/autoscaling"
	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/builds"
	"github.com/sluice-deploy/sluice/internal/ecsservice"
	"github.com/sluice-deploy/sluice/internal/handler"
	"github.com/sluice-deploy/sluice/internal/images"
	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
	"github.com/sluice-deploy/sluice/internal/store"
	"github.com/sluice-deploy/sluice/internal/traffic"
	"github.com/sluice-deploy/sluice/internal/waits"
)

// Settings say where Sluice's own resources are. template.yaml gives them to every
// function as environment variables.
type Settings struct {
	Table       string // SLUICE_TABLE: name of the table
	Machine     string // SLUICE_MACHINE: ARN of the state machine
	DeadLetters string // SLUICE_DEAD_LETTERS: URL of the queue
	Recover     string // SLUICE_RECOVER: ARN of the recover function
	DeadmanRole string // SLUICE_DEADMAN_ROLE: ARN of the role that Scheduler takes
}

// SettingsFrom reads the settings with getenv. It names every variable that is
// missing.
func SettingsFrom(getenv func(string) string) (Settings, error) {
	var s Settings
	var absent []string
	for name, field := range map[string]*string{
		"SLUICE_TABLE": &s.Table, "SLUICE_MACHINE": &s.Machine, "SLUICE_DEAD_LETTERS": &s.DeadLetters,
		"SLUICE_RECOVER": &s.Recover, "SLUICE_DEADMAN_ROLE": &s.DeadmanRole,
	} {
		if *field = getenv(name); *field == "" {
			absent = append(absent, name)
		}
	}
	if len(absent) > 0 {
		slices.Sort(absent)
		return s, fmt.Errorf("environment variables missing: %s", strings.Join(absent, ", "))
	}
	return s, nil
}

// App is Sluice, wired.
type App struct {
	Steps    *steps.Steps
	recorder handler.Recorder
	letters  handler.Letters
	builds   builds.Reader
	images   images.Resolver
	account  string
	log      *slog.Logger
}

// New wires Sluice. Now is the time it goes by.
func New(cfg aws.Config, s Settings, now func() time.Time, log *slog.Logger) (*App, error) {
	machine, err := arn.Parse(s.Machine)
	if err != nil {
		return nil, fmt.Errorf("state machine ARN %q: %w", s.Machine, err)
	}
	c := awsclient.New(cfg)
	table := &store.Store{DB: c.DynamoDB, Table: s.Table}
	return &App{
		Steps: &steps.Steps{
			Store:    table,
			Services: ecsservice.Services{ECS: c.ECS, Once: c.ECSOnce},
			Traffic:  traffic.Router{ELB: c.ELB, Once: c.ELBOnce},
			Alarms:   alarms.Reader{CloudWatch: c.CloudWatch},
			Scaling:  autoscaling.Scaler{AutoScaling: c.AutoScaling},
			Waker:    waits.Waker{SFN: c.SFN},
			Deadman:  waits.Deadman{Scheduler: c.Scheduler, Target: s.Recover, Role: s.DeadmanRole, Now: now},
			Teller:   notify.Teller{EventBridge: c.EventBridge},
			SFN:      c.SFN, Machine: s.Machine, Now: now,
		},
		recorder: handler.Recorder{Store: table, Now: now, Log: log},
		letters:  handler.Letters{SQS: c.SQS, URL: s.DeadLetters},
		builds:   builds.Reader{CodeBuild: c.CodeBuild, S3: c.S3},
		images:   images.Resolver{ECR: c.ECR},
		account:  machine.AccountID, log: log,
	}, nil
}

// Handlers gives the handler of every function, by the name of its folder under
// functions/.
func (a *App) Handlers() map[string]handler.Func {
	s, r := a.Steps, a.recorder
	return map[string]handler.Func{
		"build": handler.Build{
			Steps: s, Builds: a.builds, Images: a.images, Account: a.account, Log: a.log, Letters: a.letters,
		}.Handler(),
		"service": handler.Service{Steps: s, Log: a.log, Letters: a.letters}.Handler(),
		"alarm":   handler.Alarm{Steps: s, Log: a.log, Letters: a.letters}.Handler(),
		"recover": handler.Recover{Steps: s, Log: a.log, Letters: a.letters}.Handler(),

		"lock":        handler.Step(r, rollout.PhaseLock, handler.Quiet(s.Lock)),
		"prepare":     handler.Step(r, rollout.PhasePrepare, s.Prepare),
		"awaitcanary": handler.Step(r, rollout.PhaseAwaitCanary, handler.Quiet(s.AwaitCanary)),
		"shift":       handler.Step(r, rollout.PhaseShift, s.Shift),
		"bake":        handler.Step(r, rollout.PhaseBake, handler.Quiet(s.Bake)),
		"hold":        handler.Step(r, rollout.PhaseHold, handler.Quiet(s.Hold)),
		"judge":       handler.Step(r, rollout.PhaseJudge, s.Judge),
		"complete":    handler.Step(r, rollout.PhaseComplete, s.Complete),
		"guard":       handler.Step(r, rollout.PhaseGuard, handler.Quiet(s.Guard)),
		"retire":      handler.Step(r, rollout.PhaseRetire, s.Retire),
		"rollback":    handler.Step(r, rollout.PhaseRollback, s.Rollback),
		"restore":     handler.Step(r, rollout.PhaseRestore, s.Restore),
		"leave":       handler.Step(r, rollout.PhaseLeave, s.Leave),
		"dirty":       handler.Step(r, rollout.PhaseDirty, s.Dirty),
	}
}
