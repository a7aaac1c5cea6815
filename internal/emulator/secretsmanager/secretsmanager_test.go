package secretsmanager_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/secretsmanager"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// start gives a Secrets Manager with a secret "slack" of the value "one".
func start(t *testing.T) (*sdk.Client, *loop.Loop, *sdk.CreateSecretOutput) {
	t.Helper()
	l := loop.NewVirtual(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	mux := wire.NewMux("123456789012", "us-east-1", secretsmanager.New(l, "123456789012", "us-east-1").Wire())
	c := sdk.NewFromConfig(aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient:  wire.NewTransport(l, mux, wire.TransportOptions{}),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	})
	created, err := c.CreateSecret(t.Context(), &sdk.CreateSecretInput{Name: aws.String("slack"), SecretString: aws.String("one")})
	if err != nil {
		t.Fatalf("CreateSecret: %v", err)
	}
	return c, l, created
}

func get(t *testing.T, c *sdk.Client, in sdk.GetSecretValueInput) string {
	t.Helper()
	if in.SecretId == nil {
		in.SecretId = aws.String("slack")
	}
	out, err := c.GetSecretValue(t.Context(), &in)
	if err != nil {
		var api smithy.APIError
		if errors.As(err, &api) {
			return api.ErrorCode()
		}
		t.Fatalf("GetSecretValue: %v", err)
	}
	return aws.ToString(out.SecretString) + " " + strings.Join(out.VersionStages, ",")
}

func wantError(t *testing.T, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || api.ErrorMessage() != message {
		t.Errorf("error = %v, want %s: %s", err, code, message)
	}
}

func TestStagesMove(t *testing.T) {
	t.Parallel()
	c, _, created := start(t)
	for _, value := range []string{"two", "three"} {
		if _, err := c.PutSecretValue(t.Context(), &sdk.PutSecretValueInput{SecretId: aws.String("slack"), SecretString: &value}); err != nil {
			t.Fatalf("PutSecretValue: %v", err)
		}
	}
	pending, err := c.PutSecretValue(t.Context(), &sdk.PutSecretValueInput{SecretId: created.ARN, SecretString: aws.String("four"), VersionStages: []string{"AWSPENDING"}})
	if err != nil {
		t.Fatalf("PutSecretValue: %v", err)
	}
	got := []string{
		get(t, c, sdk.GetSecretValueInput{}),
		get(t, c, sdk.GetSecretValueInput{VersionStage: aws.String("AWSPREVIOUS")}),
		get(t, c, sdk.GetSecretValueInput{VersionStage: aws.String("AWSPENDING")}),
		get(t, c, sdk.GetSecretValueInput{VersionId: created.VersionId}),
		get(t, c, sdk.GetSecretValueInput{VersionId: pending.VersionId, VersionStage: aws.String("AWSCURRENT")}),
		get(t, c, sdk.GetSecretValueInput{VersionStage: aws.String("OTHER")}),
		get(t, c, sdk.GetSecretValueInput{SecretId: aws.String("arn:aws:secretsmanager:us-east-1:123456789012:secret:slack")}),
	}
	want := []string{"three AWSCURRENT", "two AWSPREVIOUS", "four AWSPENDING", "one ", "InvalidRequestException", "ResourceNotFoundException", "three AWSCURRENT"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("values and labels (-want +got):\n%s", diff)
	}
	described, err := c.DescribeSecret(t.Context(), &sdk.DescribeSecretInput{SecretId: aws.String("slack")})
	if err != nil {
		t.Fatalf("DescribeSecret: %v", err)
	}
	if got := described.VersionIdsToStages[*pending.VersionId]; len(described.VersionIdsToStages) != 3 || !cmp.Equal(got, []string{"AWSPENDING"}) {
		t.Errorf("labels = %v, want three versions with AWSPENDING on %s", described.VersionIdsToStages, *pending.VersionId)
	}
}

func TestVersionsDoNotChange(t *testing.T) {
	t.Parallel()
	c, _, _ := start(t)
	token := strings.Repeat("t", 32)
	put := func(value string) error {
		_, err := c.PutSecretValue(t.Context(), &sdk.PutSecretValueInput{SecretId: aws.String("slack"), SecretString: &value, ClientRequestToken: &token})
		return err
	}
	for range 2 {
		if err := put("two"); err != nil {
			t.Errorf("PutSecretValue with the same token and value: %v", err)
		}
	}
	wantError(t, put("three"), "ResourceExistsException", "You can't modify an existing version, you can only create a new version.")
}

func TestDeletedSecretWaitsForItsWindow(t *testing.T) {
	t.Parallel()
	c, l, _ := start(t)
	out, err := c.DeleteSecret(t.Context(), &sdk.DeleteSecretInput{SecretId: aws.String("slack"), RecoveryWindowInDays: aws.Int64(7)})
	if err != nil {
		t.Fatalf("DeleteSecret: %v", err)
	}
	if want := l.Now().Add(7 * 24 * time.Hour); !out.DeletionDate.Equal(want) {
		t.Errorf("deletion at %v, want %v", out.DeletionDate, want)
	}
	_, err = c.GetSecretValue(t.Context(), &sdk.GetSecretValueInput{SecretId: aws.String("slack")})
	wantError(t, err, "InvalidRequestException", "You can't perform this operation on the secret because it was marked for deletion.")
	_, err = c.CreateSecret(t.Context(), &sdk.CreateSecretInput{Name: aws.String("slack")})
	wantError(t, err, "InvalidRequestException", "You can't create this secret because a secret with this name is already scheduled for deletion.")
	if described, err := c.DescribeSecret(t.Context(), &sdk.DescribeSecretInput{SecretId: aws.String("slack")}); err != nil || described.DeletedDate == nil {
		t.Errorf("DescribeSecret = %+v, %v, want the date of the deletion", described, err)
	}
	l.RunFor(8 * 24 * time.Hour)
	_, err = c.DescribeSecret(t.Context(), &sdk.DescribeSecretInput{SecretId: aws.String("slack")})
	wantError(t, err, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

func TestForcedDeletion(t *testing.T) {
	t.Parallel()
	c, _, _ := start(t)
	_, err := c.DeleteSecret(t.Context(), &sdk.DeleteSecretInput{SecretId: aws.String("slack"), ForceDeleteWithoutRecovery: aws.Bool(true), RecoveryWindowInDays: aws.Int64(7)})
	wantError(t, err, "InvalidParameterException", "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
	if _, err := c.DeleteSecret(t.Context(), &sdk.DeleteSecretInput{SecretId: aws.String("slack"), ForceDeleteWithoutRecovery: aws.Bool(true)}); err != nil {
		t.Fatalf("DeleteSecret: %v", err)
	}
	if _, err := c.CreateSecret(t.Context(), &sdk.CreateSecretInput{Name: aws.String("slack")}); err != nil {
		t.Errorf("CreateSecret after a forced deletion: %v", err)
	}
}

func TestSecretWithoutValue(t *testing.T) {
	t.Parallel()
	c, _, _ := start(t)
	_, err := c.CreateSecret(t.Context(), &sdk.CreateSecretInput{Name: aws.String("slack")})
	wantError(t, err, "ResourceExistsException", "The operation failed because the secret slack already exists.")
	if _, err := c.CreateSecret(t.Context(), &sdk.CreateSecretInput{Name: aws.String("empty")}); err != nil {
		t.Fatalf("CreateSecret: %v", err)
	}
	_, err = c.GetSecretValue(t.Context(), &sdk.GetSecretValueInput{SecretId: aws.String("empty")})
	wantError(t, err, "ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT")
}
