package conformance_test

import (
	"bytes"
	"strconv"
	"testing"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator"
)

// kept is a cloud that is stopped whenever it was asked something, and goes on as another one
// from what was kept of it.
type kept struct {
	t      *testing.T
	cloud  *emulator.Cloud
	builds int // that run: they would end with the cloud, as would functions
}

func (k *kept) restart() {
	k.t.Helper()
	large := map[string][]byte{}
	put := func(b []byte) (string, error) {
		name := strconv.Itoa(len(large))
		large[name] = b
		return name, nil
	}
	var state []byte
	var err error
	k.cloud.Await(func(done func()) {
		k.cloud.Settle(func() {
			if k.builds == 0 && k.cloud.Lambda.Busy() == 0 {
				state, err = k.cloud.Partition.State(nil, put)
			}
			done()
		})
	})
	if state == nil && err == nil {
		return
	}
	if err != nil {
		k.t.Fatal(err)
	}
	cloud, provided := newBareCloud(k.t, func(more int) { k.builds += more })
	if err := cloud.Partition.Resume(state, k.cloud.Now(), nil, func(name string) ([]byte, error) { return large[name], nil }); err != nil {
		k.t.Fatal(err)
	}
	again, err := cloud.Partition.State(nil, func(b []byte) (string, error) {
		for name, other := range large {
			if bytes.Equal(b, other) {
				return name, nil
			}
		}
		k.t.Error("bytes beside the state are others when they have been read")
		return "", nil
	})
	if err != nil || !bytes.Equal(state, again) {
		k.t.Errorf("a state of %d bytes is written as %d others when it has been read (%v)", len(state), len(again), err)
	}
	for name, code := range provided {
		cloud.Lambda.Recode(name, code)
	}
	k.cloud = cloud
}

// TestEmulatorKept tells every story to a cloud that is stopped and started after each call:
// nobody can tell. So every operation of every service leaves what can be kept, and finds
// what it needs in what was.
func TestEmulatorKept(t *testing.T) {
	t.Parallel()
	for _, s := range stories() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			k := &kept{t: t}
			cloud, provided := newBareCloud(t, func(more int) { k.builds += more })
			for name, code := range provided {
				cloud.Lambda.Provide(name, code)
			}
			k.cloud = cloud
			s.tell(t, target{
				call: func(t *testing.T, in any, anonymous bool) (out any, code string, err error) { //nolint:thelper // a call, which has no line of its own in a test
					defer k.restart()
					return newCaller(k.cloud.Config("AKIDEXAMPLE"), false).call(t, in, anonymous)
				},
				wait: func(d time.Duration) {
					k.cloud.RunFor(d)
					k.restart()
				},
				known: map[string]string{"vpc": "vpc-1", "subnet1": "subnet-1", "subnet2": "subnet-2"},
			})
		})
	}
}
