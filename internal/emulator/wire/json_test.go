package wire_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

const (
	account = "123456789012"
	region  = "us-east-1"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// config is an SDK configuration whose clients call the mux in process.
func config(services ...*wire.Service) aws.Config {
	return configOn(loop.NewVirtual(start), wire.TransportOptions{}, services...)
}

func configOn(l *loop.Loop, o wire.TransportOptions, services ...*wire.Service) aws.Config {
	return aws.Config{
		Region:      region,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient:  wire.NewTransport(l, wire.NewMux(account, region, services...), o),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

func TestJSONCarriesEveryAttributeValue(t *testing.T) {
	t.Parallel()
	item := map[string]types.AttributeValue{
		"s":    &types.AttributeValueMemberS{Value: "text \u00e9 \"<>&\" \n"},
		"n":    &types.AttributeValueMemberN{Value: "1.5"},
		"b":    &types.AttributeValueMemberB{Value: []byte{0, 255}},
		"bool": &types.AttributeValueMemberBOOL{Value: false},
		"null": &types.AttributeValueMemberNULL{Value: true},
		"ss":   &types.AttributeValueMemberSS{Value: []string{"a", "b"}},
		"ns":   &types.AttributeValueMemberNS{Value: []string{"1"}},
		"bs":   &types.AttributeValueMemberBS{Value: [][]byte{{1}}},
		"l":    &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberS{Value: ""}}},
		"m": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
			"inner": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{}},
		}},
	}
	var got *dynamodb.PutItemInput
	client := dynamodb.NewFromConfig(config(wire.NewService("dynamodb",
		wire.Op("PutItem", func(_ *wire.Call, in *dynamodb.PutItemInput) (*dynamodb.PutItemOutput, error) {
			got = in
			return &dynamodb.PutItemOutput{Attributes: in.Item}, nil
		}))))
	out, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("table"), Item: item})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(item, got.Item, ignoreSerde()); diff != "" {
		t.Errorf("item at the handler (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(item, out.Attributes, ignoreSerde()); diff != "" {
		t.Errorf("item at the client (-want +got):\n%s", diff)
	}
}

func TestJSONErrorsReachTheClientAsTheirTypes(t *testing.T) {
	t.Parallel()
	client := dynamodb.NewFromConfig(config(wire.NewService("dynamodb",
		wire.Op("PutItem", func(*wire.Call, *dynamodb.PutItemInput) (*dynamodb.PutItemOutput, error) {
			return nil, &types.ConditionalCheckFailedException{
				Message: aws.String("The conditional request failed"),
				Item:    map[string]types.AttributeValue{"k": &types.AttributeValueMemberS{Value: "v"}},
			}
		}))))
	_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{
		TableName: aws.String("table"), Item: map[string]types.AttributeValue{},
	})
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) {
		t.Fatalf("error = %v, want ConditionalCheckFailedException", err)
	}
	if got, want := failed.ErrorMessage(), "The conditional request failed"; got != want {
		t.Errorf("message = %q, want %q", got, want)
	}
	want := map[string]types.AttributeValue{"k": &types.AttributeValueMemberS{Value: "v"}}
	if diff := cmp.Diff(want, failed.Item, ignoreSerde()); diff != "" {
		t.Errorf("item (-want +got):\n%s", diff)
	}
}

// ignoreSerde leaves the SDK's marker fields out of comparisons.
func ignoreSerde() cmp.Option {
	return cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".noSmithyDocumentSerde" }, cmp.Ignore())
}
