package dynamodb_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
)

// fill puts items a/1 to a/12 and b/1: of ages that fall, held by x and y in turn.
func (c *cloud) fill(t *testing.T) {
	t.Helper()
	for i := 1; i <= 12; i++ {
		c.put(t, item{
			"pk": s("a"), "sk": n(strconv.Itoa(i)), "age": n(strconv.Itoa(20 - i)),
			"holder": s(string("xy"[i%2])), "note": s("n" + strconv.Itoa(i)), "more": s("m"),
		})
	}
	c.put(t, item{"pk": s("b"), "sk": n("1"), "note": s("alone")})
}

// sks are the sort keys of items.
func sks(items []item) string {
	keys := make([]string, len(items))
	for i, one := range items {
		keys[i] = one["sk"].(*num).Value
	}
	return strings.Join(keys, " ")
}

func TestQuery(t *testing.T) {
	t.Parallel()
	values := item{":a": s("a"), ":x": s("x"), ":3": n("3"), ":5": n("5"), ":n1": s("n1")}
	for name, test := range map[string]struct {
		in   sdk.QueryInput
		want string
	}{
		"Partition":     {sdk.QueryInput{KeyConditionExpression: aws.String("pk = :a")}, "1 2 3 4 5 6 7 8 9 10 11 12"},
		"Backward":      {sdk.QueryInput{KeyConditionExpression: aws.String("pk = :a AND sk < :5"), ScanIndexForward: aws.Bool(false)}, "4 3 2 1"},
		"Between":       {sdk.QueryInput{KeyConditionExpression: aws.String("sk BETWEEN :3 AND :5 AND pk = :a")}, "3 4 5"},
		"Above":         {sdk.QueryInput{KeyConditionExpression: aws.String("pk = :a AND :5 <= sk")}, "5 6 7 8 9 10 11 12"},
		"Equal":         {sdk.QueryInput{KeyConditionExpression: aws.String("pk = :a AND sk = :5")}, "5"},
		"Filter":        {sdk.QueryInput{KeyConditionExpression: aws.String("pk = :a"), FilterExpression: aws.String("begins_with(note, :n1)")}, "1 10 11 12"},
		"Limit":         {sdk.QueryInput{KeyConditionExpression: aws.String("pk = :a"), Limit: aws.Int32(2)}, "1 2"},
		"GlobalIndex":   {sdk.QueryInput{IndexName: aws.String("byHolder"), KeyConditionExpression: aws.String("holder = :x")}, "12 10 8 6 4 2"},
		"LocalIndex":    {sdk.QueryInput{IndexName: aws.String("byAge"), KeyConditionExpression: aws.String("pk = :a AND age > :5"), Limit: aws.Int32(3), ConsistentRead: aws.Bool(true)}, "12 11 10"},
		"StartAfter":    {sdk.QueryInput{KeyConditionExpression: aws.String("pk = :a"), ExclusiveStartKey: key("a", "10")}, "11 12"},
		"StartAtAGap":   {sdk.QueryInput{KeyConditionExpression: aws.String("pk = :a"), ExclusiveStartKey: key("a", "10.5")}, "11 12"},
		"StartBackward": {sdk.QueryInput{KeyConditionExpression: aws.String("pk = :a"), ExclusiveStartKey: key("a", "3"), ScanIndexForward: aws.Bool(false)}, "2 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t)
			c.fill(t)
			in := test.in
			in.TableName, in.ExpressionAttributeValues = aws.String("items"), item{}
			for name, v := range values {
				if strings.Contains(*in.KeyConditionExpression+" "+aws.ToString(in.FilterExpression)+" ", name) {
					in.ExpressionAttributeValues[name] = v
				}
			}
			out, err := c.Query(t.Context(), &in)
			if err != nil {
				t.Fatalf("Query: %v", err)
			}
			if got := sks(out.Items); got != test.want {
				t.Errorf("sort keys = %s, want %s", got, test.want)
			}
		})
	}
}

func TestQueryInPages(t *testing.T) {
	t.Parallel()
	c := start(t)
	c.fill(t)
	var pages []string
	var counts []int32
	in := &sdk.QueryInput{
		TableName: aws.String("items"), IndexName: aws.String("byHolder"), KeyConditionExpression: aws.String("holder = :x"),
		FilterExpression: aws.String("note <> :n8"), ExpressionAttributeValues: item{":x": s("x"), ":n8": s("n8")}, Limit: aws.Int32(4),
	}
	for pager := sdk.NewQueryPaginator(c.Client, in); pager.HasMorePages(); {
		page, err := pager.NextPage(t.Context())
		if err != nil {
			t.Fatalf("Query: %v", err)
		}
		pages = append(pages, sks(page.Items))
		counts = append(counts, page.Count, page.ScannedCount)
	}
	if diff := cmp.Diff([]string{"12 10 6", "4 2"}, pages); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int32{3, 4, 2, 2}, counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func TestPagesEndAtAMegabyte(t *testing.T) {
	t.Parallel()
	c := start(t)
	for i := range 5 {
		c.put(t, item{"pk": s("a"), "sk": n(strconv.Itoa(i)), "note": s(strings.Repeat("x", 390*1024))})
	}
	var pages []string
	for pager := sdk.NewScanPaginator(c.Client, &sdk.ScanInput{TableName: aws.String("items")}); pager.HasMorePages(); {
		page, err := pager.NextPage(t.Context())
		if err != nil {
			t.Fatalf("Scan: %v", err)
		}
		pages = append(pages, sks(page.Items))
	}
	if diff := cmp.Diff([]string{"0 1 2", "3 4"}, pages); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}

func TestIndexHasWhatItProjects(t *testing.T) {
	t.Parallel()
	c := start(t)
	c.fill(t)
	query := func(index, condition string, projection *string, selects types.Select) (item, error) {
		out, err := c.Query(t.Context(), &sdk.QueryInput{
			TableName: aws.String("items"), IndexName: &index, KeyConditionExpression: &condition, ProjectionExpression: projection, Select: selects,
			ExpressionAttributeValues: item{":v": map[string]types.AttributeValue{"byHolder": s("x"), "byAge": s("a")}[index]}, Limit: aws.Int32(1),
		})
		if err != nil {
			return nil, err
		}
		return out.Items[0], nil
	}
	keys := item{"pk": s("a"), "sk": n("12"), "age": n("8")}
	got, err := query("byAge", "pk = :v", nil, "")
	if err != nil {
		t.Fatalf("Query byAge: %v", err)
	}
	wantItem(t, "local index", got, keys)
	if got, err = query("byAge", "pk = :v", aws.String("more"), ""); err != nil {
		t.Fatalf("Query byAge for more: %v", err)
	}
	wantItem(t, "local index, fetched from the table", got, item{"more": s("m")})
	if got, err = query("byHolder", "holder = :v", nil, types.SelectAllProjectedAttributes); err != nil {
		t.Fatalf("Query byHolder: %v", err)
	}
	wantItem(t, "global index", got, item{"pk": s("a"), "sk": n("12"), "age": n("8"), "holder": s("x"), "note": s("n12")})
	_, err = query("byHolder", "holder = :v", aws.String("more"), "")
	wantError(t, err, "ValidationException", "One or more parameter values were invalid: Global secondary index byHolder does not project [more]")
	_, err = query("byHolder", "holder = :v", nil, types.SelectAllAttributes)
	wantError(t, err, "ValidationException", "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index byHolder because its projection type is not ALL")
}

func TestIndexFollowsWrites(t *testing.T) {
	t.Parallel()
	c := start(t)
	c.fill(t)
	if _, err := c.DeleteItem(t.Context(), &sdk.DeleteItemInput{TableName: aws.String("items"), Key: key("a", "2")}); err != nil {
		t.Fatalf("DeleteItem: %v", err)
	}
	for sk, update := range map[string]string{"4": "SET age = :v", "6": "SET holder = :v", "8": "REMOVE holder", "10": "REMOVE age"} {
		in := &sdk.UpdateItemInput{TableName: aws.String("items"), Key: key("a", sk), UpdateExpression: &update}
		if strings.Contains(update, ":v") {
			in.ExpressionAttributeValues = item{":v": map[string]types.AttributeValue{"4": n("1"), "6": s("y")}[sk]}
		}
		if _, err := c.UpdateItem(t.Context(), in); err != nil {
			t.Fatalf("UpdateItem %s: %v", update, err)
		}
	}
	out, err := c.Query(t.Context(), &sdk.QueryInput{
		TableName: aws.String("items"), IndexName: aws.String("byHolder"), KeyConditionExpression: aws.String("holder = :x"), ExpressionAttributeValues: item{":x": s("x")},
	})
	if err != nil {
		t.Fatalf("Query: %v", err)
	}
	if got := sks(out.Items); got != "4 12" {
		t.Errorf("held by x: %s, want 4 12", got)
	}
}

func TestQueryRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		in   sdk.QueryInput
		want string
	}{
		"ConsistentGlobal": {sdk.QueryInput{IndexName: aws.String("byHolder"), KeyConditionExpression: aws.String("holder = :s"), ConsistentRead: aws.Bool(true)}, "Consistent reads are not supported on global secondary indexes"},
		"NoIndex":          {sdk.QueryInput{IndexName: aws.String("nowhere"), KeyConditionExpression: aws.String("holder = :s")}, "The table does not have the specified index: nowhere"},
		"NoPartition":      {sdk.QueryInput{KeyConditionExpression: aws.String("sk = :n")}, "Query condition missed key schema element: pk"},
		"OtherAttribute":   {sdk.QueryInput{KeyConditionExpression: aws.String("pk = :s AND note = :s")}, "Query condition missed key schema element: sk"},
		"PartitionRange":   {sdk.QueryInput{KeyConditionExpression: aws.String("pk > :s")}, "Query key condition not supported"},
		"WrongType":        {sdk.QueryInput{KeyConditionExpression: aws.String("pk = :n")}, "One or more parameter values were invalid: Condition parameter type does not match schema type"},
		"FilterOnKey":      {sdk.QueryInput{KeyConditionExpression: aws.String("pk = :s"), FilterExpression: aws.String("sk = :n")}, "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk"},
		"BadStart":         {sdk.QueryInput{KeyConditionExpression: aws.String("pk = :s"), ExclusiveStartKey: item{"pk": s("s")}}, "The provided starting key is invalid: The provided key element does not match the schema"},
		"OtherStart":       {sdk.QueryInput{KeyConditionExpression: aws.String("pk = :s"), ExclusiveStartKey: key("other", "1")}, "The provided starting key is outside query boundaries based on provided conditions"},
		"NoCondition":      {sdk.QueryInput{}, "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."},
		"CountProjected":   {sdk.QueryInput{KeyConditionExpression: aws.String("pk = :s"), ProjectionExpression: aws.String("note"), Select: types.SelectCount}, "Cannot specify the ProjectionExpression when choosing to get COUNT"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t)
			in := test.in
			in.TableName = aws.String("items")
			for name, v := range (item{":s": s("s"), ":n": n("1")}) {
				if strings.Contains(aws.ToString(in.KeyConditionExpression)+aws.ToString(in.FilterExpression), name) {
					if in.ExpressionAttributeValues == nil {
						in.ExpressionAttributeValues = item{}
					}
					in.ExpressionAttributeValues[name] = v
				}
			}
			_, err := c.Query(t.Context(), &in)
			wantError(t, err, "ValidationException", test.want)
		})
	}
}

func TestScan(t *testing.T) {
	t.Parallel()
	c := start(t)
	c.fill(t)
	count, err := c.Scan(t.Context(), &sdk.ScanInput{
		TableName: aws.String("items"), Select: types.SelectCount, FilterExpression: aws.String("attribute_exists(age)"),
	})
	if err != nil {
		t.Fatalf("Scan: %v", err)
	}
	if count.Count != 12 || count.ScannedCount != 13 || len(count.Items) != 0 {
		t.Errorf("count = %d of %d with %d items, want 12 of 13 with none", count.Count, count.ScannedCount, len(count.Items))
	}
	total := 0
	for segment := range int32(4) {
		out, err := c.Scan(t.Context(), &sdk.ScanInput{TableName: aws.String("items"), Segment: &segment, TotalSegments: aws.Int32(4)})
		if err != nil {
			t.Fatalf("Scan segment %d: %v", segment, err)
		}
		total += len(out.Items)
	}
	if total != 13 {
		t.Errorf("the segments have %d items together, want 13", total)
	}
	_, err = c.Scan(t.Context(), &sdk.ScanInput{TableName: aws.String("items"), Segment: aws.Int32(4), TotalSegments: aws.Int32(4)})
	wantError(t, err, "ValidationException", "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 4 is not less than TotalSegments: 4")
}
