package cli

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/store"
)

// completeTime is how long a shell waits for names.
const completeTime = 3 * time.Second

// completing has a command whose arguments are an app and an environment complete their
// names, from what is registered. Where that cannot be read nothing is completed.
func completing(cmd *cobra.Command, p Process) *cobra.Command {
	if cmd.ValidArgsFunction != nil || !strings.Contains(cmd.Use, "APP") {
		return cmd
	}
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(cmd.Context(), completeTime)
		defer cancel()
		p.Err = io.Discard // a shell shows it among what is typed
		names, err := placeNames(ctx, cmd, p, args)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	return cmd
}

// placeNames are the names of the apps, or after one, of its environments.
func placeNames(ctx context.Context, cmd *cobra.Command, p Process, args []string) ([]string, error) {
	var f targetFlags
	for name, value := range map[string]*string{"stack": &f.stack, "region": &f.region, "profile": &f.profile, "endpoint": &f.endpoint} {
		if flag := cmd.Flags().Lookup(name); flag != nil {
			*value = flag.Value.String()
		}
	}
	t, err := f.find(ctx, p)
	if err != nil {
		return nil, err
	}
	s, err := t.steps(p)
	if err != nil {
		return nil, err
	}
	switch len(args) {
	case 0:
		return s.Store.Apps(ctx)
	case 1:
		return environmentNames(ctx, s.Store, args[0])
	default:
		return nil, nil
	}
}

func environmentNames(ctx context.Context, s *store.Store, app string) ([]string, error) {
	registered, err := s.App(ctx, app)
	var names []string
	for _, env := range registered.Spec.Environments {
		names = append(names, env.Name)
	}
	return names, err
}
