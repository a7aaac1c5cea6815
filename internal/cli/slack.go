package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/slack"
)

// SlackManifestOptions are the options of `sluice slack manifest`.
type SlackManifestOptions struct {
	Process

	URL string
}

// newCmdSlack is what there is to do about Slack.
func newCmdSlack(p Process) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "slack",
		Short:   "Set up the app through which Sluice speaks in Slack",
		Long:    "Commands about the app through which Sluice speaks in Slack.\n\nExit status: 0 when it worked, 1 when not, 2 for a wrong command line.",
		Example: "  sluice slack manifest --help",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q; see `sluice slack --help`", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(NewCmdSlackManifest(p, runSlackManifest))
	return cmd
}

// NewCmdSlackManifest makes `sluice slack manifest`. The work is done by run.
func NewCmdSlackManifest(p Process, run func(context.Context, *SlackManifestOptions) error) *cobra.Command {
	o := &SlackManifestOptions{Process: p}
	cmd := &cobra.Command{
		Use:   "manifest",
		Short: "Print the manifest that Slack makes the app of",
		Long: `Prints the manifest that api.slack.com/apps makes the app of ("Create New App",
"From a manifest"): its name, the permissions that Sluice needs and no others, and
the URL to which Slack sends who pressed which button. That URL is the output
SlackUrl of Sluice's stack.

Exit status: 0 when it was printed, 1 when not, 2 for a wrong command line.`,
		Example: `  sluice slack manifest --url https://….lambda-url.eu-west-1.on.aws/
  sluice slack manifest --url "$(` + slackURLCommand + `)" > manifest.json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.URL, "url", "", "URL of Sluice's Slack function, which begins with https://")
	return cmd
}

// slackURLCommand prints the URL; Sluice's stack may have another name.
const slackURLCommand = `aws cloudformation describe-stacks --stack-name sluice ` +
	`--query "Stacks[0].Outputs[?OutputKey=='SlackUrl'].OutputValue" --output text`

func runSlackManifest(_ context.Context, o *SlackManifestOptions) error {
	if o.URL == "" {
		return usagef("--url is missing; it is the output SlackUrl of Sluice's stack: %s", slackURLCommand)
	}
	text, err := slack.Manifest(o.URL)
	if err != nil {
		return usagef("--url: %w", err)
	}
	if _, err := o.Out.Write(text); err != nil {
		return fmt.Errorf("print the manifest: %w", err)
	}
	return nil
}
