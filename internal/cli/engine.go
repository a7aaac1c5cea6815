package cli

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/foreground"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
)

// engineHere is the value of --engine for an engine in this process.
const engineHere = "here"

// engineFlags say what engine a command is for: the installation's, or one that runs in
// the command itself.
type engineFlags struct {
	engine string // "" is the installation's, engineHere this command's own
	state  string // file of an engine here; "" is the app's in .sluice
}

// addTo adds the flags to a command, with what it does with an engine here.
func (f *engineFlags) addTo(cmd *cobra.Command, what string) {
	cmd.Flags().StringVar(&f.engine, "engine", "", "`here` "+what+", without an installation")
	cmd.Flags().StringVar(&f.state, "state", "", "`file` of the state with --engine here; else .sluice/APP.json")
}

// here reports whether the engine is this command's own, and checks the flags.
func (f *engineFlags) here() (bool, error) {
	switch {
	case f.engine != "" && f.engine != engineHere:
		return false, usagef("--engine is %q, want here, or nothing for the installation's", f.engine)
	case f.engine == "" && f.state != "":
		return false, usagef("--state is for --engine here; an installation has a table")
	}
	return f.engine == engineHere, nil
}

// file is the state's. An app that is not named is that of the sluice.yaml in this folder.
func (f *engineFlags) file(app string) (string, error) {
	if f.state != "" {
		return f.state, nil
	}
	if app == "" {
		if _, err := os.Stat(specFile); err != nil {
			return "", usagef("name the app or a --state, or run this where the app's %s is", specFile)
		}
		spec, err := readSpec(specFile)
		if err != nil {
			return "", err
		}
		app = spec.App
	}
	return filepath.Join(".sluice", app+".json"), nil
}

// reader gives Sluice for a command that only reads: the installation, or what is in the
// state of an engine here, which may be at work meanwhile.
func (f *engineFlags) reader(ctx context.Context, p Process, target *targetFlags, app string) (*steps.Steps, error) {
	here, err := f.here()
	if err != nil {
		return nil, err
	}
	if here {
		return f.read(ctx, p, target, app)
	}
	t, err := target.find(ctx, p)
	if err != nil {
		return nil, err
	}
	return t.steps(p)
}

func (f *engineFlags) read(ctx context.Context, p Process, target *targetFlags, app string) (*steps.Steps, error) {
	file, err := f.file(app)
	if err != nil {
		return nil, err
	}
	t, err := target.reach(ctx, p)
	if err != nil {
		return nil, err
	}
	o, err := engineOptions(ctx, p, t.AWS)
	if err != nil {
		return nil, err
	}
	o.File, o.Spec.App = file, app
	s, _, err := foreground.Read(o) //nolint:contextcheck // it has none: the cloud answers at once
	return s, err
}

// engineOptions are those of an engine on its own clock, which runs until the context
// ends, for the account whose credentials these are.
func engineOptions(ctx context.Context, p Process, account aws.Config) (foreground.Options, error) {
	who, err := sts.NewFromConfig(account).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return foreground.Options{}, awsclient.Wrap(err, "ask AWS who you are")
	}
	l := loop.NewLive(cmp.Or(p.Speed, 1))
	go func() { _ = l.Run(ctx) }() // it ends with its context
	return foreground.Options{
		Loop: l, Account: account, Number: aws.ToString(who.Account), Spec: rollout.Spec{},
		Log: slog.New(slog.NewTextHandler(p.Err, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}, nil
}
