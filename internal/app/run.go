package app

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/notify"
)

// Run is the whole of a Lambda function: it wires Sluice from the environment and
// serves the named function until Lambda ends the process. Logs are in the format and
// from the level that the function's LoggingConfig says. It returns only when it could
// not begin.
func Run(ctx context.Context, name string, getenv func(string) string) error {
	settings, err := SettingsFrom(getenv)
	if err != nil {
		return err
	}
	cfg, err := awsclient.OfFunction(getenv)
	if err != nil {
		return err
	}
	a, err := New(World{
		AWS: cfg, HTTP: notify.HTTPClient(), Now: time.Now, Log: lambdacontext.NewLogger(),
	}, settings)
	if err != nil {
		return err
	}
	f, ok := a.Handlers()[name]
	if !ok {
		return fmt.Errorf("there is no function %q", name)
	}
	lambda.StartWithOptions(f, lambda.WithContext(ctx))
	return nil
}
