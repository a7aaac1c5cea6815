package cli_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-deploy/sluice/internal/cli"
)

// process is one with the arguments and no environment, and what it prints.
func process(args ...string) (p cli.Process, out, errs *strings.Builder) {
	out, errs = &strings.Builder{}, &strings.Builder{}
	return cli.Process{
		Args: args, Getenv: func(string) string { return "" }, Out: out, Err: errs, Started: time.Now(),
	}, out, errs
}

func TestWrongCommandLines(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	list := file("list.json", `[]`)
	torn := file("torn.json", `{"source":`)
	numbered := file("numbered.json", `{"source":7}`)
	nameless := file("nameless.json", `{"detail-type":"Sluice Build Succeeded","detail":{}}`)
	typeless := file("typeless.json", `{"source":"sluice.build","detail":{}}`)
	hollow := file("hollow.json", `{"source":"sluice.build","detail-type":"Sluice Build Succeeded"}`)
	flat := file("flat.json", `{"source":"sluice.build","detail-type":"Sluice Build Succeeded","detail":"app"}`)
	fine := file("fine.json", `{"source":"sluice.build","detail-type":"Sluice Build Succeeded","detail":{}}`)
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"unknown command", []string{"undo"}, `unknown command "undo"`},
		{"unknown flag", []string{"demo", "--fast"}, "unknown flag: --fast; see `sluice demo --help`"},
		{"speed is no number", []string{"demo", "--speed", "fast"}, `invalid argument "fast" for "--speed"`},
		{"speed of nothing", []string{"demo", "--speed", "0"}, "--speed is 0, want a number from 0.1 to 100"},
		{"speed that is not one", []string{"local", "--speed", "NaN"}, "--speed is NaN, want"},
		{"lambda of another kind", []string{"demo", "--lambda", "docker"}, `--lambda is "docker", want goroutine or process`},
		{"lambda with a fast clock", []string{"demo", "--lambda=process", "--speed=10"}, "--speed is 10, want 1 with --lambda=process: processes have this machine's clock"},
		{"lambda of another kind for local", []string{"local", "--lambda", "docker"}, `--lambda is "docker", want goroutine or process`},
		{"lambda with a fast clock for local", []string{"local", "--lambda=process", "--speed=10"}, "--speed is 10, want 1 with --lambda=process"},
		{"port below zero", []string{"demo", "--port", "-1"}, "--port is -1, want a port"},
		{"port too high", []string{"local", "--port", "65536"}, "--port is 65536, want a port"},
		{"argument of demo", []string{"demo", "now"}, `sluice demo takes no arguments, found "now"`},
		{"argument of local", []string{"local", "4600"}, `sluice local takes no arguments, found "4600"`},
		{"argument of schema", []string{"schema", "2020-12"}, `sluice schema takes no arguments, found "2020-12"`},
		{"image without command", []string{"local", "--image", "shop="}, `--image is "shop=", want REPOSITORY=COMMAND`},
		{"image without repository", []string{"local", "--image", "=./shop"}, `--image is "=./shop", want REPOSITORY=COMMAND`},
		{"image twice", []string{"local", "--image", "shop=a", "--image", "shop=b"}, `--image names "shop" twice`},
		{"emit of nothing", []string{"emit"}, "sluice emit takes one file, found 0"},
		{"emit of two", []string{"emit", fine, fine}, "sluice emit takes one file, found 2"},
		{"no such file", []string{"emit", filepath.Join(folder, "none.json")}, "none.json: no such file"},
		{"not an object", []string{"emit", list}, "list.json: a JSON array, want an event"},
		{"not JSON", []string{"emit", torn}, "torn.json: not JSON (unexpected end of JSON input)"},
		{"source of a wrong type", []string{"emit", numbered}, `numbered.json: field "source" is a JSON number, want a string`},
		{"no source", []string{"emit", nameless}, `nameless.json: field "source" is missing, want`},
		{"no type", []string{"emit", typeless}, `typeless.json: field "detail-type" is missing, want`},
		{"no detail", []string{"emit", hollow}, `hollow.json: field "detail" is missing, want a JSON object`},
		{"detail that is no object", []string{"emit", flat}, `flat.json: field "detail" is "app", want a JSON object`},
		{"endpoint of AWS", []string{"emit", fine, "--endpoint", "https://events.us-east-1.amazonaws.com"}, "is not one of a local cloud"},
		{"endpoint without scheme", []string{"emit", fine, "--endpoint", "localhost:4600"}, `endpoint "localhost:4600" is not one`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, out, errs := process(c.args...)
			if got := cli.Main(t.Context(), p); got != 2 {
				t.Errorf("exit status %d, want 2", got)
			}
			if !strings.Contains(errs.String(), c.want) || !strings.HasPrefix(errs.String(), "sluice: ") {
				t.Errorf("it says %q, want a sentence with %q", errs.String(), c.want)
			}
			if got := strings.Count(errs.String(), "\n"); got != 1 || out.Len() > 0 {
				t.Errorf("it says %q and prints %q, want one line and nothing", errs.String(), out.String())
			}
		})
	}
}

func TestDemoOptions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want cli.DemoOptions
	}{
		{nil, cli.DemoOptions{Speed: 10, Lambda: "goroutine"}},
		{
			[]string{"--plain", "--keep", "--interactive", "--speed", "2.5", "--port", "4600"},
			cli.DemoOptions{Plain: true, Keep: true, Interactive: true, Speed: 2.5, Port: 4600, Lambda: "goroutine"},
		},
		{[]string{"--lambda=process"}, cli.DemoOptions{Speed: 1, Lambda: "process"}},
		{[]string{"--lambda=process", "--speed=1"}, cli.DemoOptions{Speed: 1, Lambda: "process"}},
	} {
		var got cli.DemoOptions
		cmd := cli.NewCmdDemo(cli.Process{}, func(_ context.Context, o *cli.DemoOptions) error {
			got = *o
			return nil
		})
		cmd.SetArgs(c.args)
		if err := cmd.ExecuteContext(t.Context()); err != nil {
			t.Errorf("%v: %v", c.args, err)
		}
		if diff := cmp.Diff(c.want, got, cmpopts.IgnoreFields(cli.DemoOptions{}, "Process")); diff != "" {
			t.Errorf("%v (-want +got):\n%s", c.args, diff)
		}
	}
}

func TestLocalOptions(t *testing.T) {
	t.Parallel()
	var got cli.LocalOptions
	cmd := cli.NewCmdLocal(cli.Process{}, func(_ context.Context, o *cli.LocalOptions) error {
		got = *o
		return nil
	})
	cmd.SetArgs([]string{"--image", "a/shop=./shop --color blue", "--image", "a/till=./till", "--port", "4600", "--lambda=process"})
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := cli.LocalOptions{Port: 4600, Speed: 1, Lambda: "process", Images: []string{"a/shop=./shop --color blue", "a/till=./till"}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(cli.LocalOptions{}, "Process"), cmpopts.IgnoreUnexported(cli.LocalOptions{})); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
}

// Every command explains itself: what it is for, its exit status, an example.
func TestHelp(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"demo", "local", "emit"} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			p, out, _ := process(command, "--help")
			if got := cli.Main(t.Context(), p); got != 0 {
				t.Errorf("exit status %d, want 0", got)
			}
			for _, want := range []string{"Exit status: 0", "Examples:", "sluice " + command + " ", "Flags:"} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("the help has no %q:\n%s", want, out.String())
				}
			}
		})
	}
}
