// Command decide is the Lambda function decide; internal/app says what it does.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/sluice-deploy/sluice/internal/app"
)

func main() {
	if err := app.Run(context.Background(), "decide", os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
