// Command bake is the Lambda function bake; internal/app says what it does.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/sluice-deploy/sluice/internal/app"
)

func main() {
	if err := app.Run(context.Background(), "bake", os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
