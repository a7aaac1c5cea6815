package steps

import (
	"context"
	"log/slog"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/slack"
)

// Checks look at what Sluice is installed with.
type Checks struct {
	Secret  *slack.Secret // nil where Slack is not set up
	Slack   *slack.Client
	Topics  notify.SNS
	Reach   func(awsclient.Away) Reach
	Account string // where Sluice is
	Log     *slog.Logger
}

// Named is what parameters of the installation name.
type Named struct {
	AlarmTopic      string   // ARN of a topic; "" if none
	Rules, Services []string // ARNs; none where all of the account are meant
}

// Installation says what of an installation cannot work. What only cannot be looked at
// now, as while Slack is down, is no reason not to install.
func (c Checks) Installation(ctx context.Context, n Named) error {
	if c.Secret != nil {
		if err := c.reason(ctx, "SlackSecret", c.Secret.Check(ctx)); err != nil {
			return err
		}
		if err := c.reason(ctx, "SlackSecret", c.Slack.Test(ctx)); err != nil {
			return err
		}
	}
	if n.AlarmTopic != "" {
		if err := c.reason(ctx, "AlarmTopic", c.Topics.Exists(ctx, n.AlarmTopic)); err != nil {
			return err
		}
	}
	return c.scope(ctx, n)
}

func (c Checks) reason(ctx context.Context, parameter string, err error) error {
	switch kind := rollout.KindOf(err); kind { //nolint:exhaustive // every other is a reason
	case "":
		return nil
	case rollout.KindUnavailable, rollout.KindThrottled:
		c.Log.LogAttrs(ctx, slog.LevelWarn, "not checked", slog.String("parameter", parameter), slog.String("reason", err.Error()))
		return nil
	default:
		return rollout.Errorf(kind, "parameter %s: %w", parameter, err)
	}
}
