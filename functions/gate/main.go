// Command gate is the Lambda function gate; internal/app says what it does.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/sluice-deploy/sluice/internal/app"
)

func main() {
	if err := app.Run(context.Background(), "gate", os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
