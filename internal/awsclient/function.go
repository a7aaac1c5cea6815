package awsclient

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// OfFunction gives the configuration of a Lambda function from the variables that Lambda
// sets for it (AWS: Lambda Developer Guide, using environment variables): its role's
// credentials, which are good for as long as the process lives, and its Region; with
// CallTimeout on every request. AWS_ENDPOINT_URL leads elsewhere, as in the local cloud.
//
// The SDK's own chain looks in many more places, and what it brings for them would be
// made ready at every start.
func OfFunction(getenv func(string) string) (aws.Config, error) {
	c := aws.Credentials{
		AccessKeyID: getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken: getenv("AWS_SESSION_TOKEN"), Source: "Lambda",
	}
	cfg := aws.Config{
		Region: getenv("AWS_REGION"), Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return c, nil }),

		HTTPClient:                 Whole(awshttp.NewBuildableClient().WithTimeout(CallTimeout)),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
		AccountIDEndpointMode:      aws.AccountIDEndpointModePreferred,
	}
	if endpoint := getenv("AWS_ENDPOINT_URL"); endpoint != "" {
		cfg.BaseEndpoint = &endpoint
	}
	if c.AccessKeyID == "" || c.SecretAccessKey == "" || cfg.Region == "" {
		return cfg, errors.New("environment variables missing: AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, which Lambda sets")
	}
	return cfg, nil
}
