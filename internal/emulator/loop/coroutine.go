package loop

import (
	"context"
	"runtime"
	"sync"
)

// Coroutine is code outside the loop, such as a Lambda handler, that the loop
// has started. On a virtual loop it runs only while the loop waits for it: from
// its start, or from the end of an Await, to its next Await or its end. On a
// live loop it runs freely beside the loop.
type Coroutine struct {
	loop *Loop
	// turn carries the right to run: in with resume, out with yield.
	resume chan struct{}
	yield  chan struct{}

	mu   sync.Mutex
	dead bool
}

type coroutineKey struct{}

// FromContext gives the coroutine that runs under the context, or nil.
func FromContext(ctx context.Context) *Coroutine {
	co, _ := ctx.Value(coroutineKey{}).(*Coroutine)
	return co
}

// Go starts body as a coroutine; it must be called on the loop. The context
// carries the coroutine and ends when it is killed. When body has returned, done
// is called on the loop; it is not called for a coroutine that was killed.
func (l *Loop) Go(body func(ctx context.Context), done func()) *Coroutine {
	co := &Coroutine{loop: l, resume: make(chan struct{}), yield: make(chan struct{})}
	l.mu.Lock()
	l.alive[co] = struct{}{}
	l.mu.Unlock()
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), coroutineKey{}, co)) //nolint:forbidigo // it lives as long as the loop, not as a caller
	go func() {
		completed := false
		defer func() {
			cancel()
			l.mu.Lock()
			delete(l.alive, co)
			l.mu.Unlock()
			if completed && !co.isDead() {
				l.Post(done)
			}
			if l.Virtual() {
				co.yield <- struct{}{}
			}
		}()
		if l.Virtual() {
			<-co.resume
		}
		body(ctx)
		completed = true
	}()
	if l.Virtual() {
		co.switchTo()
	}
	return co
}

// switchTo lets the coroutine run until it gives way.
func (co *Coroutine) switchTo() {
	co.resume <- struct{}{}
	<-co.yield
}

func (co *Coroutine) isDead() bool {
	co.mu.Lock()
	defer co.mu.Unlock()
	return co.dead
}

// Await runs start on the loop and gives way until the function it is given has
// been called there. It must be called from the coroutine's own goroutine. If
// the coroutine is killed meanwhile, Await does not return: the goroutine ends,
// its deferred calls run.
func (co *Coroutine) Await(start func(done func())) {
	if co.isDead() {
		runtime.Goexit()
	}
	if co.loop.Virtual() {
		once := sync.OnceFunc(func() {
			if !co.isDead() {
				co.switchTo()
			}
		})
		co.loop.Post(func() { start(func() { co.loop.Post(once) }) })
		co.yield <- struct{}{}
		<-co.resume
	} else {
		ch := make(chan struct{})
		co.loop.Post(func() { start(sync.OnceFunc(func() { close(ch) })) })
		select {
		case <-ch:
		case <-co.resume: // killed
		}
	}
	if co.isDead() {
		runtime.Goexit()
	}
}

// Kill ends the coroutine at its Await, now or when it next comes to one, as
// Lambda ends a function that ran out of time: what it has sent may still land,
// nothing more is sent. It must be called on the loop.
func (co *Coroutine) Kill() {
	co.mu.Lock()
	was := co.dead
	co.dead = true
	co.mu.Unlock()
	if was {
		return
	}
	co.loop.mu.Lock()
	_, alive := co.loop.alive[co]
	co.loop.mu.Unlock()
	if !alive {
		return
	}
	if co.loop.Virtual() {
		co.switchTo()
		return
	}
	close(co.resume)
}

// Dead reports whether the coroutine was killed.
func (co *Coroutine) Dead() bool { return co.isDead() }
