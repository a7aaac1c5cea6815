// Package grants keeps account of what the roles of templates grant and what of it tests
// have needed, so that a test can want the two to be the same. That nothing is missing
// is what the tests themselves show.
package grants

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/iam"
	"github.com/sluice-deploy/sluice/internal/emulator/iam/policy"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/harness"
)

// Ledger is what roles grant, and what of it was needed: what alone allowed some request,
// or alone denied one that was allowed otherwise. A grant is named by its template, the
// role there, and itself. It is of any number of clouds, which may run side by side; the
// zero value is empty.
type Ledger struct {
	mu     sync.Mutex
	needed map[string]bool // by what is granted
}

// Watch keeps account of a cloud's decisions from now on. When they are made, enter takes
// the roles of stacks in. It takes the place of what Partition.Decided was.
func (l *Ledger) Watch(p *emulator.Partition) (enter func(stacks []harness.Stack)) {
	seen := map[use]bool{}
	p.Decided = func(d emulator.Decision) {
		if len(d.By) == 1 {
			seen[use{d.Caller.Role, d.By[0]}] = true
		}
	}
	return func(stacks []harness.Stack) {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, s := range stacks {
			for _, r := range s.Resources {
				if role := s.Cloud.IAM.Role(r.PhysicalID); r.Type == "AWS::IAM::Role" && role != nil {
					l.enter(s, r.LogicalID, role, seen)
				}
			}
		}
	}
}

// use is that a role, given by its ARN, has needed a grant. Roles may share a policy.
type use struct {
	role  string
	grant policy.Grant
}

func (l *Ledger) enter(s harness.Stack, logicalID string, role *iam.Role, seen map[use]bool) {
	if l.needed == nil {
		l.needed = map[string]bool{}
	}
	names := logical(s)
	for _, g := range role.Grants() {
		name := s.Template + " " + logicalID + ": " + names.Replace(g.String())
		l.needed[name] = l.needed[name] || seen[use{role.ARN, g}]
	}
}

// logical puts logical ids where physical ones stand, and pseudo parameters where their
// values do, which differ between clouds.
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
	return strings.NewReplacer(append(pairs,
		"arn:"+partition.Of(s.Cloud.Region)+":", "arn:${AWS::Partition}:", s.Name, "${AWS::StackName}", s.Cloud.Region, "${AWS::Region}", s.Cloud.Account, "${AWS::AccountId}")...)
}

// Judge says what is granted and was not needed, besides what has a reason to be there,
// by the name of the grant; and which reasons are of no such grant.
func (l *Ledger) Judge(reasons map[string]string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(l.needed)) {
		if !l.needed[name] && reasons[name] == "" {
			wrong = append(wrong, fmt.Sprint("no test needs what is granted by ", name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(reasons)) {
		switch needed, granted := l.needed[name]; {
		case !granted:
			wrong = append(wrong, fmt.Sprint("the exception is of no grant: ", name))
		case needed:
			wrong = append(wrong, fmt.Sprint("the exception is of a grant that a test needs: ", name))
		}
	}
	return wrong
}

// AllRun reports whether every test of the package is to run. Before that nothing can be
// said of what they need.
func AllRun() bool {
	for _, name := range []string{"run", "skip", "list", "fuzz"} {
		if flag.Lookup("test."+name).Value.String() != "" {
			return false
		}
	}
	return flag.Lookup("test.short").Value.String() == "false"
}
