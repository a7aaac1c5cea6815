package dynamodb

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Limits of a table's indexes (AWS: DynamoDB Developer Guide, quotas).
const (
	maxLocalIndexes  = 5
	maxGlobalIndexes = 20
)

// validateTable checks a table's definition beyond what the model says.
func validateTable(in *dynamodb.CreateTableInput) error {
	if name := aws.ToString(in.TableName); len(name) < 3 || len(name) > 255 {
		return invalid("TableName must be at least 3 characters long and at most 255 characters long")
	}
	checks := []func(*dynamodb.CreateTableInput) error{
		refuseTableFeatures, validateThroughput, validatePrimaryKey, validateLocalIndexes, validateGlobalIndexes, validateIndexNames, validateDefinitions,
	}
	for _, check := range checks {
		if err := check(in); err != nil {
			return err
		}
	}
	return nil
}

// refuseTableFeatures names what a table can have on AWS and not here.
func refuseTableFeatures(in *dynamodb.CreateTableInput) error {
	switch {
	case in.StreamSpecification != nil && aws.ToBool(in.StreamSpecification.StreamEnabled):
		return notEmulated("CreateTable", "StreamSpecification")
	case in.ResourcePolicy != nil:
		return notEmulated("CreateTable", "ResourcePolicy")
	case in.OnDemandThroughput != nil:
		return notEmulated("CreateTable", "OnDemandThroughput")
	case in.WarmThroughput != nil:
		return notEmulated("CreateTable", "WarmThroughput")
	case in.VectorIndexes != nil:
		return notEmulated("CreateTable", "VectorIndexes")
	case in.GlobalTableSourceArn != nil || in.GlobalTableSettingsReplicationMode != "":
		return notEmulated("CreateTable", "GlobalTableSourceArn or GlobalTableSettingsReplicationMode")
	case in.TableClass != "" && in.TableClass != types.TableClassStandard:
		return notEmulated("CreateTable", "TableClass "+string(in.TableClass))
	}
	return nil
}

func validateThroughput(in *dynamodb.CreateTableInput) error {
	if in.BillingMode != types.BillingModePayPerRequest {
		if in.ProvisionedThroughput == nil {
			return invalid("One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED")
		}
		for _, global := range in.GlobalSecondaryIndexes {
			if global.ProvisionedThroughput == nil {
				return invalid("One or more parameter values were invalid: ProvisionedThroughput must be specified for index: %s", *global.IndexName)
			}
		}
		return nil
	}
	if in.ProvisionedThroughput != nil {
		return invalid("One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
	}
	for _, global := range in.GlobalSecondaryIndexes {
		if global.ProvisionedThroughput != nil {
			return invalid("One or more parameter values were invalid: ProvisionedThroughput should not be specified for index: %s when BillingMode is PAY_PER_REQUEST", *global.IndexName)
		}
	}
	return nil
}

func validatePrimaryKey(in *dynamodb.CreateTableInput) error {
	if len(in.KeySchema) > len(in.AttributeDefinitions) {
		return invalid("Invalid KeySchema: Some index key attribute have no definition")
	}
	return validateKeySchema(in, in.KeySchema)
}

func validateKeySchema(in *dynamodb.CreateTableInput, schema []types.KeySchemaElement) error {
	if len(schema) > 2 {
		return notEmulated("CreateTable", "a KeySchema of more than two attributes")
	}
	keys := make([]string, len(schema))
	for i, element := range schema {
		keys[i] = *element.AttributeName
	}
	defined := definedNames(in)
	for _, key := range keys {
		if !slices.Contains(defined, key) {
			return invalid("One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [%s], AttributeDefinitions: [%s]",
				strings.Join(keys, ", "), strings.Join(defined, ", "))
		}
	}
	switch {
	case len(keys) == 2 && keys[0] == keys[1]:
		return invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name")
	case schema[0].KeyType != types.KeyTypeHash:
		return invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
	case len(keys) == 2 && schema[1].KeyType != types.KeyTypeRange:
		return invalid("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
	}
	return nil
}

func definedNames(in *dynamodb.CreateTableInput) []string {
	names := make([]string, len(in.AttributeDefinitions))
	for i, definition := range in.AttributeDefinitions {
		names[i] = *definition.AttributeName
	}
	return names
}

func validateLocalIndexes(in *dynamodb.CreateTableInput) error {
	switch {
	case in.LocalSecondaryIndexes == nil:
		return nil
	case len(in.LocalSecondaryIndexes) == 0:
		return invalid("One or more parameter values were invalid: List of LocalSecondaryIndexes is empty")
	case len(in.KeySchema) < 2:
		return invalid("One or more parameter values were invalid: Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex")
	case len(in.LocalSecondaryIndexes) > maxLocalIndexes:
		return invalid("One or more parameter values were invalid: Number of LocalSecondaryIndexes exceeds per-table limit of %d", maxLocalIndexes)
	}
	for _, local := range in.LocalSecondaryIndexes {
		if err := validateKeySchema(in, local.KeySchema); err != nil {
			return err
		}
		if len(local.KeySchema) < 2 {
			return invalid("One or more parameter values were invalid: Index KeySchema does not have a range key for index: %s", *local.IndexName)
		}
		if partition, tables := *local.KeySchema[0].AttributeName, *in.KeySchema[0].AttributeName; partition != tables {
			return invalid("One or more parameter values were invalid: Index KeySchema does not have the same leading hash key as table KeySchema for index: %s. index hash key: %s, table hash key: %s",
				*local.IndexName, partition, tables)
		}
		if err := validateProjection(local.Projection); err != nil {
			return err
		}
	}
	return nil
}

func validateGlobalIndexes(in *dynamodb.CreateTableInput) error {
	switch {
	case in.GlobalSecondaryIndexes == nil:
		return nil
	case len(in.GlobalSecondaryIndexes) == 0:
		return invalid("One or more parameter values were invalid: List of GlobalSecondaryIndexes is empty")
	case len(in.GlobalSecondaryIndexes) > maxGlobalIndexes:
		return invalid("One or more parameter values were invalid: GlobalSecondaryIndex count exceeds the per-table limit of %d", maxGlobalIndexes)
	}
	for _, global := range in.GlobalSecondaryIndexes {
		if err := validateKeySchema(in, global.KeySchema); err != nil {
			return err
		}
		if err := validateProjection(global.Projection); err != nil {
			return err
		}
		if global.OnDemandThroughput != nil || global.WarmThroughput != nil {
			return notEmulated("CreateTable", "OnDemandThroughput or WarmThroughput of an index")
		}
	}
	return nil
}

func validateProjection(projection *types.Projection) error {
	switch {
	case projection.ProjectionType == "":
		return invalid("One or more parameter values were invalid: Unknown ProjectionType: null")
	case projection.NonKeyAttributes != nil && projection.ProjectionType != types.ProjectionTypeInclude:
		return invalid("One or more parameter values were invalid: ProjectionType is %s, but NonKeyAttributes is specified", projection.ProjectionType)
	case projection.NonKeyAttributes == nil && projection.ProjectionType == types.ProjectionTypeInclude:
		return invalid("One or more parameter values were invalid: ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
	}
	return nil
}

func validateIndexNames(in *dynamodb.CreateTableInput) error {
	seen := map[string]bool{}
	for _, name := range indexNames(in) {
		if seen[name] {
			return invalid("One or more parameter values were invalid: Duplicate index name: %s", name)
		}
		seen[name] = true
	}
	return nil
}

func indexNames(in *dynamodb.CreateTableInput) []string {
	var names []string
	for _, local := range in.LocalSecondaryIndexes {
		names = append(names, *local.IndexName)
	}
	for _, global := range in.GlobalSecondaryIndexes {
		names = append(names, *global.IndexName)
	}
	return names
}

// validateDefinitions checks that every attribute that is defined is a key.
func validateDefinitions(in *dynamodb.CreateTableInput) error {
	keys := map[string]bool{}
	schemas := [][]types.KeySchemaElement{in.KeySchema}
	for _, local := range in.LocalSecondaryIndexes {
		schemas = append(schemas, local.KeySchema)
	}
	for _, global := range in.GlobalSecondaryIndexes {
		schemas = append(schemas, global.KeySchema)
	}
	for _, element := range slices.Concat(schemas...) {
		keys[*element.AttributeName] = true
	}
	if len(keys) == len(in.AttributeDefinitions) {
		return nil
	}
	if len(schemas) == 1 {
		return invalid("One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions")
	}
	return invalid("One or more parameter values were invalid: Some AttributeDefinitions are not used. AttributeDefinitions: [%s], keys used: [%s]",
		strings.Join(definedNames(in), ", "), strings.Join(slices.Sorted(maps.Keys(keys)), ", "))
}
