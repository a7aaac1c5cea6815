package cli_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-deploy/sluice/internal/cli"
)

func TestSlackManifestOptions(t *testing.T) {
	t.Parallel()
	var got cli.SlackManifestOptions
	cmd := cli.NewCmdSlackManifest(cli.Process{}, func(_ context.Context, o *cli.SlackManifestOptions) error {
		got = *o
		return nil
	})
	cmd.SetArgs([]string{"--url", "https://abc.example/"})
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := cli.SlackManifestOptions{URL: "https://abc.example/"}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(cli.SlackManifestOptions{}, "Process")); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
}

func TestSlackManifest(t *testing.T) {
	t.Parallel()
	p, out, errs := process("slack", "manifest", "--url", "https://abc.lambda-url.eu-west-1.on.aws/")
	if got := cli.Main(t.Context(), p); got != 0 || errs.Len() > 0 {
		t.Fatalf("exit status %d and %q, want 0 and nothing", got, errs)
	}
	var manifest struct {
		Settings struct {
			Interactivity struct {
				RequestURL string `json:"request_url"`
			} `json:"interactivity"`
		} `json:"settings"`
	}
	if err := json.Unmarshal([]byte(out.String()), &manifest); err != nil {
		t.Fatal(err)
	}
	if got, want := manifest.Settings.Interactivity.RequestURL, "https://abc.lambda-url.eu-west-1.on.aws/"; got != want {
		t.Errorf("presses go to %q, want %q", got, want)
	}
}

func TestSlackWrongCommandLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"no URL", []string{"slack", "manifest"}, "--url is missing; it is the output SlackUrl of Sluice's stack: aws cloudformation describe-stacks --stack-name sluice --query"},
		{"URL that is not https", []string{"slack", "manifest", "--url", "http://abc.example/"}, `--url: the request URL is "http://abc.example/", want https://HOST/PATH`},
		{"argument", []string{"slack", "manifest", "https://abc.example/"}, "sluice slack manifest takes no arguments"},
		{"unknown command", []string{"slack", "manifesto"}, "unknown command \"manifesto\"; see `sluice slack --help`"},
		{"unknown flag", []string{"slack", "manifest", "--uri", "x"}, "unknown flag: --uri; see `sluice slack manifest --help`"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, out, errs := process(c.args...)
			if got := cli.Main(t.Context(), p); got != 2 {
				t.Errorf("exit status %d, want 2", got)
			}
			if !strings.HasPrefix(errs.String(), "sluice: "+c.want) || strings.Count(errs.String(), "\n") != 1 || out.Len() > 0 {
				t.Errorf("it says %q and prints %q, want one line with %q and nothing", errs, out, c.want)
			}
		})
	}
}

func TestSlackHelp(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"slack"}, {"slack", "--help"}, {"slack", "manifest", "--help"}} {
		p, out, _ := process(args...)
		if got := cli.Main(t.Context(), p); got != 0 {
			t.Errorf("%v: exit status %d, want 0", args, got)
		}
		for _, want := range []string{"Exit status: 0", "Examples:", "sluice slack manifest ", "Flags:"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%v: the help has no %q:\n%s", args, want, out)
			}
		}
	}
}
