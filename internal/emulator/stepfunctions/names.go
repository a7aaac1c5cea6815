package stepfunctions

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// checkName refuses what a name must not contain (AWS: API reference, StartExecution).
func checkName(name string) error {
	bad := strings.ContainsFunc(name, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune("<>{}[]?*\"#%\\^|~`$&,;:/", r) || r >= 0xFFFE && r <= 0xFFFF
	})
	if name == "" || bad {
		return &types.InvalidName{Message: aws.String(fmt.Sprintf("Invalid Name: '%s'", name))}
	}
	return nil
}

func checkRole(arn string) error {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "iam" || !strings.HasPrefix(parts[5], "role/") {
		return &types.InvalidArn{Message: aws.String(fmt.Sprintf("Invalid Role Arn: '%s'", arn))}
	}
	return nil
}

func present(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// page gives the bounds of a page of n items, and the token of the next one.
func page(n int, most int32, token *string) (from, to int, next *string, err error) {
	size := int(most)
	if size == 0 {
		size = 100
	}
	if token != nil {
		text, decodeErr := base64.StdEncoding.DecodeString(*token)
		from, err = strconv.Atoi(string(text))
		if decodeErr != nil || err != nil || from < 0 || from > n {
			return 0, 0, nil, &types.InvalidToken{Message: aws.String(fmt.Sprintf("Invalid Token: '%s'", *token))}
		}
	}
	to = min(from+size, n)
	if to < n {
		next = aws.String(base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(to))))
	}
	return from, to, next, nil
}
