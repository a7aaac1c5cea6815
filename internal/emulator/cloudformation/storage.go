package cloudformation

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// storageCreator creates what holds things: tables, queues, buckets, values,
// images.
func storageCreator(kind string) creator {
	switch kind {
	case "AWS::DynamoDB::Table":
		return createTable
	case "AWS::ECR::Repository":
		return createRepository
	case "AWS::S3::Bucket":
		return createBucket
	case "AWS::SQS::Queue":
		return createQueue
	case "AWS::SQS::QueuePolicy":
		return createQueuePolicy
	case "AWS::SSM::Parameter":
		return createParameter
	case "AWS::SecretsManager::Secret":
		return createSecret
	}
	return nil
}

// createTable waits until the table is active. Backups and tags are kept.
func createTable(r *request) (*created, error) {
	name := r.name("TableName", 255)
	properties, timeToLive := taken(r.properties, "TimeToLiveSpecification")
	properties, _ = taken(properties, "PointInTimeRecoverySpecification", "ContributorInsightsSpecification", "Tags")
	for i, f := range properties.fields {
		switch f.name {
		case "SSESpecification":
			properties.fields[i].value = renamed(f.value, map[string]string{"SSEEnabled": "Enabled"})
		case "StreamSpecification":
			enabled := mapping(f.line, field{name: "StreamEnabled", value: text(f.line, "true")})
			properties.fields[i].value = merge(enabled, f.value)
		}
	}
	if _, err := r.call("dynamodb", "CreateTable", &dynamodb.CreateTableInput{}, properties, map[string]any{"TableName": name}); err != nil {
		return nil, err
	}
	description, err := r.activeTable(name)
	if err != nil {
		return nil, err
	}
	if len(timeToLive.fields) > 0 {
		more := map[string]any{"TableName": name}
		if _, err := r.call("dynamodb", "UpdateTimeToLive", &dynamodb.UpdateTimeToLiveInput{}, timeToLive, more); err != nil {
			return nil, err
		}
	}
	return &created{name, map[string]string{
		"Arn": pick(description, "Table", "TableArn"), "StreamArn": pick(description, "Table", "LatestStreamArn"),
	}}, nil
}

// activeTable describes the table once it is active.
func (r *request) activeTable(name string) (map[string]any, error) {
	const attempts = 600
	for range attempts {
		description, err := r.ask("dynamodb", "DescribeTable", map[string]any{"TableName": name})
		if err != nil || pick(description, "Table", "TableStatus") == "ACTIVE" {
			return description, err
		}
		r.Wait(time.Second)
	}
	return nil, fmt.Errorf("table %s is not active after %d seconds", name, attempts)
}

// createQueue puts the properties into the queue's attributes, which are all
// strings.
func createQueue(r *request) (*created, error) {
	name := r.name("QueueName", 80)
	attributes := map[string]any{}
	properties, _ := taken(r.properties, "QueueName", "Tags")
	for _, f := range properties.fields {
		value, err := document(f.value)
		if err != nil {
			return nil, err
		}
		attributes[f.name] = value.text
	}
	out, err := r.ask("sqs", "CreateQueue", map[string]any{"QueueName": name, "Attributes": attributes})
	if err != nil {
		return nil, err
	}
	url := pick(out, "QueueUrl")
	return &created{url, map[string]string{"Arn": r.arn("sqs", name), "QueueName": name, "QueueUrl": url}}, nil
}

func createQueuePolicy(r *request) (*created, error) {
	policy := r.properties.get("PolicyDocument")
	if policy == nil {
		return nil, fail(r.line, "property PolicyDocument is required")
	}
	written, err := document(policy)
	if err != nil {
		return nil, err
	}
	queues := r.properties.get("Queues")
	if queues == nil || queues.kind != listKind {
		return nil, fail(r.line, "property Queues is a list of queue URLs")
	}
	for _, url := range queues.items {
		input := map[string]any{"QueueUrl": url.text, "Attributes": map[string]any{"Policy": written.text}}
		if _, err := r.ask("sqs", "SetQueueAttributes", input); err != nil {
			return nil, err
		}
	}
	return &created{r.name("", 255), nil}, nil
}

// createBucket keeps who may read the bucket, how it is encrypted and how long
// objects stay: objects are not aged here.
func createBucket(r *request) (*created, error) {
	name := strings.ToLower(r.name("BucketName", 63))
	properties, _ := taken(r.properties, "BucketName", "BucketEncryption", "PublicAccessBlockConfiguration",
		"OwnershipControls", "LifecycleConfiguration", "Tags")
	for _, f := range properties.fields {
		return nil, fail(f.line, "property %s is not supported", f.name)
	}
	input := map[string]any{"Bucket": name}
	if region := r.scope.settings.Region; region != "us-east-1" {
		input["CreateBucketConfiguration"] = map[string]any{"LocationConstraint": region}
	}
	if _, err := r.ask("s3", "CreateBucket", input); err != nil {
		return nil, err
	}
	return &created{name, map[string]string{
		"Arn": "arn:aws:s3:::" + name, "DomainName": name + ".s3.amazonaws.com",
		"RegionalDomainName": name + ".s3." + r.scope.settings.Region + ".amazonaws.com",
	}}, nil
}

func createParameter(r *request) (*created, error) {
	name := r.name("Name", 1011)
	properties, _ := taken(r.properties, "Tags")
	if _, err := r.call("ssm", "PutParameter", &ssm.PutParameterInput{}, properties, map[string]any{"Name": name}); err != nil {
		return nil, err
	}
	return &created{name, map[string]string{
		"Type": r.properties.get("Type").String(), "Value": r.properties.get("Value").String(),
	}}, nil
}

func createSecret(r *request) (*created, error) {
	name := r.name("Name", 512)
	properties, generate := taken(r.properties, "GenerateSecretString")
	properties, _ = taken(properties, "Tags", "KmsKeyId")
	more := map[string]any{"Name": name, "ClientRequestToken": r.ID(32)}
	if len(generate.fields) > 0 {
		secret, err := r.generateSecret(generate.fields[0].value)
		if err != nil {
			return nil, err
		}
		more["SecretString"] = secret
	}
	out, err := r.call("secretsmanager", "CreateSecret", &secretsmanager.CreateSecretInput{}, properties, more)
	if err != nil {
		return nil, err
	}
	return &created{pick(out, "ARN"), map[string]string{"Id": pick(out, "ARN")}}, nil
}

// generateSecret makes a password of hexadecimal characters, which keeps to
// whatever characters are excluded but those.
func (r *request) generateSecret(n *node) (string, error) {
	length := 32
	if given := n.get("PasswordLength"); given != nil {
		var err error
		if length, err = strconv.Atoi(given.text); err != nil || length < 1 {
			return "", fail(given.line, "property PasswordLength is a positive integer, not %v", given)
		}
	}
	if excluded := n.get("ExcludeCharacters"); excluded != nil && strings.ContainsAny(excluded.text, "0123456789abcdef") {
		return "", fail(excluded.line, "property ExcludeCharacters with digits or letters a to f is not supported")
	}
	password := r.ID(length)
	template := n.get("SecretStringTemplate")
	if template == nil {
		return password, nil
	}
	values := map[string]any{}
	if err := json.Unmarshal([]byte(template.text), &values); err != nil {
		return "", fail(template.line, "property SecretStringTemplate: %w", err)
	}
	values[n.get("GenerateStringKey").String()] = password
	out, err := json.Marshal(values)
	return string(out), err
}

// createRepository keeps the repository's policies.
func createRepository(r *request) (*created, error) {
	name := strings.ToLower(r.name("RepositoryName", 256))
	properties, _ := taken(r.properties, "LifecyclePolicy", "RepositoryPolicyText", "EmptyOnDelete", "Tags")
	out, err := r.call("ecr", "CreateRepository", &ecr.CreateRepositoryInput{}, properties, map[string]any{"RepositoryName": name})
	if err != nil {
		return nil, err
	}
	return &created{name, map[string]string{
		"Arn": pick(out, "Repository", "RepositoryArn"), "RepositoryUri": pick(out, "Repository", "RepositoryUri"),
	}}, nil
}
