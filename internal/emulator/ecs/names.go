package ecs

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
)

func (s *Service) arn(resource string) string {
	return partition.ARN("ecs", s.region, s.account, resource)
}

// lastPart is what stands behind the last slash: the name in an ARN, or the name
// itself.
func lastPart(nameOrARN string) string {
	return nameOrARN[strings.LastIndex(nameOrARN, "/")+1:]
}

// deploymentID is in the form that AWS gives: ecs-svc/ and 19 digits.
func (s *Service) deploymentID() string {
	n, err := strconv.ParseUint(s.loop.ID(15), 16, 64)
	if err != nil {
		panic("ecs: the loop's ID is not hexadecimal: " + err.Error())
	}
	return "ecs-svc/" + strconv.FormatUint(1_000_000_000_000_000_000+n, 10)
}

func invalidParameter(message string) error {
	return &types.InvalidParameterException{Message: aws.String(message)}
}

func clientError(message string) error {
	return &types.ClientException{Message: aws.String(message)}
}

// notEmulated refuses what AWS would do and this emulator does not.
func notEmulated(what string) error {
	return &types.UnsupportedFeatureException{Message: aws.String("The local cloud does not emulate " + what + ".")}
}

// page cuts the items that a List operation gives at once, and the token for
// what follows.
func page(items []string, token *string, maxResults *int32, fallback int) ([]string, *string, error) {
	size := fallback
	if maxResults != nil {
		if *maxResults < 1 || *maxResults > 100 {
			return nil, nil, invalidParameter("maxResults must be between 1 and 100.")
		}
		size = int(*maxResults)
	}
	start := 0
	if token != nil {
		text, err := base64.RawURLEncoding.DecodeString(*token)
		if err != nil {
			return nil, nil, invalidParameter("Invalid token.")
		}
		if start, err = strconv.Atoi(string(text)); err != nil || start < 0 || start > len(items) {
			return nil, nil, invalidParameter("Invalid token.")
		}
	}
	end := min(start+size, len(items))
	if end == len(items) {
		return items[start:], nil, nil
	}
	next := base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(end)))
	return items[start:end], &next, nil
}
