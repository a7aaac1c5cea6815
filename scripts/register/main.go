// Command register makes a sluice.yaml the app's, in the installation of Sluice whose
// settings are in the environment, as they are in that of its functions.
//
//	go run ./scripts/register sluice.yaml
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/sluice-deploy/sluice/internal/app"
	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/spec"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	cfg, err := awsclient.Load(ctx)
	if err == nil {
		err = register(ctx, cfg, os.Getenv, os.Args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "register:", err)
		os.Exit(1) //nolint:gocritic // stop has nothing left to do
	}
}

// register reads the one file that is named and registers it.
func register(ctx context.Context, cfg aws.Config, getenv func(string) string, files []string) error {
	if len(files) != 1 {
		return errors.New("give one file, such as sluice.yaml")
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		return fmt.Errorf("read the spec: %w", err)
	}
	parsed, err := spec.Parse(files[0], text)
	if err != nil {
		return err
	}
	settings, err := app.SettingsFrom(getenv)
	if err != nil {
		return fmt.Errorf("%w; docs/install.md says where they come from", err)
	}
	wired, err := app.New(app.World{
		AWS: cfg, HTTP: notify.HTTPClient(), Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		Now: time.Now, //nolint:forbidigo // the wiring of a program
	}, settings)
	if err != nil {
		return err
	}
	return wired.Steps.Register(ctx, *parsed)
}
