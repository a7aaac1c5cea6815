// Command accept is the Lambda function accept; internal/app says what it does.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/sluice-deploy/sluice/internal/app"
)

func main() {
	if err := app.Run(context.Background(), "accept", os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
