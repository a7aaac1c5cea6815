package harness_test

import (
	"bytes"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/keep"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/slack"
	"github.com/sluice-deploy/sluice/internal/harness"
)

// kept is a state and the bytes beside it.
type kept struct {
	state  []byte
	at     time.Time
	beside map[string][]byte
}

func (k *kept) put(b []byte) (string, error) {
	name := fmt.Sprint(len(k.beside))
	for known, other := range k.beside {
		if bytes.Equal(b, other) {
			return known, nil
		}
	}
	k.beside[name] = bytes.Clone(b)
	return name, nil
}

func (k *kept) get(name string) ([]byte, error) { return k.beside[name], nil }

// keep keeps the box's state.
func (b *box) keep() *kept {
	b.t.Helper()
	k := &kept{beside: map[string][]byte{}}
	var err error
	if k.state, k.at, err = b.State(k.put); err != nil {
		b.t.Fatal(err)
	}
	return k
}

// reopen has the box go on from its state as another process would: with a new loop and a new
// cloud, around which the world is what it was.
func (b *box) reopen() {
	b.t.Helper()
	b.reopenAfter(0)
}

// reopenAfter is reopen when the cloud has been away for a while.
func (b *box) reopenAfter(away time.Duration) {
	b.t.Helper()
	k := b.keep()
	k.wantSame(b.t, b.origin)
	world := b.World
	b.install(harness.Options{
		Cloud: emulator.Options{Runner: world, Traffic: world},
		Kept:  &harness.Kept{State: k.state, Beside: k.get, Now: k.at.Add(away)},
		Made: func(c *emulator.Cloud) {
			world.Move(c.Loop)
			c.World, world.Observe = world, c.Flowed
		},
	})
	for _, s := range b.stages {
		b.Do(func() { s.enter(b.In(s.cloud.Account, s.cloud.Region)) })
	}
	b.observe(b.promise)
}

// wantSame fails the test if a state that is read is not written as it was.
func (k *kept) wantSame(t *testing.T, from origin) {
	t.Helper()
	l := loop.NewVirtual(midnight)
	defer l.Close()
	c := emulator.New(l, emulator.Options{Region: from.region})
	more := []keep.Root{{Name: "slack", Of: slack.New(l, c.Web, slack.Options{})}}
	if err := c.Partition.Resume(k.state, k.at, more, k.get); err != nil {
		t.Fatal(err)
	}
	again := &kept{beside: maps.Clone(k.beside)}
	state, err := c.Partition.State(more, again.put)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(k.state, state) {
		t.Errorf("a state of %d bytes is written as %d others when it has been read", len(k.state), len(state))
	}
}
