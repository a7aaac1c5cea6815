package harness

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
)

// functionLog has what a function logs printed as its Lambda prints it: with the request's
// id, at the cloud's time.
type functionLog struct {
	slog.Handler

	now func() time.Time
}

// printed prints in the format of the function's LoggingConfig.
func printed(e lambda.Environment, now func() time.Time) slog.Handler {
	options := &slog.HandlerOptions{ReplaceAttr: lambdacontext.ReplaceAttr}
	if e.Config.Logging.Format == types.LogFormatJson {
		return functionLog{slog.NewJSONHandler(lineWriter(e.Print), options), now}
	}
	return functionLog{slog.NewTextHandler(lineWriter(e.Print), options), now}
}

// Handle implements slog.Handler.
func (f functionLog) Handle(ctx context.Context, r slog.Record) error {
	r = r.Clone()
	r.Time = f.now().UTC()
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		r.AddAttrs(slog.String("requestId", lc.AwsRequestID))
	}
	return f.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (f functionLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return functionLog{f.Handler.WithAttrs(attrs), f.now}
}

// WithGroup implements slog.Handler.
func (f functionLog) WithGroup(name string) slog.Handler {
	return functionLog{f.Handler.WithGroup(name), f.now}
}

// lineWriter gets one line with each write.
type lineWriter func(line string)

func (w lineWriter) Write(p []byte) (int, error) {
	w(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}
