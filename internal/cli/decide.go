package cli

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// DecideOptions are the options of the commands that answer a question or steer a
// rollout.
type DecideOptions struct {
	Process

	Action  approvals.Action
	Subject []string // ROLLOUT, or APP and ENV
	Reason  string
	Hash    string // the release and spec that were looked at
	Output  outputFlag
	Target  targetFlags
}

// decisionHelp is what help says of a command.
type decisionHelp struct {
	action               approvals.Action
	short, long, example string
}

func decisionHelps() []decisionHelp {
	return []decisionHelp{
		{approvals.Approve, "Say yes to a rollout that asks", `Approves what a rollout asks for: its release's digests and spec, for this environment
and step, once. With --hash it is refused unless that is what is asked about, as
` + "`sluice plan`" + ` and ` + "`sluice status`" + ` show it.`, `  sluice approve shop-production-42
  sluice approve shop production --hash 8d0c4d1e…`},
		{
			approvals.Reject, "Say no to a rollout that asks", `Rejects what a rollout asks for; it ends Rejected. A reason is needed.`,
			`  sluice reject shop-production-42 --reason "not on a Friday"`,
		},
		{
			approvals.Promote, "End a bake early", `Ends the bake that a rollout is in. The judge still judges: a red alarm stops it.`,
			`  sluice promote shop production`,
		},
		{
			approvals.Pause, "Stop the clock of a bake", `Keeps a rollout at its weight until it is resumed. Alarms are watched all the while.`,
			`  sluice pause shop production`,
		},
		{
			approvals.Resume, "Go on with a paused bake", `Goes on with a bake that was paused, for what remained of it.`,
			`  sluice resume shop production`,
		},
		{
			approvals.Abort, "Take a rollout back", `Puts all traffic back on the release before and ends the rollout. Once its guard has
closed there is nothing to abort: use ` + "`sluice rollback`" + `.`,
			`  sluice abort shop production --reason "checkout is slow"`,
		},
	}
}

// NewCmdsDecide makes `sluice approve` and the others. The work is done by run.
func NewCmdsDecide(p Process, run func(context.Context, *DecideOptions) error) []*cobra.Command {
	var all []*cobra.Command
	for _, help := range decisionHelps() {
		o := &DecideOptions{Process: p, Action: help.action}
		cmd := &cobra.Command{
			Use:   string(help.action) + " ROLLOUT | APP ENV",
			Short: help.short,
			Long: help.long + `

Who may is said by the spec: its approvers and operators. Who you are is found out by
AWS: the IAM user, the role, or the IAM Identity Center user whose credentials these
are (docs/cli.md).

Exit status: 0 when it is done, 1 when Sluice could not be asked, 2 for a wrong command
line, 6 when it was refused.`,
			Example: help.example,
			Args: func(cmd *cobra.Command, args []string) error {
				if len(args) != 1 && len(args) != 2 {
					return usagef("%s takes the name of a rollout, or an app and an environment, found %s", cmd.CommandPath(), counted(len(args), "argument"))
				}
				return nil
			},
			RunE: func(cmd *cobra.Command, args []string) error {
				if o.Action == approvals.Reject && strings.TrimSpace(o.Reason) == "" {
					return usagef("give a --reason: whoever is rejected wants to know")
				}
				o.Subject = args
				return run(cmd.Context(), o)
			},
		}
		if o.Action == approvals.Approve {
			cmd.Flags().StringVar(&o.Hash, "hash", "", "`hash` of release and spec that you looked at")
		} else if o.Action != approvals.Promote && o.Action != approvals.Resume {
			cmd.Flags().StringVar(&o.Reason, "reason", "", "why, for whoever reads it later")
		}
		o.Output.addTo(cmd)
		o.Target.addTo(cmd)
		all = append(all, cmd)
	}
	return all
}

// decisionResult is what came of a decision.
type decisionResult struct {
	ID      string `json:"id"`
	Subject string `json:"subject"`
	Done    bool   `json:"done"`
	Refused bool   `json:"refused"`
	Result  string `json:"result"`
}

func runDecide(ctx context.Context, o *DecideOptions) error {
	t, err := o.Target.find(ctx, o.Process)
	if err != nil {
		return err
	}
	name, subject, err := o.about(ctx, t)
	if err != nil {
		return err
	}
	came, err := t.decide(ctx, map[string]string{"action": string(o.Action), "subject": subject, "reason": o.Reason, "hash": o.Hash})
	if err != nil {
		return fmt.Errorf("%s %s: %w", o.Action, name, err)
	}
	return o.Output.write(o.Out, came, func(out io.Writer) error {
		_, err := fmt.Fprintf(out, "%s: %s\n", name, o.Action.Past())
		return err
	})
}

// about is the rollout that is meant, and what is decided on: its question, or itself.
func (o *DecideOptions) about(ctx context.Context, t *target) (name, subject string, err error) {
	if len(o.Subject) == 1 && strings.HasPrefix(o.Subject[0], store.ApprovalPrefix) {
		return o.Subject[0], o.Subject[0], nil
	}
	var r approvals.Rolling
	if len(o.Subject) == 1 {
		err = t.client().Get(ctx, "/rollouts/"+url.PathEscape(o.Subject[0]), &r)
	} else {
		r, err = o.meant(ctx, t)
	}
	switch {
	case err != nil:
		return "", "", err
	case r.Outcome != "":
		return "", "", rollout.Errorf(rollout.KindRefused, "%s has ended: %s; there is nothing to %s", r.Rollout, says(r), o.Action)
	case !o.Action.Answers():
		return r.Rollout, r.Rollout, nil
	case r.Approval == "":
		return "", "", rollout.Errorf(rollout.KindRefused, "%s asks for nothing now; there is nothing to %s", r.Rollout, o.Action)
	default:
		return r.Rollout, r.Approval, nil
	}
}

// meant is the rollout of an environment that is asked about or steered.
func (o *DecideOptions) meant(ctx context.Context, t *target) (approvals.Rolling, error) {
	if err := t.known(ctx, o.Process, o.Subject[0], o.Subject[1]); err != nil {
		return approvals.Rolling{}, err
	}
	var has approvals.Having
	if err := t.client().Get(ctx, "/environments/"+url.PathEscape(o.Subject[0])+"/"+url.PathEscape(o.Subject[1]), &has); err != nil {
		return approvals.Rolling{}, err
	}
	switch {
	case o.Action.Answers() && has.Asking != nil && (has.Owner == nil || has.Owner.Approval == ""):
		return *has.Asking, nil
	case o.Action.Answers() && has.Asking != nil:
		return approvals.Rolling{}, usagef("two rollouts ask: %s before a step, %s before the environment; name one of them", has.Owner.Rollout, has.Asking.Rollout)
	case has.Owner != nil:
		return *has.Owner, nil
	default:
		return approvals.Rolling{}, rollout.Errorf(rollout.KindRefused, "no rollout is in %s; there is nothing to %s", strings.Join(o.Subject, "/"), o.Action)
	}
}

// decide puts a decision and waits until Sluice has acted on it.
func (t *target) decide(ctx context.Context, decision map[string]string) (decisionResult, error) {
	came := decisionResult{Subject: decision["subject"]}
	if err := t.client().Post(ctx, "/decisions", decision, &came); err != nil {
		return came, err
	}
	err := t.untilActed(ctx, "/decisions/"+url.PathEscape(came.Subject)+"/"+came.ID, &came, func() acted {
		return acted{came.Done, came.Refused, came.Result}
	})
	return came, err
}
