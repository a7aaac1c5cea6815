package sandbox

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
)

// variables are all that a process gets, and nothing of this program's own: what
// Lambda sets, the function's own, and what leads to the local cloud.
// AWS: Lambda Developer Guide, Defined runtime environment variables. Those of the
// OS-only runtime, which has no AWS_EXECUTION_ENV and no _X_AMZN_TRACE_ID.
func (h *Host) variables(ctx context.Context, e lambda.Environment, folder, api string) ([]string, error) {
	config := h.world.Config(e.Function)
	credentials, err := config.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf("take the credentials of function %s: %w", e.Function, err)
	}
	all := map[string]string{
		"LANG":            "en_US.UTF-8",
		"PATH":            "/usr/local/bin:/usr/bin/:/bin:/opt/bin",
		"LD_LIBRARY_PATH": "/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:" + folder + ":" + folder + "/lib:/opt/lib",
		"TZ":              ":UTC",
	}
	maps.Copy(all, e.Config.Environment)
	maps.Copy(all, map[string]string{
		"_HANDLER":                        e.Config.Handler,
		"AWS_REGION":                      config.Region,
		"AWS_DEFAULT_REGION":              config.Region,
		"AWS_LAMBDA_FUNCTION_NAME":        e.Function,
		"AWS_LAMBDA_FUNCTION_VERSION":     e.Version,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(e.Config.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       e.Config.Logging.Group,
		"AWS_LAMBDA_LOG_STREAM_NAME":      h.logStream(e),
		"AWS_ACCESS_KEY_ID":               credentials.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY":           credentials.SecretAccessKey,
		"AWS_SESSION_TOKEN":               credentials.SessionToken,
		"AWS_LAMBDA_RUNTIME_API":          api,
		"LAMBDA_TASK_ROOT":                folder,
		"LAMBDA_RUNTIME_DIR":              "/var/runtime",
	})
	if l := e.Config.Logging; l.Format == types.LogFormatJson {
		all["AWS_LAMBDA_LOG_FORMAT"], all["AWS_LAMBDA_LOG_LEVEL"] = string(l.Format), string(l.ApplicationLevel)
	}
	maps.Copy(all, h.proxy.variables())
	out := make([]string, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, name+"="+all[name])
	}
	return out, nil
}

// logStream is the name of a new log stream of a version.
// AWS: Lambda Developer Guide, Viewing CloudWatch logs for Lambda functions; the name
// of the function stands in it where the group is not the function's own.
func (h *Host) logStream(e lambda.Environment) string {
	name := "[" + e.Version + "]" + h.loop.ID(32)
	if e.Config.Logging.Group != "/aws/lambda/"+e.Function {
		name = e.Function + name
	}
	return h.loop.Now().Format("2006/01/02/") + name
}
