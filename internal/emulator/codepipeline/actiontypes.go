package codepipeline

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
)

// isKnown reports whether AWS has the action type. Custom ones, which an account
// makes itself, are not emulated and so are not there.
// AWS: CodePipeline User Guide, Action structure reference, Valid action providers.
func isKnown(t types.ActionTypeId) bool {
	if *t.Version != "1" {
		return false
	}
	var providers []string
	switch t.Owner { // a Custom one is unknown
	case types.ActionOwnerAws:
		providers = awsProviders(t.Category)
	case types.ActionOwnerThirdParty:
		providers = thirdParties(t.Category)
	}
	return slices.Contains(providers, *t.Provider)
}

func awsProviders(category types.ActionCategory) []string {
	switch category {
	case types.ActionCategorySource:
		return []string{"S3", "ECR", "CodeCommit", "CodeStarSourceConnection"}
	case types.ActionCategoryBuild:
		return []string{"CodeBuild", "ECRBuildAndPublish"}
	case types.ActionCategoryTest:
		return []string{"CodeBuild", "DeviceFarm"}
	case types.ActionCategoryDeploy:
		return []string{
			"S3", "CloudFormation", "CloudFormationStackSet", "CloudFormationStackInstances", "CodeDeploy", "CodeDeployToECS",
			"ECS", "EC2", "EKS", "Lambda", "ElasticBeanstalk", "AppConfig", "OpsWorks", "ServiceCatalog",
		}
	case types.ActionCategoryApproval:
		return []string{"Manual"}
	case types.ActionCategoryInvoke:
		return []string{"Lambda", "StepFunctions", "InspectorScan", "CodePipeline"}
	case types.ActionCategoryCompute:
		return []string{"Commands"}
	}
	return nil
}

func thirdParties(category types.ActionCategory) []string {
	switch category {
	case types.ActionCategorySource:
		return []string{"GitHub"}
	case types.ActionCategoryTest:
		return []string{"BlazeMeter", "GhostInspector", "Nouvola", "Runscope"}
	case types.ActionCategoryDeploy:
		return []string{"AlexaSkillsKit"}
	case types.ActionCategoryInvoke:
		return []string{"Snyk"}
	}
	return nil
}

func isApproval(a types.ActionDeclaration) bool {
	return a.ActionTypeId.Category == types.ActionCategoryApproval
}

func isFunction(a types.ActionDeclaration) bool {
	return a.ActionTypeId.Category == types.ActionCategoryInvoke && *a.ActionTypeId.Provider == "Lambda"
}
