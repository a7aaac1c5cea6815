package spec

import (
	"slices"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// The fields of a spec. The reader refuses what is not here, and the published schema
// is made of it.

// fields are the fields of a mapping: those there are, those that a later version
// will have, and those that its like has elsewhere, with the reason.
type fields struct {
	known []field
	later []string
	never map[string]string
}

// field is one field: what it is for people, and what may stand in it.
type field struct {
	name   string
	about  string
	needed bool
	is     shape
}

func needed(name string, is shape, about string) field   { return field{name, about, true, is} }
func optional(name string, is shape, about string) field { return field{name, about, false, is} }

// with has more fields.
func (f fields) with(more ...field) fields {
	f.known = slices.Concat(f.known, more)
	return f
}

// without refuses some of the fields, with the reason.
func (f fields) without(reason string, names ...string) fields {
	f.never = map[string]string{}
	for _, name := range names {
		f.never[name] = reason
	}
	f.known = slices.DeleteFunc(f.known, func(known field) bool { return slices.Contains(names, known.name) })
	return f
}

// names are the known fields' names.
func (f fields) names() []string {
	var names []string
	for _, known := range f.known {
		names = append(names, known.name)
	}
	return names
}

const aboutTaskDefinition = "A file beside this one that says what the tasks are, in AWS's JSON or as YAML; without it, what runs now with the release's images."

func topFields() fields {
	return fields{
		known: []field{
			needed("app", text(namePattern), "The app's name: "+wantName+"."),
			needed("containers", mapOf(containerPattern, text(repositoryPattern)),
				"Container name, as in the task definition, to its ECR repository without tag or digest: each release brings its own."),
			needed("triggers", set(trigger(), 1, 0),
				"What starts a deployment: builds (codebuild, event), pushes (ecr) or a stage of a pipeline (codepipeline), one of the three."),
			needed("environments", list(mapping(environmentFields()), 1, MaxEnvironments), "Where the app runs, in the order of the waves."),
			optional("notify", list(channelShape(channelFields().with(environmentsOfChannel())), 0, 0),
				"The channels that hear of every environment, or of those that they name."),
			optional("pipelines", set(mapping(pipelineFields()), 0, 0),
				"The CodePipelines whose manual approvals are asked for and answered as Sluice's own are."),
			optional("keep", text(daysPattern),
				"How long the record of decisions is kept, from 1d to 3650d; without it, for ever. Here alone a duration may have days: 400d."),
			optional("taskDefinition", text(taskDefinitionPattern), aboutTaskDefinition),
		},
		never: map[string]string{"freezes": byCommand, "windows": "each environment has its own"},
	}
}

// byCommand is why a spec has no freezes.
const byCommand = "a freeze is put with `sluice freeze`"

// trigger is one entry of triggers.
func trigger() shape {
	entry := mapping(triggerFields())
	entry.MinProperties, entry.MaxProperties = 1, 1
	return shape{OneOf: []shape{words("event", "codepipeline"), entry}}
}

func triggerFields() fields {
	return fields{known: []field{
		optional("codebuild", mapping(codebuildFields()), "A build of that project succeeded."),
		optional("ecr", mapping(pushFields()), "An image was pushed."),
		optional("event", mapping(fields{}), "Our own event, which any CI can put."),
		optional("codepipeline", mapping(fields{}), "A deploy stage of a pipeline, which invokes the function build."),
	}}
}

func codebuildFields() fields {
	return fields{known: []field{needed("project", text(projectPattern), "The name of a CodeBuild project.")}}
}

func pushFields() fields {
	return fields{known: []field{
		optional("repository", text(), "The name of a container's repository; without it, every container's."),
		optional("tag", text(), "A pattern in which * stands for any characters, such as release-*; without it, every tag."),
	}}
}

func environmentFields() fields {
	return fields{
		known: []field{
			needed("name", text(namePattern), "The environment's name: "+wantName+". Every environment's once."),
			optional("wave", whole(1, MaxWave),
				"A release goes into one wave after the other; environments of one wave go side by side. Without it, the wave after that of the environment before."),
			optional("region", text(regionPattern), "The Region that the environment is in, such as eu-west-1; without it, Sluice's own."),
			optional("role", text(rolePattern),
				"The ARN of the IAM role that Sluice assumes there, for an environment in another account. Its name begins with sluice-remote."),
			needed("cluster", text(clusterPattern), "The name or ARN of the ECS cluster."),
			needed("slots", mapping(serviceFields()), "The two ECS services, each with a target group of its own."),
			optional("approval", mapping(approvalFields()), "Who has to agree before the environment is taken."),
			optional("operators", set(approver(), 0, MaxApprovers),
				"Who may promote, pause, resume and abort the environment's rollouts; without it, the approvers of approval."),
			optional("windows", list(mapping(windowFields()), 1, MaxWindows),
				"The parts of the week in which rollouts may begin; without it, always. Rollbacks may always."),
			needed("steps", list(mapping(stepFields()), 1, MaxSteps), "How the traffic moves, step by step. The last step has weight 100."),
			optional("alarms", set(text(alarmTemplatePattern), 0, MaxAlarms),
				"Names of CloudWatch alarms; {slot} stands for blue and green. A red one stops a rollout."),
			optional("notify", list(channelShape(channelFields()), 0, 0), "The channels that hear of this environment, beside those of the top level."),
			optional("guard", span().or(shortest(DefaultGuard)), "How long the old version is kept warm after the last step."),
			optional("watchAfter", span(),
				"How long after the guard a red alarm still starts a rollback rollout; without it, until the next rollout."),
			optional("acceptStickiness", yesOrNo(),
				"Take a rule with target group stickiness, though a rollback then does not reach every client at once."),
			optional("listenerRule", text(listenerRulePattern),
				"The ARN of the listener rule. Needed only where several rules forward to both target groups."),
			optional("targetGroups", mapping(targetGroupFields()),
				"The two target groups; without it, found from the services."),
			optional("inconclusive", mapping(inconclusiveFields()), "What follows when an alarm about the canary has no data after a bake."),
			optional("taskDefinition", text(taskDefinitionPattern), aboutTaskDefinition+" Instead of that of the top level."),
		},
		later: []string{"analysis"},
		never: map[string]string{"freezes": byCommand},
	}
}

func serviceFields() fields {
	return fields{known: []field{
		needed("blue", text(servicePattern), "The name of the blue slot's ECS service."),
		needed("green", text(servicePattern), "The name of the green slot's ECS service."),
	}}
}

func targetGroupFields() fields {
	return fields{known: []field{
		needed("blue", text(targetGroupPattern), "The ARN of the blue slot's target group."),
		needed("green", text(targetGroupPattern), "The ARN of the green slot's target group."),
	}}
}

func stepFields() fields {
	return fields{known: []field{
		needed("weight", percent(), "Percent of the traffic on the canary: 10 or 10%. Weights rise; the last is 100."),
		needed("bake", span(), "How long the step stands, watched: a duration such as 90s, 10m, 1h or 2h30m."),
		optional("approval", mapping(approvalFields()), "Who has to agree before the step. The question holds the environment, for at most 7 days."),
	}}
}

func inconclusiveFields() fields {
	return fields{known: []field{
		optional("retries", whole(0, MaxRetries).or(DefaultRetries), "How often the bake is repeated."),
		optional("then", words(string(rollout.ChooseRollback), string(rollout.ChooseProceed)).or(DefaultThen), "What follows the last inconclusive bake."),
	}}
}

func approver() shape {
	return text(slackPersonPattern, slackGroupPattern, rolePattern, userPattern, identityPattern)
}

func approvalFields() fields {
	return fields{known: []field{
		optional("slack", slackChannelShape(), `The Slack channel that is asked: "#name", in quotes, or its ID; without it, the environment's Slack channels.`),
		needed("approvers", set(approver(), 1, MaxApprovers),
			"Slack users (U… or W…) and user groups (S…) by ID, and IAM roles, IAM users and users of IAM Identity Center by ARN."),
		optional("quorum", whole(1, MaxQuorum).or(DefaultQuorum), "How many of them have to approve."),
		optional("expires", span().or(shortest(DefaultExpiry)), "How long the question stands: at most 30 days at an environment, 7 days at a step."),
		optional("onExpiry", words(string(rollout.Reject), string(rollout.Approve)).or(DefaultOnExpiry), "What the question's end means."),
		optional("notAuthor", yesOrNo(), "The commit's author may not approve."),
	}}
}

// pipelineApprovalFields are those of an approval that CodePipeline asks for.
func pipelineApprovalFields() fields {
	return approvalFields().without("CodePipeline's own timeout ends the question", "expires", "onExpiry")
}

// channelKinds are the kinds of channels, of which each entry is one.
func channelKinds() []string { return []string{"slack", "sns", "webhook", "teams"} }

func channelShape(f fields) shape { return mapping(f).exactly(channelKinds()...) }

func channelFields() fields {
	var moments []string
	for _, m := range rollout.Moments() {
		moments = append(moments, string(m))
	}
	return fields{known: []field{
		optional("slack", slackChannelShape(), `A Slack channel, by name in quotes or by ID. It gets one message for each rollout, which follows it.`),
		optional("sns", text(topicPattern), "The ARN of an SNS topic that is not a FIFO topic."),
		optional("webhook", mapping(webhookFields()), "A URL that gets each notice, signed."),
		optional("teams", mapping(teamsFields()), "A channel of Microsoft Teams."),
		optional("on", set(words(moments...), 1, 0), "The moments that the channel hears of; without it, all. Not with slack."),
	}}
}

func environmentsOfChannel() field {
	return optional("environments", set(text(), 1, 0), "The environments that the channel hears of; without it, all.")
}

func webhookFields() fields {
	return fields{known: []field{
		needed("url", text(httpsPattern), "An https URL without user and password."),
		needed("secret", text(secretPattern), "The name or ARN of the secret that signs what is sent."),
	}}
}

func teamsFields() fields {
	return fields{known: []field{needed("secret", text(secretPattern), "The name or ARN of the secret that holds the channel's URL.")}}
}

func slackChannelShape() shape {
	s := text(slackNamePattern, slackIDPattern)
	s.MaxLength = 1 + maxSlackName
	return s
}

func pipelineFields() fields {
	return fields{known: []field{
		needed("pipeline", text(pipelinePattern), "The pipeline's name."),
		optional("stage", text(pipelinePattern), "The stage's name; without it, every stage."),
		optional("action", text(pipelinePattern), "The action's name; without it, every approval action."),
		needed("approval", mapping(pipelineApprovalFields()), "Who has to agree."),
	}}
}
