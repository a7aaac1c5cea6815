package harness_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/iam"
	"github.com/sluice-deploy/sluice/internal/emulator/iam/policy"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/harness"
)

// spare are the grants that no story needs, with the reason why they are there.
func spare() map[string]string {
	reasons := map[string]string{}
	for reason, actions := range map[string][]string{
		"Step Functions checks it when a machine that logs is made, and CloudWatch Logs has no emulation": {
			"logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
			"logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
		},
		"Step Functions traces with it, and X-Ray has no emulation": {
			"xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments",
		},
	} {
		for _, action := range actions {
			reasons["template.yaml MachineRole: Allow "+action+" on *"] = reason
		}
	}
	return reasons
}

// TestMain runs the stories. When all have run and held, it wants the roles of the
// templates to grant what some story has needed, and nothing else. That nothing is
// missing is what the stories themselves show.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if code == 0 && all() {
		code = account.judge()
	}
	os.Exit(code)
}

// all reports whether every story was to run.
func all() bool {
	for _, name := range []string{"run", "skip", "list", "fuzz"} {
		if flag.Lookup("test."+name).Value.String() != "" {
			return false
		}
	}
	return !testing.Short()
}

// account is of all boxes, which run side by side.
var account = &ledger{granted: map[string]bool{}, needed: map[string]bool{}}

// ledger is what roles grant, and what of it was needed: what alone allowed some request,
// or alone denied one that was allowed otherwise. A grant is named by its template, the
// role there, and itself.
type ledger struct {
	mu              sync.Mutex
	granted, needed map[string]bool
}

// watch keeps the account of a harness.
func (l *ledger) watch(t *testing.T, h *harness.Harness) {
	t.Helper()
	seen := map[use]bool{}
	h.Decided = func(d emulator.Decision) {
		if len(d.By) == 1 {
			seen[use{d.Caller.Role, d.By[0]}] = true
		}
	}
	t.Cleanup(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, s := range h.Stacks {
			for _, r := range s.Resources {
				if role := s.Cloud.IAM.Role(r.PhysicalID); r.Type == "AWS::IAM::Role" && role != nil {
					l.enter(s, r.LogicalID, role, seen)
				}
			}
		}
	})
}

// use is that a role, given by its ARN, has needed a grant. Roles may share a policy.
type use struct {
	role  string
	grant policy.Grant
}

func (l *ledger) enter(s harness.Stack, logicalID string, role *iam.Role, seen map[use]bool) {
	names := logical(s)
	for _, g := range role.Grants() {
		name := s.Template + " " + logicalID + ": " + names.Replace(g.String())
		l.granted[name] = true
		l.needed[name] = l.needed[name] || seen[use{role.ARN, g}]
	}
}

// logical puts logical ids and pseudo parameters where what they stand for is, which
// differs between boxes: a grant is one, whatever the Region and its partition.
func logical(s harness.Stack) *strings.Replacer {
	ids := slices.Collect(maps.Keys(s.PhysicalIDs))
	slices.SortFunc(ids, func(a, b string) int {
		return cmp.Or(len(s.PhysicalIDs[b])-len(s.PhysicalIDs[a]), strings.Compare(a, b))
	})
	var pairs []string
	for _, id := range ids {
		if physical := s.PhysicalIDs[id]; strings.HasPrefix(physical, s.Name+"-") {
			pairs = append(pairs, physical, "${"+id+"}")
		}
	}
	pairs = append(pairs, "arn:"+partition.Of(s.Cloud.Region)+":", "arn:${AWS::Partition}:", ":"+s.Cloud.Region+":", ":${AWS::Region}:")
	return strings.NewReplacer(append(pairs, s.Name, "${AWS::StackName}")...)
}

// judge reports what is spare.
func (l *ledger) judge() (code int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	reasons := spare()
	for _, name := range slices.Sorted(maps.Keys(l.granted)) {
		if !l.needed[name] && reasons[name] == "" {
			fmt.Println("no story needs what is granted by", name)
			code = 1
		}
	}
	for _, name := range slices.Sorted(maps.Keys(reasons)) {
		switch {
		case !l.granted[name]:
			fmt.Println("the exception is of no grant:", name)
			code = 1
		case l.needed[name]:
			fmt.Println("the exception is of a grant that a story needs:", name)
			code = 1
		}
	}
	return code
}
