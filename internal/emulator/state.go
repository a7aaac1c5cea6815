package emulator

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/keep"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
)

// made is what has to be there before state can be read.
type made struct {
	Clouds   []address
	Accounts []string // with an IAM
}

type address struct{ Account, Region string }

// State gives the state of all clouds on the loop, what is due included but not the time,
// and that of more: as long as nothing happens it is the same. Large bytes go to beside (keep.Write). What runs beside the loop is not
// in it: to Resume, an invocation under way has died, and clients are gone. It must be
// called on the loop when that has settled (loop.Settle).
func (p *Partition) State(more []keep.Root, beside func([]byte) (string, error)) ([]byte, error) {
	m := made{Accounts: slices.Sorted(maps.Keys(p.iam))}
	for _, c := range p.clouds {
		m.Clouds = append(m.Clouds, address{c.Account, c.Region})
	}
	first, err := keep.Write([]keep.Root{{Name: "clouds", Of: &m}}, beside)
	if err != nil {
		return nil, err
	}
	due := p.loop.State()
	rest, err := keep.Write(append(p.roots(&due), more...), beside)
	if err != nil {
		return nil, err
	}
	return append(append(binary.AppendUvarint(nil, uint64(len(first))), first...), rest...), nil
}

// Resume has a partition whose clouds are as new go on from a state, from a time that is
// not before the state's. More must be as it was for State. The clouds have their
// owner's code of functions only by Lambda.Recode. It must be called on the loop or
// while a virtual loop stands still; after an error the partition is of no use.
func (p *Partition) Resume(state []byte, now time.Time, more []keep.Root, beside func(string) ([]byte, error)) error {
	length, size := binary.Uvarint(state)
	if size <= 0 || length > uint64(len(state)-size) { //nolint:gosec // it is not negative
		return keep.ErrCut
	}
	first, rest := state[size:size+int(length)], state[size+int(length):] //nolint:gosec // it was looked at
	var m made
	if err := keep.Read(first, []keep.Root{{Name: "clouds", Of: &m}}, beside); err != nil {
		return err
	}
	if err := p.make(m); err != nil {
		return err
	}
	var due loop.State
	if err := keep.Read(rest, append(p.roots(&due), more...), beside); err != nil {
		return err
	}
	p.loop.Resume(due, now)
	return p.resume()
}

// make makes the clouds that a state is of.
func (p *Partition) make(m made) error {
	for i, a := range m.Clouds {
		switch {
		case i == 0 && (a.Account != p.home().Account || a.Region != p.home().Region):
			return fmt.Errorf("the state is of account %s in %s, and this cloud of account %s in %s", a.Account, a.Region, p.home().Account, p.home().Region)
		case !accountID.MatchString(a.Account) || !p.hasRegion(a.Region):
			return fmt.Errorf("there is no cloud of account %s in Region %s", a.Account, a.Region)
		}
		p.In(a.Account, a.Region)
	}
	for _, account := range m.Accounts {
		p.iamOf(account)
	}
	return nil
}

// resumer is a service that has something to do when its state has been read.
type resumer interface{ Resume() error }

func (p *Partition) resume() error {
	var errs []error
	for _, c := range p.clouds {
		for _, s := range c.services() {
			if r, is := s.Of.(resumer); is {
				errs = append(errs, r.Resume())
			}
		}
	}
	return errors.Join(errs...)
}

// roots are where the state of the clouds begins.
func (p *Partition) roots(due *loop.State) []keep.Root {
	roots := []keep.Root{
		{Name: "loop", Of: p.loop, Bare: true},
		{Name: "partition", Of: p},
		{Name: "due", Of: due},
		{Name: "sts", Of: p.STS},
	}
	for _, account := range slices.Sorted(maps.Keys(p.iam)) {
		roots = append(roots, keep.Root{Name: "iam of " + account, Of: p.iam[account]})
	}
	for _, c := range p.clouds {
		roots = append(roots, keep.Root{Name: c.Account + " " + c.Region, Of: c})
		roots = append(roots, c.services()...)
	}
	return roots
}

// services are those that the cloud has for itself, by the names of its fields.
func (c *Cloud) services() []keep.Root {
	var all []keep.Root
	for v, i := reflect.ValueOf(c).Elem(), 0; i < v.NumField(); i++ {
		f := v.Type().Field(i)
		if f.IsExported() && !f.Anonymous && f.Type.Kind() == reflect.Pointer && f.Name != "Mux" && f.Name != "IAM" {
			all = append(all, keep.Root{Name: c.Account + " " + c.Region + " " + f.Name, Of: v.Field(i).Interface()})
		}
	}
	return all
}
