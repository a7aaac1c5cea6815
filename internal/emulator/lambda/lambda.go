// Package lambda is the part of AWS Lambda that runs functions: their code, in
// published versions behind aliases, each invocation a coroutine of the loop, under
// the function's timeout, payload and concurrency limits. It does for asynchronous
// invocations what Lambda's event queue does: retries and dead letters. It answers
// function URLs under the functions' resource policies, which nothing else here
// looks at.
//
// What a function's code is, the one who creates it says (Code): a Go value that is
// called in the emulator's own process, or something that starts a process. An
// execution environment stays warm until an invocation takes it down (a timeout, a
// panic, a crash) or its version is replaced or deleted.
package lambda

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/iam/policy"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/web"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Wire lists the operations that are emulated.
func (s *Service) Wire() *wire.Service {
	return wire.NewService("lambda",
		wire.Op("AddPermission", s.addPermission),
		wire.Op("CreateAlias", s.createAlias),
		wire.Op("CreateFunction", s.createFunction),
		wire.Op("CreateFunctionUrlConfig", s.createFunctionURLConfig),
		wire.Op("DeleteAlias", s.deleteAlias),
		wire.Op("DeleteFunction", s.deleteFunction),
		wire.Op("DeleteFunctionConcurrency", s.deleteFunctionConcurrency),
		wire.Op("DeleteFunctionEventInvokeConfig", s.deleteFunctionEventInvokeConfig),
		wire.Op("DeleteFunctionUrlConfig", s.deleteFunctionURLConfig),
		wire.Op("GetAlias", s.getAlias),
		wire.Op("GetFunction", s.getFunction),
		wire.Op("GetFunctionConcurrency", s.getFunctionConcurrency),
		wire.Op("GetFunctionConfiguration", s.getFunctionConfiguration),
		wire.Op("GetFunctionEventInvokeConfig", s.getFunctionEventInvokeConfig),
		wire.Op("GetFunctionUrlConfig", s.getFunctionURLConfig),
		wire.Op("GetPolicy", s.getPolicy),
		wire.AsyncOp("Invoke", s.invoke),
		wire.Op("ListAliases", s.listAliases),
		wire.Op("ListFunctionUrlConfigs", s.listFunctionURLConfigs),
		wire.Op("ListFunctions", s.listFunctions),
		wire.Op("ListVersionsByFunction", s.listVersionsByFunction),
		wire.Op("PublishVersion", s.publishVersion),
		wire.Op("PutFunctionConcurrency", s.putFunctionConcurrency),
		wire.Op("PutFunctionEventInvokeConfig", s.putFunctionEventInvokeConfig),
		wire.Op("RemovePermission", s.removePermission),
		wire.Op("UpdateAlias", s.updateAlias),
		wire.Op("UpdateFunctionCode", s.updateFunctionCode),
		wire.Op("UpdateFunctionConfiguration", s.updateFunctionConfiguration),
		wire.Op("UpdateFunctionUrlConfig", s.updateFunctionURLConfig),
	)
}

// Deps are what the service reaches others by, and the knobs of its world.
type Deps struct {
	// DeadLetter sends an event that was given up to the function's dead-letter
	// queue. Needed by functions that have one.
	DeadLetter func(DeadLetter) error
	// Package makes code of a deployment package, for clients that bring one. Nil is
	// a cloud that cannot run packages; its clients get what was provided for the
	// function (Provide).
	Package func(zip []byte) (Code, error)
	// ColdStart is how long a new execution environment takes to start, beside what
	// its code takes.
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
	// Permit decides whether somebody may do an action on a function. Nil allows
	// everything to the account itself.
	Permit func(who wire.Identity, action, functionARN string, context map[string][]string) bool
	// Started, if not nil, is told of each new execution environment of a function. It
	// gives what takes the lines that the function prints there.
	Started func(function string, config FunctionConfig) (write func(line string))
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
	// Start is how long a new environment takes to start, beyond Deps.ColdStart; above zero
	// the invocation gets a new one.
	Start time.Duration
}

// Service is Lambda in one account and region. Its methods run on the loop.
type Service struct {
	loop            *loop.Loop
	account, region string
	deps            Deps `keep:"-"`

	functions map[string]*function
	keys      map[string]string // name of a function by its access key
	provided  map[string]Code
	attempted map[string]*event // those that run, by id
	running   int               `keep:"-"` // on unreserved concurrency

	deadLetterErrors int
}

// function is a function with all its versions and aliases.
type function struct {
	name     string
	latest   *version          // what is not published; replaced at each update
	versions []*version        // those that were published, in their order
	last     int               // number of the last one; none is given twice
	aliases  map[string]*alias // by name
	settings map[string]*settings
	reserved *int // concurrency set aside; nil is none
	tags     map[string]string

	running     int `keep:"-"` // invocations now
	invocations int // ever
}

// settings are what the function as such, a version and an alias have each of its
// own; those of the function as such are under $LATEST.
type settings struct {
	eventInvoke *eventInvoke // nil if it was never set
	policy      []statement  // in the order in which they were added
	url         *functionURL // nil if there is none

	read *policy.Document `keep:"-"` // what policy says; nil until it is asked for
}

// New gives a Lambda without functions.
func New(l *loop.Loop, account, region string, deps Deps) *Service {
	return &Service{
		loop: l, account: account, region: region, deps: deps,
		functions: map[string]*function{}, keys: map[string]string{}, provided: map[string]Code{}, attempted: map[string]*event{},
	}
}

// Register creates the function, or gives an existing one new code and
// configuration, which are its $LATEST from then on; versions that were published
// stay as they are. The code stays known under the name after
// DeleteFunction, so that CreateFunction can bring it back.
func (s *Service) Register(name string, config FunctionConfig, code Code) error {
	config, err := complete(name, config)
	if err != nil {
		return fmt.Errorf("register function %s: %w", name, err)
	}
	s.provided[name] = code
	s.put(name, config, code)
	return nil
}

// Provide makes code known under a name, for CreateFunction and UpdateFunctionCode
// to use where packages cannot be run.
func (s *Service) Provide(name string, code Code) { s.provided[name] = code }

// put makes code and configuration the function's $LATEST. Running invocations end
// on the old ones; new ones start in new environments.
func (s *Service) put(name string, config FunctionConfig, code Code) *function {
	f := s.functions[name]
	if f == nil {
		f = &function{name: name, aliases: map[string]*alias{}, settings: map[string]*settings{}}
		s.functions[name] = f
		s.keys[s.AccessKey(name)] = name
	} else {
		f.latest.retire()
	}
	f.latest = &version{number: latest, config: config, code: code, modified: s.loop.Now(), revision: s.loop.UUID()}
	return f
}

// Functions are the names of the functions there are, sorted.
func (s *Service) Functions() []string { return slices.Sorted(maps.Keys(s.functions)) }

// Config is the configuration of the function's $LATEST, or of the version or alias
// that the name is qualified with, and whether there is such a function.
func (s *Service) Config(arnOrName string) (FunctionConfig, bool) {
	t, err := s.find(arnOrName, "")
	if err != nil {
		return FunctionConfig{}, false
	}
	return t.version.config, true
}

// ARN is the ARN that the function of this name has.
func (s *Service) ARN(name string) string {
	return partition.ARN("lambda", s.region, s.account, "function:"+name)
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
