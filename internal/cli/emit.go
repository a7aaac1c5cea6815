package cli

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/localcloud"
)

// EmitOptions are the options of `sluice emit`.
type EmitOptions struct {
	Process

	File     string
	Endpoint string
}

// NewCmdEmit makes `sluice emit`. The work is done by run.
func NewCmdEmit(p Process, run func(context.Context, *EmitOptions) error) *cobra.Command {
	o := &EmitOptions{Process: p}
	cmd := &cobra.Command{
		Use:   "emit FILE",
		Short: "Put an event on the bus of the local cloud that is running",
		Long: `Puts the event in FILE, in the form in which EventBridge delivers events, on the
default bus of a local cloud. An event of a source that begins with aws. is put as
the AWS service itself would; AWS lets nobody else do that, so it goes past the AWS
interface, to ` + localcloud.EventsPath + `. Any other event is put with PutEvents. The bus
gives the event a new id and the cloud's time.

The local cloud is the one at --endpoint, else the one at AWS_ENDPOINT_URL, else the
only one that runs on this machine.

Exit status: 0 when the bus has taken the event, 1 when not, 2 for a wrong command
line or a file that is not an event.`,
		Example: `  sluice emit events/sluice-build-succeeded.json
  sluice emit events/codebuild-build-succeeded.json --endpoint http://127.0.0.1:4600`,
		Args: oneArg("file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.File = args[0]
			return run(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.Endpoint, "endpoint", "", "URL of the local cloud")
	return cmd
}

func runEmit(ctx context.Context, o *EmitOptions) error {
	text, err := os.ReadFile(o.File)
	if err != nil {
		return usagef("read the event: %w", err)
	}
	event, err := localcloud.ParseEvent(text)
	if err != nil {
		return usagef("%s: %w", o.File, err)
	}
	endpoint := o.Endpoint
	if endpoint == "" {
		endpoint = o.Getenv("AWS_ENDPOINT_URL")
	}
	if endpoint == "" {
		if endpoint, err = localcloud.Find(ctx); err != nil {
			return err
		}
	}
	client, err := localcloud.Dial(endpoint)
	if err != nil {
		return usagef("%w", err)
	}
	id, err := client.Put(ctx, event)
	if err != nil {
		return fmt.Errorf("%s: %w", o.File, err)
	}
	if _, err := fmt.Fprintf(o.Out, "put %s of %s on the bus of %s as %s\n", event.DetailType, event.Source, endpoint, id); err != nil {
		return fmt.Errorf("tell the event's id: %w", err)
	}
	return nil
}
