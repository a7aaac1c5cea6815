package cli_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/creack/pty"
	"github.com/rogpeppe/go-internal/testscript"
)

// weights waits for production's rule. The account's time goes on meanwhile.
func (w *scripted) weights(args []string) error {
	out := w.made(cluster).Outputs
	var has []string
	for limit := time.Now().Add(2 * time.Minute); time.Now().Before(limit); {
		rules, err := w.aws.ELB.DescribeRules(context.Background(), &elb.DescribeRulesInput{RuleArns: []string{out["Rule"]}})
		if err != nil {
			return err
		}
		weight := map[string]string{}
		for _, group := range rules.Rules[0].Actions[0].ForwardConfig.TargetGroups {
			weight[aws.ToString(group.TargetGroupArn)] = fmt.Sprint(aws.ToInt32(group.Weight))
		}
		if has = []string{weight[out["BlueGroup"]], weight[out["GreenGroup"]]}; slices.Equal(has, args) {
			return nil
		}
		w.RunFor(between)
		<-time.After(time.Millisecond) // for another process
	}
	return fmt.Errorf("the weights are %v, never %v", has, args)
}

// converses runs a command on a terminal, at which a person sits. Each line of the file
// says what happens next there:
//
//	? PATTERN   the person waits until the screen shows it, after what was waited for before
//	> TEXT      the person types it
//	^C          the person presses Ctrl-C
//	= STATUS    the command ends with it
func converses(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("it takes a file and a command, and is not negated")
	}
	cmd := onPath(ts, args[1:])
	terminal, err := pty.Start(cmd)
	ts.Check(err)
	defer terminal.Close() //nolint:errcheck // the command has ended
	s := &screen{}
	go s.watch(terminal)
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		what, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch what {
		case "?":
			ts.Check(ts.Value(scripted{}).(*scripted).see(s, text))
		case ">":
			_, err = terminal.WriteString(text + "\n")
			ts.Check(err)
		case "^C":
			_, err = terminal.WriteString("\x03")
			ts.Check(err)
		case "=":
			_ = cmd.Wait() // its status is looked at
			if got := fmt.Sprint(cmd.ProcessState.ExitCode()); got != text {
				ts.Fatalf("it ended with status %s, want %s; the screen:\n%s", got, text, s.text())
			}
		default:
			ts.Fatalf("%s has a line %q", args[0], line)
		}
	}
}

// screen is what a terminal has shown.
type screen struct {
	mu    sync.Mutex
	shown []byte
	seen  int // so much of it was waited for
}

func (s *screen) watch(terminal *os.File) {
	part := make([]byte, 1<<12)
	for {
		n, err := terminal.Read(part)
		s.mu.Lock()
		s.shown = append(s.shown, part[:n]...)
		s.mu.Unlock()
		if err != nil { // Linux says EIO when the other side has closed
			return
		}
	}
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.shown)
}

// shows reports whether a pattern has come since the last that was waited for.
func (s *screen) shows(pattern *regexp.Regexp) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := pattern.FindIndex(s.shown[s.seen:])
	if found == nil {
		return false
	}
	s.seen += found[1]
	return true
}

// see waits until a screen shows a pattern. The account's time goes on meanwhile.
func (w *scripted) see(s *screen, text string) error {
	pattern, err := regexp.Compile(text)
	if err != nil {
		return err
	}
	for limit := time.Now().Add(2 * time.Minute); time.Now().Before(limit); w.RunFor(between) {
		if s.shows(pattern) {
			return nil
		}
		<-time.After(time.Millisecond) // for another process
	}
	return fmt.Errorf("the screen never showed %q but:\n%s", text, s.text())
}
