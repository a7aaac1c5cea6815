package wire

import (
	"regexp"
	"strings"
)

// What Java writes in another way than RE2. A pair of surrogates is its way to
// write the planes above the first.
var (
	javaSurrogates = regexp.MustCompile(`\\uD800\\uDC00-\\uDBFF\\uDFFF`)
	javaUnicode    = regexp.MustCompile(`\\u([0-9A-Fa-f]{4})`)
)

// compilePattern turns a Java regular expression, which must match the whole
// value, into RE2; nil if RE2 cannot express it (looking ahead or behind).
func compilePattern(java string) *regexp.Regexp {
	re2 := javaSurrogates.ReplaceAllString(java, `\x{10000}-\x{10FFFF}`)
	re2 = javaUnicode.ReplaceAllString(re2, `\x{$1}`)
	re2 = strings.ReplaceAll(re2, `\p{ASCII}`, `[\x00-\x7F]`)
	// Scheduler's model writes the partition so, which leaves GovCloud's out: aws-us-gov.
	// The service is there (aws-sdk-go-v2, service/scheduler, its endpoints), so it takes
	// its ARNs. Unconfirmed on AWS.
	re2 = strings.ReplaceAll(re2, `arn:aws(-[a-z]+)?:`, `arn:aws(-[a-z]+)*:`)
	re, err := regexp.Compile(`\A(?:` + re2 + `)\z`)
	if err != nil {
		return nil
	}
	return re
}
