package states

import (
	"errors"
	"regexp"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
)

// The errors of a task token.
var (
	// ErrInvalidToken is for a text that cannot be a token.
	ErrInvalidToken = errors.New("invalid token")
	// ErrTaskDoesNotExist is for a token that was never given out.
	ErrTaskDoesNotExist = errors.New("the task does not exist")
	// ErrTaskTimedOut is for a token whose task is over: it timed out, was answered,
	// was retried, or its execution ended.
	ErrTaskTimedOut = errors.New("the task does not exist anymore")
)

// Tokens are the task tokens of all executions.
type Tokens struct {
	loop  *loop.Loop
	tasks map[string]*callback // nil for one that is over
}

// callback is a Task that waits for its token.
type callback struct{ attempt }

// NewTokens gives an empty set; tokens follow from the loop's IDs.
func NewTokens(l *loop.Loop) *Tokens {
	return &Tokens{loop: l, tasks: map[string]*callback{}}
}

const tokenPrefix = "AQCEAAAAKgAAAAMAAAAAAAAAA" //nolint:gosec // the beginning that all tokens share

var tokenForm = regexp.MustCompile(`^` + tokenPrefix + `[0-9a-f]{128}$`)

func (t *Tokens) issue(c *callback) string {
	token := tokenPrefix + t.loop.ID(128)
	t.tasks[token] = c
	return token
}

func (t *Tokens) retire(token string) { t.tasks[token] = nil }

func (t *Tokens) find(token string) (*callback, error) {
	if !tokenForm.MatchString(token) {
		return nil, ErrInvalidToken
	}
	c, given := t.tasks[token]
	switch {
	case !given:
		return nil, ErrTaskDoesNotExist
	case c == nil:
		return nil, ErrTaskTimedOut
	default:
		return c, nil
	}
}

// Succeed ends the token's Task with an output, which must be JSON.
func (t *Tokens) Succeed(token, output string) error {
	c, err := t.find(token)
	if err != nil {
		return err
	}
	if !c.over() {
		c.task.answered(output)
	}
	return nil
}

// Fail ends the token's Task with an error; name and cause may be nil.
func (t *Tokens) Fail(token string, name, cause *string) error {
	c, err := t.find(token)
	if err != nil {
		return err
	}
	if !c.over() {
		c.task.failed(&failure{name: name, cause: cause, task: true})
	}
	return nil
}

// Heartbeat starts the time that the Task may be silent anew.
func (t *Tokens) Heartbeat(token string) error {
	c, err := t.find(token)
	if err != nil {
		return err
	}
	if !c.over() {
		c.task.listen()
	}
	return nil
}
