package infra_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluice-deploy/sluice/internal/emulator/iam/policy"
)

// TestArtifactsTakeNothingWithoutTLS evaluates the policy of the bucket with the code.
// Requests come by TLS as far as policies are evaluated here, so what a request without
// it would meet is seen with the condition turned round.
func TestArtifactsTakeNothingWithoutTLS(t *testing.T) {
	t.Parallel()
	s := mustDeploy(t, newCloud(t), "infra/artifacts.yaml", "sluice-artifacts", nil)
	bucket, properties := s.PhysicalIDs["Bucket"], resource(t, s, "BucketPolicy").Properties
	if properties["Bucket"] != bucket {
		t.Fatalf("the policy is that of bucket %v, want %s", properties["Bucket"], bucket)
	}
	text, err := json.Marshal(properties["PolicyDocument"])
	if err != nil {
		t.Fatal(err)
	}
	turned := strings.ReplaceAll(string(text), `"aws:SecureTransport":"false"`, `"aws:SecureTransport":"true"`)
	for action, on := range map[string]string{"s3:ListBucket": "", "s3:GetObject": "/sluice/code.zip", "s3:PutObject": "/sluice/code.zip"} {
		for document, want := range map[string]bool{string(text): true, turned: false} {
			if got := bucketAllows(t, document, action, "arn:aws:s3:::"+bucket+on); got != want {
				t.Errorf("%s on %s%s: allowed is %t, want %t, with\n%s", action, bucket, on, got, want, document)
			}
		}
	}
}

// bucketAllows decides what an administrator of the bucket's account asks for.
func bucketAllows(t *testing.T, document, action, resource string) bool {
	t.Helper()
	attached, err := policy.Parse(document, policy.Resource)
	if err != nil {
		t.Fatal(err)
	}
	return policy.Evaluate(policy.Request{
		Principal: policy.Principal{Account: account, ARN: "arn:aws:iam::" + account + ":user/ann"}, Action: action, Resource: resource,
		ResourceAccount: account, Region: region, Identity: []*policy.Document{policy.Administrator()}, Attached: attached,
	}).Allowed
}
