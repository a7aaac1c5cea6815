package dynamodb_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
)

func TestTableLife(t *testing.T) {
	t.Parallel()
	c := start(t)
	in := itemsTable()
	in.TableName = aws.String("other")
	created, err := c.CreateTable(t.Context(), in)
	if err != nil {
		t.Fatalf("CreateTable: %v", err)
	}
	if got := created.TableDescription.TableStatus; got != types.TableStatusCreating {
		t.Errorf("status = %s, want CREATING", got)
	}
	_, err = c.GetItem(t.Context(), &sdk.GetItemInput{TableName: in.TableName, Key: key("a", "1")})
	wantError(t, err, "ResourceNotFoundException", "Requested resource not found")
	_, err = c.CreateTable(t.Context(), in)
	wantError(t, err, "ResourceInUseException", "Table already exists: other")
	_, err = c.DeleteTable(t.Context(), &sdk.DeleteTableInput{TableName: in.TableName})
	wantError(t, err, "ResourceInUseException", "Attempt to change a resource which is still in use: Table is being created: other")

	c.loop.RunFor(10 * time.Second)
	described, err := c.DescribeTable(t.Context(), &sdk.DescribeTableInput{TableName: in.TableName})
	if err != nil {
		t.Fatalf("DescribeTable: %v", err)
	}
	table := described.Table
	got := []string{string(table.TableStatus), *table.TableArn, string(table.BillingModeSummary.BillingMode), *table.GlobalSecondaryIndexes[0].IndexName, *table.LocalSecondaryIndexes[0].IndexName}
	want := []string{"ACTIVE", "arn:aws:dynamodb:us-east-1:123456789012:table/other", "PAY_PER_REQUEST", "byHolder", "byAge"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}

	if _, err := c.DeleteTable(t.Context(), &sdk.DeleteTableInput{TableName: in.TableName}); err != nil {
		t.Fatalf("DeleteTable: %v", err)
	}
	c.loop.RunFor(10 * time.Second)
	_, err = c.DescribeTable(t.Context(), &sdk.DescribeTableInput{TableName: in.TableName})
	wantError(t, err, "ResourceNotFoundException", "Requested resource not found: Table: other not found")
	listed, err := c.ListTables(t.Context(), &sdk.ListTablesInput{})
	if err != nil {
		t.Fatalf("ListTables: %v", err)
	}
	if diff := cmp.Diff([]string{"items"}, listed.TableNames); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
}

func TestListTablesInPages(t *testing.T) {
	t.Parallel()
	c := start(t)
	for _, name := range []string{"zebra", "apple"} {
		in := itemsTable()
		in.TableName = &name
		if _, err := c.CreateTable(t.Context(), in); err != nil {
			t.Fatalf("CreateTable %s: %v", name, err)
		}
	}
	var pages [][]string
	for pager := sdk.NewListTablesPaginator(c.Client, &sdk.ListTablesInput{Limit: aws.Int32(2)}); pager.HasMorePages(); {
		page, err := pager.NextPage(t.Context())
		if err != nil {
			t.Fatalf("ListTables: %v", err)
		}
		pages = append(pages, page.TableNames)
	}
	if diff := cmp.Diff([][]string{{"apple", "items"}, {"zebra"}}, pages); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}

func TestCreateTableRefused(t *testing.T) {
	t.Parallel()
	const invalid = "One or more parameter values were invalid: "
	for name, test := range map[string]struct {
		change func(*sdk.CreateTableInput)
		want   string
	}{
		"ThroughputOnDemand": {
			func(in *sdk.CreateTableInput) {
				in.ProvisionedThroughput = &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(1), WriteCapacityUnits: aws.Int64(1)}
			},
			invalid + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
		},
		"NoThroughput": {
			func(in *sdk.CreateTableInput) { in.BillingMode = types.BillingModeProvisioned },
			invalid + "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
		},
		"UndefinedKey": {
			func(in *sdk.CreateTableInput) { in.AttributeDefinitions = in.AttributeDefinitions[1:] },
			invalid + "Some index key attributes are not defined in AttributeDefinitions. Keys: [pk, sk], AttributeDefinitions: [sk, holder, age]",
		},
		"RangeFirst": {
			func(in *sdk.CreateTableInput) { in.KeySchema[0].KeyType = types.KeyTypeRange },
			"Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
		},
		"SameKeyTwice": {
			func(in *sdk.CreateTableInput) { in.KeySchema[1].AttributeName = aws.String("pk") },
			"Both the Hash Key and the Range Key element in the KeySchema have the same name",
		},
		"DefinedForNothing": {
			func(in *sdk.CreateTableInput) { in.GlobalSecondaryIndexes, in.LocalSecondaryIndexes = nil, nil },
			invalid + "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions",
		},
		"LocalIndexOfOtherKey": {
			func(in *sdk.CreateTableInput) {
				in.LocalSecondaryIndexes[0].KeySchema[0].AttributeName = aws.String("holder")
			},
			invalid + "Index KeySchema does not have the same leading hash key as table KeySchema for index: byAge. index hash key: holder, table hash key: pk",
		},
		"SameIndexName": {
			func(in *sdk.CreateTableInput) { in.LocalSecondaryIndexes[0].IndexName = aws.String("byHolder") },
			invalid + "Duplicate index name: byHolder",
		},
		"NonKeyAttributes": {
			func(in *sdk.CreateTableInput) {
				in.LocalSecondaryIndexes[0].Projection.NonKeyAttributes = []string{"note"}
			},
			invalid + "ProjectionType is KEYS_ONLY, but NonKeyAttributes is specified",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t)
			in := itemsTable()
			in.TableName = aws.String("refused")
			test.change(in)
			_, err := c.CreateTable(t.Context(), in)
			wantError(t, err, "ValidationException", test.want)
		})
	}
}

func TestWhatIsNotEmulatedIsNamed(t *testing.T) {
	t.Parallel()
	c := start(t)
	in := itemsTable()
	in.TableName = aws.String("streaming")
	in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeKeysOnly}
	_, err := c.CreateTable(t.Context(), in)
	wantError(t, err, "NotImplemented", "CreateTable with StreamSpecification is not emulated")
}

func TestProtectedTableStays(t *testing.T) {
	t.Parallel()
	c := start(t)
	in := itemsTable()
	in.TableName, in.DeletionProtectionEnabled = aws.String("kept"), aws.Bool(true)
	if _, err := c.CreateTable(t.Context(), in); err != nil {
		t.Fatalf("CreateTable: %v", err)
	}
	c.loop.RunFor(time.Minute)
	_, err := c.DeleteTable(t.Context(), &sdk.DeleteTableInput{TableName: in.TableName})
	wantError(t, err, "ValidationException", "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.")
}

func TestExpiredItemsStayReadableForAWhile(t *testing.T) {
	t.Parallel()
	c := start(t)
	unix := func(after time.Duration) types.AttributeValue {
		return n(strconv.FormatInt(c.loop.Now().Add(after).Unix(), 10))
	}
	c.put(t, item{"pk": s("early"), "sk": n("1"), "until": unix(time.Hour)})
	specification := &types.TimeToLiveSpecification{AttributeName: aws.String("until"), Enabled: aws.Bool(true)}
	if _, err := c.UpdateTimeToLive(t.Context(), &sdk.UpdateTimeToLiveInput{TableName: aws.String("items"), TimeToLiveSpecification: specification}); err != nil {
		t.Fatalf("UpdateTimeToLive: %v", err)
	}
	_, err := c.UpdateTimeToLive(t.Context(), &sdk.UpdateTimeToLiveInput{TableName: aws.String("items"), TimeToLiveSpecification: specification})
	wantError(t, err, "ValidationException", "Time to live has been modified multiple times within a fixed interval")
	c.loop.RunFor(time.Minute)
	described, err := c.DescribeTimeToLive(t.Context(), &sdk.DescribeTimeToLiveInput{TableName: aws.String("items")})
	if err != nil || described.TimeToLiveDescription.TimeToLiveStatus != types.TimeToLiveStatusEnabled || *described.TimeToLiveDescription.AttributeName != "until" {
		t.Errorf("DescribeTimeToLive = %+v, %v, want until ENABLED", described, err)
	}
	c.put(t, item{"pk": s("late"), "sk": n("1"), "until": unix(240 * time.Hour)})
	c.put(t, item{"pk": s("renewed"), "sk": n("1"), "until": unix(time.Hour)})
	c.put(t, item{"pk": s("renewed"), "sk": n("1"), "until": unix(240 * time.Hour)})
	c.put(t, item{"pk": s("mistaken"), "sk": n("1"), "until": n("12345")})
	c.put(t, item{"pk": s("text"), "sk": n("1"), "until": s("12345")})

	left := func() []string {
		var names []string
		for _, name := range []string{"early", "late", "renewed", "mistaken", "text"} {
			if c.get(t, key(name, "1")) != nil {
				names = append(names, name)
			}
		}
		return names
	}
	c.loop.RunFor(2 * time.Hour)
	if diff := cmp.Diff([]string{"early", "late", "renewed", "mistaken", "text"}, left()); diff != "" {
		t.Errorf("an hour after the first end (-want +got):\n%s", diff)
	}
	c.loop.RunFor(72 * time.Hour)
	if diff := cmp.Diff([]string{"late", "renewed", "mistaken", "text"}, left()); diff != "" {
		t.Errorf("three days later (-want +got):\n%s", diff)
	}
	c.loop.RunFor(300 * time.Hour)
	if diff := cmp.Diff([]string{"mistaken", "text"}, left()); diff != "" {
		t.Errorf("at last (-want +got):\n%s", diff)
	}
}
