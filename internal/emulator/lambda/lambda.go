// Package lambda is the part of AWS Lambda that runs functions: it invokes Go
// handlers in the emulator's own process, each invocation a coroutine of the
// loop, under the function's timeout, payload and concurrency limits, and does
// for asynchronous invocations what Lambda's event queue does: retries and dead
// letters. It answers function URLs under the functions' resource policies, which
// nothing else here looks at.
//
// A function's code is a Handler that the project registers under the function's
// name; a deployment package cannot be run. All environments of a function share
// that one Handler value, and an environment once started stays warm until an
// invocation takes it down (a timeout, a panic, a crash).
package lambda

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/web"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Wire lists the operations that are emulated.
func (s *Service) Wire() *wire.Service {
	return wire.NewService("lambda",
		wire.Op("AddPermission", s.addPermission),
		wire.Op("CreateFunction", s.createFunction),
		wire.Op("CreateFunctionUrlConfig", s.createFunctionURLConfig),
		wire.Op("DeleteFunction", s.deleteFunction),
		wire.Op("DeleteFunctionUrlConfig", s.deleteFunctionURLConfig),
		wire.Op("GetFunction", s.getFunction),
		wire.Op("GetFunctionConfiguration", s.getFunctionConfiguration),
		wire.Op("GetFunctionEventInvokeConfig", s.getFunctionEventInvokeConfig),
		wire.Op("GetFunctionUrlConfig", s.getFunctionURLConfig),
		wire.Op("GetPolicy", s.getPolicy),
		wire.AsyncOp("Invoke", s.invoke),
		wire.Op("ListFunctionUrlConfigs", s.listFunctionURLConfigs),
		wire.Op("ListFunctions", s.listFunctions),
		wire.Op("PutFunctionEventInvokeConfig", s.putFunctionEventInvokeConfig),
		wire.Op("RemovePermission", s.removePermission),
		wire.Op("UpdateFunctionUrlConfig", s.updateFunctionURLConfig),
	)
}

// Limits of the service.
// AWS: Lambda Developer Guide, Lambda quotas, and API reference, CreateFunction.
const (
	defaultTimeout     = 3 * time.Second
	maxTimeout         = 15 * time.Minute
	defaultMemoryMB    = 128
	minMemoryMB        = 128
	maxMemoryMB        = 10240
	maxRequest         = 6 * 1024 * 1024
	maxResponse        = maxRequest + 100
	maxEvent           = 1024 * 1024
	defaultConcurrency = 1000
	maxEnvironment     = 4 * 1024
)

// Handler is a function's code; aws-lambda-go's lambda.Handler is one.
type Handler interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

// Deps are what the service reaches others by, and the knobs of its world.
type Deps struct {
	// DeadLetter sends an event that was given up to the function's dead-letter
	// queue. Needed by functions that have one.
	DeadLetter func(DeadLetter) error
	// ColdStart is how long a new execution environment takes to start.
	ColdStart time.Duration
	// Concurrency is the account's limit on invocations at a time; 0 is AWS's
	// default of 1,000.
	Concurrency int
	// Fault says what goes wrong with a function's n-th invocation, counted from
	// 1. Nil is nothing.
	Fault func(function string, n int) FunctionFault
	// Web has the hosts of function URLs; without it there are none.
	Web *web.Web
	// Identity says who has an access key. Nil is an IAM user of the account named
	// after the key.
	Identity func(accessKey, sessionToken string) (wire.Identity, error)
}

// FunctionFault is what goes wrong with one invocation. Its zero value is
// nothing.
type FunctionFault struct {
	// DieBeforeCall kills the function before it sends its n-th AWS request.
	// Requests count from 1, retries of the SDK included.
	DieBeforeCall int
	// DieAfterCall kills the function when its n-th AWS request has had its
	// effect, before it can act on the answer.
	DieAfterCall int
	// Zombie leaves the function running when its time is over. Its result is
	// ignored, as it is when an environment is frozen in the middle and goes on
	// with the next invocation.
	Zombie bool
}

// FunctionConfig is how a function is run. The zero value of a field is AWS's
// default.
type FunctionConfig struct {
	Timeout     time.Duration // 3 seconds if 0
	MemoryMB    int           // 128 if 0
	Environment map[string]string
	Role        string
	Description string
	// DeadLetterARN is the queue for events that were given up.
	DeadLetterARN string
	// MaximumRetryAttempts is how often an event whose function failed is tried
	// again: 0 to 2; nil is 2.
	MaximumRetryAttempts *int
	// MaximumEventAge is how old an event may get: 60 seconds to 6 hours, which
	// it is if 0.
	MaximumEventAge time.Duration
	// ReservedConcurrency is set aside for this function and bounds it; nil is
	// none. 0 throttles every invocation.
	ReservedConcurrency *int
}

// Service is Lambda in one account and region. Its methods run on the loop.
type Service struct {
	loop            *loop.Loop
	account, region string
	deps            Deps

	functions map[string]*function
	keys      map[string]string // name of a function by its access key
	handlers  map[string]Handler
	running   int // on unreserved concurrency

	deadLetterErrors int
}

type function struct {
	name        string
	config      FunctionConfig
	handler     Handler
	modified    time.Time
	eventInvoke *eventInvoke // nil if it was never set
	policy      []statement  // in the order in which they were added
	url         *functionURL // nil if it has none
	revision    string

	running     int // invocations now
	idle        int // warm environments that wait
	invocations int // ever
}

// New gives a Lambda without functions.
func New(l *loop.Loop, account, region string, deps Deps) *Service {
	return &Service{
		loop: l, account: account, region: region, deps: deps,
		functions: map[string]*function{}, keys: map[string]string{}, handlers: map[string]Handler{},
	}
}

// Register creates the function, or gives an existing one new code and settings.
// Its code stays known under the name after DeleteFunction, so that
// CreateFunction can bring it back.
func (s *Service) Register(name string, config FunctionConfig, h Handler) error {
	config, err := s.complete(name, config)
	if err != nil {
		return fmt.Errorf("register function %s: %w", name, err)
	}
	s.handlers[name] = h
	s.put(name, config, h)
	return nil
}

// Provide makes code known under a name, for CreateFunction to use.
func (s *Service) Provide(name string, h Handler) { s.handlers[name] = h }

// put replaces the function's code and settings. Running invocations end on the
// old ones; new ones start in new environments.
func (s *Service) put(name string, config FunctionConfig, h Handler) *function {
	f := s.functions[name]
	if f == nil {
		f = &function{name: name}
		s.functions[name] = f
		s.keys[s.AccessKey(name)] = name
	}
	f.config, f.handler, f.idle = config, h, 0
	f.modified, f.revision = s.loop.Now(), s.loop.UUID()
	return f
}

// complete fills in the defaults and checks the limits.
func (s *Service) complete(name string, c FunctionConfig) (FunctionConfig, error) {
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.MemoryMB == 0 {
		c.MemoryMB = defaultMemoryMB
	}
	if c.MaximumRetryAttempts == nil {
		c.MaximumRetryAttempts = new(2)
	}
	if c.MaximumEventAge == 0 {
		c.MaximumEventAge = 6 * time.Hour
	}
	c.Environment = maps.Clone(c.Environment)
	size := 0
	for key, value := range c.Environment {
		size += len(key) + len(value)
	}
	switch {
	case c.Timeout < time.Second || c.Timeout > maxTimeout:
		return c, fmt.Errorf("timeout %v is not between 1s and %v", c.Timeout, maxTimeout)
	case c.MemoryMB < minMemoryMB || c.MemoryMB > maxMemoryMB:
		return c, fmt.Errorf("memory %d MB is not between %d and %d", c.MemoryMB, minMemoryMB, maxMemoryMB)
	case *c.MaximumRetryAttempts < 0 || *c.MaximumRetryAttempts > 2:
		return c, fmt.Errorf("maximum retry attempts %d is not between 0 and 2", *c.MaximumRetryAttempts)
	case c.MaximumEventAge < time.Minute || c.MaximumEventAge > 6*time.Hour:
		return c, fmt.Errorf("maximum event age %v is not between 1m and 6h", c.MaximumEventAge)
	case size > maxEnvironment:
		return c, wire.Errorf("InvalidParameterValueException",
			"Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: %d bytes", size)
	}
	return c, s.checkReserved(name, c.ReservedConcurrency)
}

// checkReserved keeps 100 of the account's concurrency unreserved.
// AWS: Lambda Developer Guide, Configuring reserved concurrency.
func (s *Service) checkReserved(name string, reserved *int) error {
	if reserved == nil {
		return nil
	}
	if *reserved < 0 {
		return fmt.Errorf("reserved concurrency %d is below 0", *reserved)
	}
	const unreservedMin = 100
	if left := s.unreserved(name) - *reserved; left < unreservedMin {
		return wire.Errorf("InvalidParameterValueException",
			"Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", unreservedMin)
	}
	return nil
}

// unreserved is the concurrency that no function but the named one has reserved.
func (s *Service) unreserved(except string) int {
	left := s.deps.Concurrency
	if left == 0 {
		left = defaultConcurrency
	}
	for name, f := range s.functions {
		if name != except && f.config.ReservedConcurrency != nil {
			left -= *f.config.ReservedConcurrency
		}
	}
	return left
}

// Functions are the names of the functions there are, sorted.
func (s *Service) Functions() []string { return slices.Sorted(maps.Keys(s.functions)) }

// Config is the function's settings, and whether there is such a function.
func (s *Service) Config(name string) (FunctionConfig, bool) {
	f, ok := s.functions[name]
	if !ok {
		return FunctionConfig{}, false
	}
	return f.config, true
}

// ARN is the ARN that the function of this name has.
func (s *Service) ARN(name string) string {
	return fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", s.region, s.account, name)
}

// AccessKey is the access key id of the credentials that the function of this
// name calls with: its own, as a function's role session has its own.
func (s *Service) AccessKey(name string) string {
	sum := sha256.Sum256([]byte(s.ARN(name)))
	return "ASIA" + base32.StdEncoding.EncodeToString(sum[:])[:16]
}

// Caller is the name of the function whose access key it is, or "".
func (s *Service) Caller(accessKey string) string {
	if name := s.keys[accessKey]; s.functions[name] != nil {
		return name
	}
	return ""
}

// find looks a function up by name, partial or full ARN, unqualified or $LATEST:
// versions and aliases are not published here, so there is no other.
func (s *Service) find(arnOrName, qualifier string) (*function, error) {
	id := arnOrName
	full := s.ARN("")
	for _, prefix := range []string{full, strings.TrimPrefix(full, "arn:aws:lambda:"+s.region+":"), "function:"} {
		if rest, ok := strings.CutPrefix(id, prefix); ok {
			id = rest
			break
		}
	}
	name, version, qualified := strings.Cut(id, ":")
	if qualifier != "" {
		if qualified && version != qualifier {
			return nil, wire.Errorf("InvalidParameterValueException",
				"The derived qualifier from the function name does not match the specified qualifier.")
		}
		version = qualifier
	}
	f := s.functions[name]
	if f == nil || (version != "" && version != latest) {
		arn := s.ARN(id)
		if strings.HasPrefix(id, "arn:") {
			arn = id
		} else if qualifier != "" && !qualified {
			arn += ":" + qualifier
		}
		return nil, &types.ResourceNotFoundException{Message: aws.String("Function not found: " + arn), Type: new("User")}
	}
	return f, nil
}

// latest is the one version a function has.
const latest = "$LATEST"
