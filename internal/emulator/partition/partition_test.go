package partition_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
)

func TestARN(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ region, arn, role, domain string }{
		{"us-east-1", "arn:aws:sqs:us-east-1:123456789012:q", "arn:aws:iam::123456789012:role/r", "amazonaws.com"},
		{"cn-north-1", "arn:aws-cn:sqs:cn-north-1:123456789012:q", "arn:aws-cn:iam::123456789012:role/r", "amazonaws.com.cn"},
		{"us-gov-west-1", "arn:aws-us-gov:sqs:us-gov-west-1:123456789012:q", "arn:aws-us-gov:iam::123456789012:role/r", "amazonaws.com"},
	} {
		if got := partition.ARN("sqs", c.region, "123456789012", "q"); got != c.arn {
			t.Errorf("in %s: %s, want %s", c.region, got, c.arn)
		}
		if got := partition.IAM(c.region, "123456789012", "role/r"); got != c.role {
			t.Errorf("in %s: %s, want %s", c.region, got, c.role)
		}
		if got := partition.Domain(c.region); got != c.domain {
			t.Errorf("hosts in %s end with %s, want %s", c.region, got, c.domain)
		}
		if got := partition.OfARN(c.arn); got != partition.Of(c.region) || !partition.IsOf(c.arn, "sqs", c.region) || partition.IsOf(c.arn, "sns", c.region) {
			t.Errorf("%s is taken for one of %q", c.arn, got)
		}
	}
}

func TestKnown(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]bool{
		"eu-west-1": true, "cn-northwest-1": true, "us-gov-east-1": true, "us-iso-east-1": false, "mars-1": false, "": false,
	} {
		if got := partition.Known(region); got != want {
			t.Errorf("Known(%q) = %v, want %v", region, got, want)
		}
	}
	for _, arn := range []string{"arn:aws-iso:sqs:us-iso-east-1:123456789012:q", "arn:aws", "queue", "urn:aws:x:"} {
		if got := partition.OfARN(arn); got != "" {
			t.Errorf("OfARN(%q) = %q, want none", arn, got)
		}
	}
}

// TestNobodyElseWritesThem finds code of the emulator that writes ARNs or hosts by itself.
func TestNobodyElseWritesThem(t *testing.T) {
	t.Parallel()
	seen := 0
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "../partition/") {
			return err
		}
		text, err := os.ReadFile(path) //nolint:gosec // a file of the project
		if err != nil {
			return err
		}
		seen++
		for number, line := range bytes.Split(text, []byte("\n")) {
			for _, literal := range []string{"arn:aws:", "arn:aws-", `+ ".amazonaws.com/`, ".%s.amazonaws.com"} {
				if bytes.Contains(line, []byte(literal)) {
					t.Errorf("%s:%d writes %s by itself: %s", path, number+1, literal, bytes.TrimSpace(line))
				}
			}
		}
		return nil
	})
	if err != nil || seen < 100 {
		t.Fatalf("%d files were looked at (%v); that cannot be all", seen, err)
	}
}
