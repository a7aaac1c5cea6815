package cloudformation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
)

// storageHandler creates what holds things: tables, queues, buckets, values,
// images.
func storageHandler(kind string) (handler, bool) {
	switch kind {
	case "AWS::DynamoDB::Table":
		return handler{create: createTable, update: updateTable, remove: removeTable, name: "TableName"}, true
	case "AWS::ECR::Repository":
		return handler{create: createRepository, update: updateRepository, remove: removeRepository, name: "RepositoryName"}, true
	case "AWS::S3::Bucket":
		return handler{create: createBucket, update: updateBucket, remove: removes("s3", "DeleteBucket", "Bucket"), name: "BucketName"}, true
	case "AWS::SQS::Queue":
		return handler{create: createQueue, update: updateQueue, remove: removes("sqs", "DeleteQueue", "QueueUrl"), name: "QueueName"}, true
	case "AWS::SQS::QueuePolicy":
		return puts(putQueuePolicy, removeQueuePolicy), true
	case "AWS::SSM::Parameter":
		return puts(putParameter, removes("ssm", "DeleteParameter", "Name")).named("Name"), true
	case "AWS::SecretsManager::Secret":
		return handler{create: createSecret, update: updateSecret, remove: removeSecret, name: "Name"}, true
	}
	return handler{}, false
}

// createTable waits until the table is active. Backups and tags are kept.
func createTable(r *request) (*created, error) {
	name := r.name("TableName", 255)
	properties, timeToLive := tableProperties(r.properties)
	if _, err := r.call("dynamodb", "CreateTable", &dynamodb.CreateTableInput{}, properties, map[string]any{"TableName": name}); err != nil {
		return nil, err
	}
	description, err := r.activeTable(name)
	made := &created{name, map[string]string{
		"Arn": pick(description, "Table", "TableArn"), "StreamArn": pick(description, "Table", "LatestStreamArn"),
	}}
	if err != nil {
		return made, err
	}
	return made, r.setTimeToLive(name, timeToLive)
}

// tableProperties are what tables are created and updated with, and their time to
// live apart.
func tableProperties(all *node) (properties, timeToLive *node) {
	properties, timeToLive = taken(all, "TimeToLiveSpecification")
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
	return properties, timeToLive
}

func (r *request) setTimeToLive(name string, timeToLive *node) error {
	if len(timeToLive.fields) == 0 {
		return nil
	}
	_, err := r.call("dynamodb", "UpdateTimeToLive", &dynamodb.UpdateTimeToLiveInput{}, timeToLive, map[string]any{"TableName": name})
	return err
}

// updateTable changes what UpdateTable takes; backups and tags are kept.
func updateTable(r *request) (*created, error) {
	name := r.was.ref
	properties, timeToLive := tableProperties(r.properties)
	_, wants := taken(properties, changed(r.was.properties, r.properties)...)
	const protection = "DeletionProtectionEnabled"
	if r.properties.get(protection) == nil && r.was.properties.get(protection) != nil {
		wants.fields = append(wants.fields, field{protection, r.line, text(r.line, "false")})
	}
	if len(wants.fields) > 0 {
		if _, err := r.call("dynamodb", "UpdateTable", &dynamodb.UpdateTableInput{}, wants, map[string]any{"TableName": name}); err != nil {
			return nil, err
		}
		if _, err := r.activeTable(name); err != nil {
			return nil, err
		}
	}
	if same(r.was.properties.get("TimeToLiveSpecification"), r.properties.get("TimeToLiveSpecification")) {
		return r.was.created, nil
	}
	return r.was.created, r.setTimeToLive(name, timeToLive)
}

// removeTable waits until the table is gone.
func removeTable(r *request) error {
	if _, err := r.ask("dynamodb", "DeleteTable", map[string]any{"TableName": r.was.ref}); err != nil {
		return err
	}
	const attempts = 600
	for range attempts {
		if _, err := r.ask("dynamodb", "DescribeTable", map[string]any{"TableName": r.was.ref}); err != nil {
			return gone(err)
		}
		r.Wait(time.Second)
	}
	return fmt.Errorf("table %s is not gone after %d seconds", r.was.ref, attempts)
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

// updateQueue sets the attributes that changed; one that the template does not say
// any more stays as it is.
func updateQueue(r *request) (*created, error) {
	attributes := map[string]any{}
	for _, property := range changed(r.was.properties, r.properties) {
		value := r.properties.get(property)
		if property == "Tags" || value.isNull() {
			continue
		}
		written, err := document(value)
		if err != nil {
			return nil, err
		}
		attributes[property] = written.text
	}
	if len(attributes) == 0 {
		return r.was.created, nil
	}
	_, err := r.ask("sqs", "SetQueueAttributes", map[string]any{"QueueUrl": r.was.ref, "Attributes": attributes})
	return r.was.created, err
}

func removeQueuePolicy(r *request) error {
	for _, url := range texts(r.was.properties.get("Queues")) {
		input := map[string]any{"QueueUrl": url, "Attributes": map[string]any{"Policy": ""}}
		if _, err := r.ask("sqs", "SetQueueAttributes", input); err != nil && !isGone(err) {
			return err
		}
	}
	return nil
}

func putQueuePolicy(r *request) (*created, error) {
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
// objects stay: objects are not aged here, and have no versions.
func createBucket(r *request) (*created, error) {
	name := strings.ToLower(r.name("BucketName", 63))
	if err := checkBucket(r); err != nil {
		return nil, err
	}
	input := map[string]any{"Bucket": name}
	if r.Region != "us-east-1" {
		input["CreateBucketConfiguration"] = map[string]any{"LocationConstraint": r.Region}
	}
	if _, err := r.ask("s3", "CreateBucket", input); err != nil {
		return nil, err
	}
	return &created{name, map[string]string{
		"Arn": partition.Global("s3", r.Region, "", name), "DomainName": name + ".s3." + partition.Domain(r.Region),
		"RegionalDomainName": name + ".s3." + r.Region + "." + partition.Domain(r.Region),
	}}, nil
}

func updateBucket(r *request) (*created, error) { return r.was.created, checkBucket(r) }

// checkBucket refuses what would change what the bucket does.
func checkBucket(r *request) error {
	properties, _ := taken(r.properties, "BucketName", "BucketEncryption", "PublicAccessBlockConfiguration",
		"OwnershipControls", "LifecycleConfiguration", "LoggingConfiguration", "VersioningConfiguration", "Tags")
	for _, f := range properties.fields {
		return fail(f.line, "property %s is not supported", f.name)
	}
	return nil
}

func putParameter(r *request) (*created, error) {
	name := r.name("Name", 1011)
	properties, _ := taken(r.properties, "Tags")
	more := map[string]any{"Name": name}
	if r.was != nil {
		more["Overwrite"] = true
	}
	if _, err := r.call("ssm", "PutParameter", &ssm.PutParameterInput{}, properties, more); err != nil {
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

// updateSecret puts another value, if the template has it. One that was generated is
// not generated again.
func updateSecret(r *request) (*created, error) {
	for _, property := range changed(r.was.properties, r.properties) {
		switch property {
		case "SecretString":
			input := map[string]any{"SecretId": r.was.ref, "SecretString": r.properties.get(property).String(), "ClientRequestToken": r.ID(32)}
			if _, err := r.ask("secretsmanager", "PutSecretValue", input); err != nil {
				return nil, err
			}
		case "Tags", "KmsKeyId", "Description":
		default:
			return nil, fmt.Errorf("an update of property %s is not emulated", property)
		}
	}
	return r.was.created, nil
}

func removeSecret(r *request) error {
	_, err := r.ask("secretsmanager", "DeleteSecret", map[string]any{"SecretId": r.was.ref, "ForceDeleteWithoutRecovery": true})
	return err
}

// createRepository keeps the repository's policies, and whether its images are scanned.
func createRepository(r *request) (*created, error) {
	name := strings.ToLower(r.name("RepositoryName", 256))
	properties, _ := taken(r.properties, keptOfRepositories()...)
	for i, f := range properties.fields {
		if f.name == "ImageTagMutabilityExclusionFilters" {
			properties.fields[i].value = exclusionFilters(f)
		}
	}
	out, err := r.call("ecr", "CreateRepository", &ecr.CreateRepositoryInput{}, properties, map[string]any{"RepositoryName": name})
	if err != nil {
		return nil, err
	}
	return &created{name, map[string]string{
		"Arn": pick(out, "Repository", "RepositoryArn"), "RepositoryUri": pick(out, "Repository", "RepositoryUri"),
	}}, nil
}

func keptOfRepositories() []string {
	return []string{"LifecyclePolicy", "RepositoryPolicyText", "ImageScanningConfiguration", "EmptyOnDelete", "Tags"}
}

// exclusionFilters are filters by the names that ECR's API has for their properties.
func exclusionFilters(filters field) *node {
	out := list(filters.line)
	for _, filter := range itemsOf(filters.value) {
		out.items = append(out.items, renamed(filter, map[string]string{
			"ImageTagMutabilityExclusionFilterType": "FilterType", "ImageTagMutabilityExclusionFilterValue": "Filter",
		}))
	}
	return out
}

// updateRepository keeps the policies; what else changed has no operation here.
func updateRepository(r *request) (*created, error) {
	for _, property := range changed(r.was.properties, r.properties) {
		if !slices.Contains(keptOfRepositories(), property) {
			return nil, fmt.Errorf("an update of property %s is not emulated", property)
		}
	}
	return r.was.created, nil
}

func removeRepository(r *request) error {
	force := optional(r.was.properties.get("EmptyOnDelete")) == "true"
	_, err := r.ask("ecr", "DeleteRepository", map[string]any{"RepositoryName": r.was.ref, "Force": force})
	return err
}
