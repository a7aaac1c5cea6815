package cli

import "github.com/spf13/cobra"

// How functions run, as --lambda names it.
const (
	lambdaGoroutine = "goroutine"
	lambdaProcess   = "process"
)

// lambdaFlag adds --lambda to a command.
func lambdaFlag(cmd *cobra.Command, way *string) {
	cmd.Flags().StringVar(way, "lambda", lambdaGoroutine, "how functions run: goroutine, or process for the real packages")
}

// checkLambda refuses what is no way to run functions.
func checkLambda(way string, speed float64) error {
	switch {
	case way != lambdaGoroutine && way != lambdaProcess:
		return usagef("--lambda is %q, want goroutine or process", way)
	case way == lambdaProcess && speed != 1:
		return usagef("--speed is %g, want 1 with --lambda=process: processes have this machine's clock", speed)
	}
	return nil
}
