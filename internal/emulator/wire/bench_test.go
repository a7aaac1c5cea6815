package wire_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

func BenchmarkDynamoDBUpdateItem(b *testing.B) {
	item := map[string]types.AttributeValue{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		item[name] = &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
			"s": &types.AttributeValueMemberS{Value: "some text of an ordinary length"},
			"n": &types.AttributeValueMemberN{Value: "42"},
		}}
	}
	client := dynamodb.NewFromConfig(config(wire.NewService("dynamodb",
		wire.Op("UpdateItem", func(*wire.Call, *dynamodb.UpdateItemInput) (*dynamodb.UpdateItemOutput, error) {
			return &dynamodb.UpdateItemOutput{Attributes: item}, nil
		}))))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := client.UpdateItem(b.Context(), &dynamodb.UpdateItemInput{
			TableName: aws.String("table"), Key: map[string]types.AttributeValue{"k": &types.AttributeValueMemberS{Value: "v"}},
			UpdateExpression: aws.String("SET #a = :a"), ExpressionAttributeNames: map[string]string{"#a": "a"},
			ExpressionAttributeValues: item, ReturnValues: types.ReturnValueAllNew,
		}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkModifyRule(b *testing.B) {
	groups := []elbtypes.TargetGroupTuple{
		{TargetGroupArn: aws.String("arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/blue/1"), Weight: aws.Int32(90)},
		{TargetGroupArn: aws.String("arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/green/1"), Weight: aws.Int32(10)},
	}
	actions := []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, ForwardConfig: &elbtypes.ForwardActionConfig{TargetGroups: groups}}}
	client := elbv2.NewFromConfig(config(wire.NewService("elbv2",
		wire.Op("ModifyRule", func(_ *wire.Call, in *elbv2.ModifyRuleInput) (*elbv2.ModifyRuleOutput, error) {
			return &elbv2.ModifyRuleOutput{Rules: []elbtypes.Rule{{RuleArn: in.RuleArn, Actions: in.Actions}}}, nil
		}))))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := client.ModifyRule(b.Context(), &elbv2.ModifyRuleInput{RuleArn: aws.String("arn"), Actions: actions}); err != nil {
			b.Fatal(err)
		}
	}
}
