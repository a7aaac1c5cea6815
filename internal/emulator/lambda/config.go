package lambda

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// Limits of the service.
// AWS: Lambda Developer Guide, Lambda quotas, and API reference, CreateFunction.
const (
	defaultTimeout     = 3 * time.Second
	maxTimeout         = 15 * time.Minute
	defaultMemoryMB    = 128
	minMemoryMB        = 128
	maxMemoryMB        = 10240
	maxRequest         = 6 * 1024 * 1024
	maxEvent           = 1024 * 1024
	defaultConcurrency = 1000
	maxEnvironment     = 4 * 1024
)

// MaxResponse is how many bytes a function may answer (AWS: its error message,
// Function.ResponseSizeTooLarge).
const MaxResponse = maxRequest + 100

// FunctionConfig is how a version of a function is run. The zero value of a field is
// AWS's default.
type FunctionConfig struct {
	Timeout     time.Duration // 3 seconds if 0
	MemoryMB    int           // 128 if 0
	Environment map[string]string
	Role        string
	Description string
	// Handler is passed on to the code, which on the OS-only runtime may do with it
	// what it wants; "bootstrap" if "".
	Handler string
	// Architecture is x86_64 if "".
	Architecture types.Architecture
	// DeadLetterARN is the queue for events that were given up.
	DeadLetterARN string
	// Tracing is PassThrough if "". It is kept, and nothing is traced.
	Tracing types.TracingMode
	Logging Logging
}

// Logging is how a function's logs are written. The code is told of it; the levels
// filter nothing here.
// AWS: Lambda Developer Guide, Configuring advanced logging controls.
type Logging struct {
	Format           types.LogFormat           // Text if ""
	Group            string                    // "/aws/lambda/<name>" if ""
	ApplicationLevel types.ApplicationLogLevel // for JSON only; INFO if ""
	SystemLevel      types.SystemLogLevel      // likewise
}

// complete fills in the defaults and checks the limits.
func complete(name string, c FunctionConfig) (FunctionConfig, error) {
	c.Timeout = cmp.Or(c.Timeout, defaultTimeout)
	c.MemoryMB = cmp.Or(c.MemoryMB, defaultMemoryMB)
	c.Handler = cmp.Or(c.Handler, "bootstrap")
	c.Architecture = cmp.Or(c.Architecture, types.ArchitectureX8664)
	c.Tracing = cmp.Or(c.Tracing, types.TracingModePassThrough)
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
	case size > maxEnvironment:
		return c, invalidParameter(
			"Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: %d bytes", size)
	}
	for _, key := range slices.Sorted(maps.Keys(c.Environment)) {
		if reserved(key) {
			return c, invalidParameter("Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: %s", key)
		}
	}
	var err error
	c.Logging, err = c.Logging.complete(name)
	return c, err
}

// reserved reports whether only Lambda sets the variable.
// AWS: Lambda Developer Guide, Defined runtime environment variables.
func reserved(variable string) bool {
	return slices.Contains([]string{
		"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
		"AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID",
		"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
	}, variable)
}

func (l Logging) complete(name string) (Logging, error) {
	l.Format = cmp.Or(l.Format, types.LogFormatText)
	l.Group = cmp.Or(l.Group, "/aws/lambda/"+name)
	if l.Format != types.LogFormatJson {
		if l.ApplicationLevel != "" || l.SystemLevel != "" { // the words are ours
			return l, invalidParameter("ApplicationLogLevel and SystemLogLevel need LogFormat JSON, not %s", l.Format)
		}
		return l, nil
	}
	l.ApplicationLevel = cmp.Or(l.ApplicationLevel, types.ApplicationLogLevelInfo)
	l.SystemLevel = cmp.Or(l.SystemLevel, types.SystemLogLevelInfo)
	return l, nil
}
