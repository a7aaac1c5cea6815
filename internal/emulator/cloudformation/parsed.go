package cloudformation

import "sync"

// sources are the newest texts that were parsed. Nothing changes a node once it is read, and
// the same few templates are read thousands of times in a simulation.
type sources struct {
	mu   sync.Mutex
	read map[string]*node
}

var parsed = sources{read: map[string]*node{}} //nolint:gochecknoglobals // what a text says is the same for all

// of parses a text, or finds that it has.
func (t *sources) of(body string) (*node, error) {
	const most = 16
	t.mu.Lock()
	defer t.mu.Unlock()
	if n, ok := t.read[body]; ok {
		return n, nil
	}
	n, err := parse([]byte(body))
	if err != nil {
		return nil, err
	}
	if len(t.read) >= most {
		clear(t.read)
	}
	t.read[body] = n
	return n, nil
}
