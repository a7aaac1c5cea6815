package spec

import "regexp"

// The forms that texts must have, and the words for them. App and environment
// together become part of the names of executions (80 characters) and schedules
// (64) (AWS: Step Functions StartExecution, EventBridge Scheduler CreateSchedule),
// so each is short. The form of a role's ARN is that of IAM (AWS: IAM API Reference,
// CreateRole), a topic's that of SNS (AWS: SNS API Reference, CreateTopic), a secret's
// that of Secrets Manager (AWS: Secrets Manager API Reference, CreateSecret), and the
// names of pipelines, stages and actions are CodePipeline's (AWS: CodePipeline API
// Reference, PutApprovalResult).
var (
	namePattern           = regexp.MustCompile(`^[a-z](?:[a-z0-9-]{0,22}[a-z0-9])?$`)
	containerPattern      = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,255}$`)
	repositoryPattern     = regexp.MustCompile(`^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/((?:[a-z0-9]+(?:[._-]+[a-z0-9]+)*/)*[a-z0-9]+(?:[._-]+[a-z0-9]+)*)$`)
	taggedPattern         = regexp.MustCompile(`^(\d{12}\.dkr\.ecr\.[^:@]+)[:@].*$`)
	clusterPattern        = regexp.MustCompile(`^(?:arn:aws[a-z-]*:ecs:[a-z0-9-]+:\d{12}:cluster/)?[a-zA-Z0-9_-]{1,255}$`)
	servicePattern        = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,255}$`)
	projectPattern        = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{1,149}$`)
	alarmPattern          = regexp.MustCompile(`^[^\x00-\x1f\x7f]{1,255}$`)
	alarmTemplatePattern  = regexp.MustCompile(`^(?:\{slot\}|[^{}\x00-\x1f\x7f])+$`)
	httpsPattern          = regexp.MustCompile(`^[Hh][Tt][Tt][Pp][Ss]://`)
	listenerRulePattern   = regexp.MustCompile(`^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:listener-rule/app/[A-Za-z0-9-]+(?:/[0-9a-f]+){3}$`)
	targetGroupPattern    = regexp.MustCompile(`^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:targetgroup/[A-Za-z0-9-]{1,32}/[0-9a-f]+$`)
	regionPattern         = regexp.MustCompile(`^[a-z]{2,5}(?:-[a-z]+)+-\d{1,2}$`)
	rolePattern           = regexp.MustCompile(`^arn:aws[a-z-]*:iam::\d{12}:role/(?:[\x21-\x2e\x30-\x7e]+/)*[\w+=,.@-]{1,64}$`)
	topicPattern          = regexp.MustCompile(`^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$`)
	secretPattern         = regexp.MustCompile(`^(?:arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:)?[A-Za-z0-9/_+=.@-]{1,512}$`)
	pipelinePattern       = regexp.MustCompile(`^[A-Za-z0-9.@_-]{1,100}$`)
	taskDefinitionPattern = regexp.MustCompile(`^[^/\x00-\x1f\x7f][^\x00-\x1f\x7f]*\.(?:json|ya?ml)$`)
	percentPattern        = regexp.MustCompile(`^(?:[1-9][0-9]?|100)%$`)
	durationPattern       = regexp.MustCompile(`^(?:\d{1,6}h)?(?:\d{1,6}m)?(?:\d{1,6}s)?$`)
)

const (
	wantName           = "1 to 24 lower-case letters, digits and hyphens, a letter first and no hyphen last"
	wantContainer      = "1 to 255 letters, digits, hyphens and underscores"
	wantRepository     = "an Amazon ECR repository such as 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop"
	wantCluster        = "the name or ARN of an ECS cluster"
	wantService        = "the name of an ECS service"
	wantProject        = "the name of a CodeBuild project"
	wantAlarm          = "the name of an alarm: 1 to 255 characters, no control characters"
	wantListenerRule   = "the ARN of an Application Load Balancer's listener rule"
	wantTargetGroup    = "the ARN of a target group"
	wantTaskDefinition = "the path of a .json, .yaml or .yml file from the folder of this one"
	wantRegion         = "the name of a Region such as eu-west-1"
	wantRole           = "the ARN of an IAM role"
	wantTopic          = "the ARN of an SNS topic"
	wantPipeline       = "the name of a pipeline: 1 to 100 letters, digits and .@-_"
	wantStage          = "the name of a stage: 1 to 100 letters, digits and .@-_"
	wantAction         = "the name of an action: 1 to 100 letters, digits and .@-_"
)
