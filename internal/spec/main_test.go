package spec_test

import (
	"flag"
	"os"
	"testing"
)

// What is drawn at random is the same in each run, unless -rapid.seed says otherwise: a
// change is to be blamed for what it breaks alone.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.seed", "1"); err != nil {
		panic(err)
	}
	os.Exit(m.Run()) // which reads the flags
}
