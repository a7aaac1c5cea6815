package cli_test

import (
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/cloudformation"
	"github.com/sluice-deploy/sluice/internal/harness"
)

// stack makes a stack of a template of the script.
func stack(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("it takes a stack's name and a template, and is not negated")
	}
	w := ts.Value(scripted{}).(*scripted)
	template, err := cloudformation.Load(args[1], []byte(ts.ReadFile(args[1])))
	ts.Check(err)
	made, err := w.Deploy(template, emulator.Deployment{StackName: args[0]})
	ts.Check(err)
	w.Stacks = append(w.Stacks, harness.Stack{Stack: made, Template: args[1], Cloud: w.Cloud})
	w.RunFor(5 * time.Minute) // what is in it comes up
}
