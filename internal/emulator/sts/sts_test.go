package sts_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/sts"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

func TestGetCallerIdentity(t *testing.T) {
	t.Parallel()
	l := loop.NewVirtual(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	c := sdk.NewFromConfig(aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient:  wire.NewTransport(l, wire.NewMux("210987654321", "us-east-1", sts.New(l, "210987654321", "us-east-1").Wire()), wire.TransportOptions{}),
	})
	out, err := c.GetCallerIdentity(t.Context(), &sdk.GetCallerIdentityInput{})
	if err != nil {
		t.Fatalf("GetCallerIdentity: %v", err)
	}
	if *out.Account != "210987654321" || *out.Arn != "arn:aws:iam::210987654321:user/AKIDEXAMPLE" || *out.UserId != "AKIDEXAMPLE" {
		t.Errorf("identity = %s, %s, %s", *out.Account, *out.Arn, *out.UserId)
	}
}
