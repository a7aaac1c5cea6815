package spec

import "regexp"

// shape is a form that a text must have, and the words for it.
type shape struct {
	pattern *regexp.Regexp
	want    string
}

// App and environment together become part of the names of executions (80
// characters) and schedules (64) (AWS: Step Functions StartExecution, EventBridge
// Scheduler CreateSchedule), so each is short.
var (
	nameShape = shape{
		regexp.MustCompile(`^[a-z](?:[a-z0-9-]{0,22}[a-z0-9])?$`),
		"1 to 24 lower-case letters, digits and hyphens, a letter first and no hyphen last",
	}
	containerShape = shape{
		regexp.MustCompile(`^[a-zA-Z0-9_-]{1,255}$`),
		"1 to 255 letters, digits, hyphens and underscores",
	}
	repositoryShape = shape{
		regexp.MustCompile(`^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/((?:[a-z0-9]+(?:[._-]+[a-z0-9]+)*/)*[a-z0-9]+(?:[._-]+[a-z0-9]+)*)$`),
		"an Amazon ECR repository such as 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop",
	}
	clusterShape = shape{
		regexp.MustCompile(`^(?:arn:aws[a-z-]*:ecs:[a-z0-9-]+:\d{12}:cluster/)?[a-zA-Z0-9_-]{1,255}$`),
		"the name or ARN of an ECS cluster",
	}
	serviceShape = shape{
		regexp.MustCompile(`^[a-zA-Z0-9_-]{1,255}$`),
		"the name of an ECS service",
	}
	projectShape = shape{
		regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{1,149}$`),
		"the name of a CodeBuild project",
	}
	alarmShape = shape{
		regexp.MustCompile(`^[^\x00-\x1f\x7f]{1,255}$`),
		"the name of an alarm: 1 to 255 characters, no control characters",
	}
	listenerRuleShape = shape{
		regexp.MustCompile(`^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:listener-rule/app/[A-Za-z0-9-]+(?:/[0-9a-f]+){3}$`),
		"the ARN of an Application Load Balancer's listener rule",
	}
	targetGroupShape = shape{
		regexp.MustCompile(`^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:targetgroup/[A-Za-z0-9-]{1,32}/[0-9a-f]+$`),
		"the ARN of a target group",
	}
	repositoryWithTag = regexp.MustCompile(`^(\d{12}\.dkr\.ecr\.[^:@]+)[:@].*$`)
	durationShape     = regexp.MustCompile(`^(?:\d{1,6}h)?(?:\d{1,6}m)?(?:\d{1,6}s)?$`)
)
