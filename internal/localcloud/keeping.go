package localcloud

import (
	"fmt"
	"log/slog"
	"sync"
	"time"
)

const (
	// keepEvery is how long after one look another one is taken whether there is something
	// to save, and keepShare how many times as long as the look has taken, in which the cloud
	// stands still.
	keepEvery = 2 * time.Second
	keepShare = 20
	// lastWords is how long functions that run have at the end.
	lastWords = 5 * time.Second
)

// keeping saves a cloud in its folder.
type keeping struct {
	cloud   *Cloud
	folder  *Folder
	port    int
	stop    chan struct{}
	running sync.WaitGroup
}

// Keep keeps the cloud in a folder, with the port that it is on: now, every few seconds if
// something has happened, and at last by Close. Whoever opened the folder closes it after
// the cloud.
func (c *Cloud) Keep(folder *Folder, port int) error {
	k := &keeping{cloud: c, folder: folder, port: port, stop: make(chan struct{})}
	if _, err := k.save(true); err != nil {
		return err
	}
	c.keeping = k
	k.running.Go(k.run)
	return nil
}

func (k *keeping) run() {
	wait, told := keepEvery, ""
	for {
		select {
		case <-k.stop:
			return
		case <-time.After(wait):
		}
		took, err := k.save(false)
		if err != nil && err.Error() != told {
			told = err.Error()
			k.cloud.log.Error("the state could not be kept", slog.Any("error", err))
		}
		wait = max(keepEvery, keepShare*took)
	}
}

// save saves the cloud, and tells how long it stood still for it.
func (k *keeping) save(always bool) (took time.Duration, err error) {
	begun := time.Now()
	s, err := k.folder.take(k.cloud.Harness)
	if err != nil {
		return time.Since(begun), fmt.Errorf("take the state: %w", err)
	}
	took = time.Since(begun)
	return took, k.folder.save(s, begun, k.port, always)
}

// end saves a last time, when what runs has come to an end or has taken too long.
func (k *keeping) end() {
	close(k.stop)
	k.running.Wait()
	for late := time.Now().Add(lastWords); k.busy() && time.Now().Before(late); {
		time.Sleep(50 * time.Millisecond) //nolint:forbidigo // nothing tells when the last one has ended
	}
	if _, err := k.save(true); err != nil {
		k.cloud.log.Error("the state could not be kept", slog.Any("error", err))
	}
}

// busy reports whether functions run or stacks change.
func (k *keeping) busy() (busy bool) {
	k.cloud.Do(func() { busy = k.cloud.Lambda.Busy() > 0 || k.cloud.CloudFormation.Busy() })
	return busy
}
