package harness

import (
	"maps"
	"slices"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/cloudformation"
	"github.com/sluice-deploy/sluice/internal/emulator/keep"
	"github.com/sluice-deploy/sluice/internal/store"
)

// Kept is a box that was: its State, what gives the bytes that were kept beside it, and
// the time that it is now there.
type Kept struct {
	State  []byte
	Beside func(name string) ([]byte, error)
	Now    time.Time
}

// State gives the state of the box and its time, for Kept; large bytes go to beside. It
// waits for the loop until nothing is left that happens at once.
func (h *Harness) State(beside func([]byte) (string, error)) (state []byte, at time.Time, err error) {
	h.Await(func(done func()) {
		h.Settle(func() {
			state, err = h.Partition.State(h.roots(), beside)
			at = h.Now()
			done()
		})
	})
	return state, at, err
}

// roots are what the box has beside the cloud.
func (h *Harness) roots() []keep.Root { return []keep.Root{{Name: "slack", Of: h.Slack}} }

// resume has the cloud go on, with this process's code in Sluice's functions.
func (h *Harness) resume(k *Kept) (err error) {
	h.resumed = true
	h.Do(func() {
		if err = h.Partition.Resume(k.State, k.Now, h.roots(), k.Beside); err == nil {
			h.recode()
		}
	})
	return err
}

// recode gives the functions of stacks their code. What has none any more, the update of
// its stack takes away.
func (h *Harness) recode() {
	uris := h.CloudFormation.CodeURIs()
	for _, name := range slices.Sorted(maps.Keys(uris)) {
		config, _ := h.Lambda.Config(name)
		code, err := h.code(store.Format)(cloudformation.Function{
			LogicalID: name, Name: name, CodeURI: uris[name], Environment: config.Environment,
		})
		if err == nil {
			h.Lambda.Recode(name, code)
		}
	}
}

// kept is the stack that was kept, if the deployment would not change it.
func (h *Harness) kept(c *emulator.Cloud, d cloudformation.Deployment) (st *cloudformation.Stack, err error) {
	if !h.resumed {
		return nil, nil //nolint:nilnil // nothing was kept
	}
	h.Do(func() {
		var differs bool
		if st, differs, err = c.CloudFormation.Deployed(d); differs {
			st = nil
		}
	})
	return st, err
}
