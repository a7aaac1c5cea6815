package dynamodb_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Short forms of values.
type (
	item = map[string]types.AttributeValue
	str  = types.AttributeValueMemberS
	num  = types.AttributeValueMemberN
	list = types.AttributeValueMemberL
	dict = types.AttributeValueMemberM
	strs = types.AttributeValueMemberSS
)

func s(v string) types.AttributeValue { return &str{Value: v} }
func n(v string) types.AttributeValue { return &num{Value: v} }

// cloud is a DynamoDB with a client, and a table "items" with keys pk and sk, a
// global index "byHolder" and a local one "byAge".
type cloud struct {
	*sdk.Client
	loop    *loop.Loop
	stale   bool
	service *dynamodb.Service
}

func start(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{loop: loop.NewVirtual(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))}
	c.service = dynamodb.New(c.loop, "123456789012", "us-east-1", dynamodb.Deps{Stale: func(string) bool { return c.stale }})
	c.Client = sdk.NewFromConfig(aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient:  wire.NewTransport(c.loop, wire.NewMux("123456789012", "us-east-1", c.service.Wire()), wire.TransportOptions{}),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	})
	if _, err := c.CreateTable(t.Context(), itemsTable()); err != nil {
		t.Fatalf("CreateTable: %v", err)
	}
	c.loop.RunFor(time.Minute)
	return c
}

func itemsTable() *sdk.CreateTableInput {
	hash := func(name string) types.KeySchemaElement {
		return types.KeySchemaElement{AttributeName: &name, KeyType: types.KeyTypeHash}
	}
	sort := func(name string) types.KeySchemaElement {
		return types.KeySchemaElement{AttributeName: &name, KeyType: types.KeyTypeRange}
	}
	attribute := func(name string, kind types.ScalarAttributeType) types.AttributeDefinition {
		return types.AttributeDefinition{AttributeName: &name, AttributeType: kind}
	}
	return &sdk.CreateTableInput{
		TableName:            aws.String("items"),
		BillingMode:          types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{attribute("pk", "S"), attribute("sk", "N"), attribute("holder", "S"), attribute("age", "N")},
		KeySchema:            []types.KeySchemaElement{hash("pk"), sort("sk")},
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName: aws.String("byHolder"), KeySchema: []types.KeySchemaElement{hash("holder"), sort("age")},
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeInclude, NonKeyAttributes: []string{"note"}},
		}},
		LocalSecondaryIndexes: []types.LocalSecondaryIndex{{
			IndexName: aws.String("byAge"), KeySchema: []types.KeySchemaElement{hash("pk"), sort("age")},
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly},
		}},
	}
}

// key is the primary key of an item of the table.
func key(pk, sk string) item { return item{"pk": s(pk), "sk": n(sk)} }

func (c *cloud) put(t *testing.T, i item) {
	t.Helper()
	if _, err := c.PutItem(t.Context(), &sdk.PutItemInput{TableName: aws.String("items"), Item: i}); err != nil {
		t.Fatalf("PutItem(%v): %v", i, err)
	}
}

func (c *cloud) get(t *testing.T, k item) item {
	t.Helper()
	out, err := c.GetItem(t.Context(), &sdk.GetItemInput{TableName: aws.String("items"), Key: k, ConsistentRead: aws.Bool(true)})
	if err != nil {
		t.Fatalf("GetItem(%v): %v", k, err)
	}
	return out.Item
}

// wantItem compares items.
func wantItem(t *testing.T, what string, got, want item) {
	t.Helper()
	if diff := diffItems(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func diffItems(want, got any) string {
	return cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(
		str{}, num{}, list{}, dict{}, strs{}, types.AttributeValueMemberB{}, types.AttributeValueMemberBOOL{},
		types.AttributeValueMemberNULL{}, types.AttributeValueMemberNS{}, types.AttributeValueMemberBS{}))
}

// wantError checks an error's code and message.
func wantError(t *testing.T, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Errorf("error = %v, want %s: %s", err, code, message)
		return
	}
	if api.ErrorCode() != code || api.ErrorMessage() != message {
		t.Errorf("error = %s: %s\nwant    %s: %s", api.ErrorCode(), api.ErrorMessage(), code, message)
	}
}
