// Command approval is the Lambda function approval; internal/app says what it does.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/sluice-deploy/sluice/internal/app"
)

func main() {
	if err := app.Run(context.Background(), "approval", os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
