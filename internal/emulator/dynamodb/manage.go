package dynamodb

import (
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// maxListed is how many names a page of ListTables has (AWS: ListTables, Limit).
const maxListed = 100

func (s *Service) createTable(_ *wire.Call, in *dynamodb.CreateTableInput) (*dynamodb.CreateTableOutput, error) {
	if err := validateTable(in); err != nil {
		return nil, err
	}
	name := tableName(in.TableName)
	if s.tables[name] != nil {
		return nil, &types.ResourceInUseException{Message: aws.String("Table already exists: " + name)}
	}
	t := newTable(s.loop, in, partition.ARN("dynamodb", s.region, s.account, "table/"+name))
	if s.deps.Stale != nil {
		t.before = map[string]attribute.Item{}
	}
	s.tables[name] = t
	s.loop.DueIn(creating, active{t})
	return &dynamodb.CreateTableOutput{TableDescription: t.describe()}, nil
}

func (s *Service) describeTable(_ *wire.Call, in *dynamodb.DescribeTableInput) (*dynamodb.DescribeTableOutput, error) {
	t, err := s.existing(in.TableName)
	if err != nil {
		return nil, err
	}
	return &dynamodb.DescribeTableOutput{Table: t.describe()}, nil
}

// existing is the table of a request about tables: it may be in any state.
func (s *Service) existing(nameOrARN *string) (*table, error) {
	name := tableName(nameOrARN)
	t := s.tables[name]
	if t == nil {
		return nil, &types.ResourceNotFoundException{Message: aws.String("Requested resource not found: Table: " + name + " not found")}
	}
	return t, nil
}

func (s *Service) deleteTable(_ *wire.Call, in *dynamodb.DeleteTableInput) (*dynamodb.DeleteTableOutput, error) {
	t, err := s.existing(in.TableName)
	if err != nil {
		return nil, err
	}
	if t.status == types.TableStatusCreating {
		return nil, inUse("Table is being created: " + t.name)
	}
	if t.status == types.TableStatusDeleting {
		return nil, inUse("Table is being deleted: " + t.name)
	}
	if aws.ToBool(t.definition.DeletionProtectionEnabled) {
		return nil, invalid("Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.")
	}
	t.status = types.TableStatusDeleting
	t.expiry.stop()
	s.loop.DueIn(deleting, gone{s, t.name})
	return &dynamodb.DeleteTableOutput{TableDescription: t.describe()}, nil
}

// updateTable changes capacity, encryption and protection of a table, which serves
// meanwhile.
// AWS: DynamoDB API Reference, UpdateTable.
func (s *Service) updateTable(_ *wire.Call, in *dynamodb.UpdateTableInput) (*dynamodb.UpdateTableOutput, error) {
	t, err := s.existing(in.TableName)
	if err == nil {
		err = refuseUpdate(in)
	}
	if err != nil {
		return nil, err
	}
	if t.status != types.TableStatusActive {
		return nil, inUse("Table is being " + map[types.TableStatus]string{
			types.TableStatusCreating: "created", types.TableStatusDeleting: "deleted", types.TableStatusUpdating: "updated",
		}[t.status] + ": " + t.name)
	}
	wants := *t.definition
	if in.BillingMode != "" {
		wants.BillingMode, wants.ProvisionedThroughput = in.BillingMode, nil
	}
	if in.ProvisionedThroughput != nil {
		wants.ProvisionedThroughput = in.ProvisionedThroughput
	}
	if in.SSESpecification != nil {
		wants.SSESpecification = in.SSESpecification
	}
	if in.DeletionProtectionEnabled != nil {
		wants.DeletionProtectionEnabled = in.DeletionProtectionEnabled
	}
	if err := validateThroughput(&wants); err != nil {
		return nil, err
	}
	t.definition, t.status = &wants, types.TableStatusUpdating
	s.loop.DueIn(updating, active{t})
	return &dynamodb.UpdateTableOutput{TableDescription: t.describe()}, nil
}

// refuseUpdate names what cannot be changed here.
func refuseUpdate(in *dynamodb.UpdateTableInput) error {
	switch {
	case len(in.GlobalSecondaryIndexUpdates) > 0 || len(in.AttributeDefinitions) > 0:
		return notEmulated("UpdateTable", "GlobalSecondaryIndexUpdates or AttributeDefinitions")
	case in.StreamSpecification != nil:
		return notEmulated("UpdateTable", "StreamSpecification")
	case len(in.ReplicaUpdates) > 0 || in.MultiRegionConsistency != "" || in.GlobalTableWitnessUpdates != nil || in.GlobalTableSettingsReplicationMode != "":
		return notEmulated("UpdateTable", "ReplicaUpdates")
	case in.OnDemandThroughput != nil || in.WarmThroughput != nil || in.TableClass != "":
		return notEmulated("UpdateTable", "OnDemandThroughput, WarmThroughput or TableClass")
	case in.BillingMode == "" && in.ProvisionedThroughput == nil && in.SSESpecification == nil && in.DeletionProtectionEnabled == nil:
		return invalid("At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required")
	}
	return nil
}

func inUse(why string) error {
	return &types.ResourceInUseException{Message: aws.String("Attempt to change a resource which is still in use: " + why)}
}

func (s *Service) listTables(_ *wire.Call, in *dynamodb.ListTablesInput) (*dynamodb.ListTablesOutput, error) {
	names := slices.Sorted(maps.Keys(s.tables))
	if in.ExclusiveStartTableName != nil {
		names = slices.DeleteFunc(names, func(name string) bool { return name <= *in.ExclusiveStartTableName })
	}
	limit := maxListed
	if in.Limit != nil {
		limit = int(*in.Limit)
	}
	if len(names) <= limit {
		return &dynamodb.ListTablesOutput{TableNames: names}, nil
	}
	return &dynamodb.ListTablesOutput{TableNames: names[:limit], LastEvaluatedTableName: &names[limit-1]}, nil
}

func (t *table) describe() *types.TableDescription {
	in := t.definition
	description := &types.TableDescription{
		AttributeDefinitions:      in.AttributeDefinitions,
		TableName:                 &t.name,
		KeySchema:                 in.KeySchema,
		TableStatus:               t.status,
		CreationDateTime:          &t.created,
		ProvisionedThroughput:     throughput(in.ProvisionedThroughput),
		TableSizeBytes:            aws.Int64(int64(t.bytesStored)),
		ItemCount:                 aws.Int64(int64(len(t.items))),
		TableArn:                  &t.arn,
		TableId:                   &t.id,
		DeletionProtectionEnabled: aws.Bool(aws.ToBool(in.DeletionProtectionEnabled)),
	}
	if in.BillingMode == types.BillingModePayPerRequest {
		description.BillingModeSummary = &types.BillingModeSummary{BillingMode: in.BillingMode, LastUpdateToPayPerRequestDateTime: &t.created}
	}
	if sse := in.SSESpecification; sse != nil && aws.ToBool(sse.Enabled) {
		description.SSEDescription = &types.SSEDescription{Status: types.SSEStatusEnabled, SSEType: types.SSETypeKms, KMSMasterKeyArn: sse.KMSMasterKeyId}
	}
	t.describeIndexes(description)
	return description
}

func (t *table) describeIndexes(description *types.TableDescription) {
	for _, local := range t.definition.LocalSecondaryIndexes {
		order := t.index(*local.IndexName).order
		description.LocalSecondaryIndexes = append(description.LocalSecondaryIndexes, types.LocalSecondaryIndexDescription{
			IndexName: local.IndexName, KeySchema: local.KeySchema, Projection: local.Projection,
			IndexArn:       aws.String(t.arn + "/index/" + *local.IndexName),
			IndexSizeBytes: aws.Int64(order.bytes()), ItemCount: aws.Int64(int64(len(order.entries))),
		})
	}
	for _, global := range t.definition.GlobalSecondaryIndexes {
		order := t.index(*global.IndexName).order
		description.GlobalSecondaryIndexes = append(description.GlobalSecondaryIndexes, types.GlobalSecondaryIndexDescription{
			IndexName: global.IndexName, KeySchema: global.KeySchema, Projection: global.Projection,
			IndexArn: aws.String(t.arn + "/index/" + *global.IndexName), IndexStatus: types.IndexStatus(t.status),
			ProvisionedThroughput: throughput(global.ProvisionedThroughput),
			IndexSizeBytes:        aws.Int64(order.bytes()), ItemCount: aws.Int64(int64(len(order.entries))),
		})
	}
}

func (c *collection) bytes() int64 {
	size := 0
	for _, e := range c.entries {
		size += attribute.ItemSize(e.item)
	}
	return int64(size)
}

// throughput describes provisioned capacity; an on-demand table shows zeros.
func throughput(provisioned *types.ProvisionedThroughput) *types.ProvisionedThroughputDescription {
	description := &types.ProvisionedThroughputDescription{
		NumberOfDecreasesToday: aws.Int64(0), ReadCapacityUnits: aws.Int64(0), WriteCapacityUnits: aws.Int64(0),
	}
	if provisioned != nil {
		description.ReadCapacityUnits = provisioned.ReadCapacityUnits
		description.WriteCapacityUnits = provisioned.WriteCapacityUnits
	}
	return description
}
