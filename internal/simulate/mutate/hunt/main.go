// Command hunt plays every story as it is, and then as many runs drawn from all as it is
// told, until a promise breaks, and says which.
package main

import (
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"strconv"

	"github.com/sluice-deploy/sluice/internal/simulate"
)

func main() {
	count, err := strconv.Atoi(os.Args[len(os.Args)-1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "hunt: want how many runs:", err)
		os.Exit(2)
	}
	var found struct {
		Promise string `json:"promise"`
		Why     string `json:"why"`
		Command string `json:"command"`
		Run     int    `json:"run"`
	}
	simulate.Explore(plans(count), func(r simulate.Result) bool {
		found.Run++
		if r.Broken == nil {
			return true
		}
		found.Promise, found.Why, found.Command = r.Broken.Promise, r.Broken.Why, r.Plan.Command()
		return false
	})
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		fmt.Fprintln(os.Stderr, "hunt:", err)
		os.Exit(1)
	}
}

func plans(count int) iter.Seq[simulate.Plan] {
	return func(yield func(simulate.Plan) bool) {
		for _, p := range simulate.Stories() {
			if !yield(p) {
				return
			}
		}
		simulate.Draw(1, count)(yield)
	}
}
