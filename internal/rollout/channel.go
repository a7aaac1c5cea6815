package rollout

import (
	"slices"
	"strings"
)

// Channel is a place where notices go. One of Slack, SNS, Webhook and Teams is
// set.
type Channel struct {
	Slack   string   `json:"slack,omitempty"`   // #name or ID: a message for each rollout that follows it
	SNS     string   `json:"sns,omitempty"`     // ARN of a topic
	Webhook string   `json:"webhook,omitempty"` // an https URL
	Secret  string   `json:"secret,omitempty"`  // name of the secret that signs what the webhook gets
	Teams   string   `json:"teams,omitempty"`   // name of the secret that holds the URL
	On      []Moment `json:"on,omitempty"`      // empty is every moment; a Slack channel hears of all
}

// Hears tells whether notices of that moment go to the channel.
func (c Channel) Hears(m Moment) bool {
	return len(c.On) == 0 || slices.Contains(c.On, m)
}

// Address says where the channel's notices go. Two channels with the same are the
// same place.
func (c Channel) Address() string {
	switch {
	case c.Slack != "":
		return "slack " + c.Slack
	case c.SNS != "":
		return "sns " + c.SNS
	case c.Webhook != "":
		return "webhook " + c.Webhook
	case c.Teams != "":
		return "teams " + c.Teams
	default:
		return ""
	}
}

// Channels are where the environment's notices go: those of the spec, its own, and
// the Slack channels that its approvals and those of its steps ask in. Each place
// stands there once, as it was named first.
func (s Spec) Channels(env Environment) []Channel {
	all := slices.Concat(s.Notify, env.Notify)
	for _, a := range env.approvals() {
		if a.Slack != "" {
			all = append(all, Channel{Slack: a.Slack})
		}
	}
	var channels []Channel
	seen := map[string]bool{}
	for _, c := range all {
		if !seen[c.Address()] {
			seen[c.Address()] = true
			channels = append(channels, c)
		}
	}
	return channels
}

// approvals are the environment's own and those of its steps.
func (e Environment) approvals() []Approval {
	var approvals []Approval
	if e.Approval != nil {
		approvals = append(approvals, *e.Approval)
	}
	for _, step := range e.Steps {
		if step.Approval != nil {
			approvals = append(approvals, *step.Approval)
		}
	}
	return approvals
}

// NeedsSlack reports whether the spec asks or tells people in Slack.
func (s Spec) NeedsSlack() bool {
	inSlack := func(a *Approval) bool {
		return a != nil && (a.Slack != "" || slices.ContainsFunc(a.Approvers, func(one string) bool { return !strings.HasPrefix(one, "arn:") }))
	}
	tells := func(channels []Channel) bool {
		return slices.ContainsFunc(channels, func(c Channel) bool { return c.Slack != "" })
	}
	for _, env := range s.Environments {
		if inSlack(env.Approval) || tells(env.Notify) ||
			slices.ContainsFunc(env.Steps, func(step Step) bool { return inSlack(step.Approval) }) {
			return true
		}
	}
	return tells(s.Notify) || slices.ContainsFunc(s.Pipelines, func(p Pipeline) bool { return inSlack(&p.Approval) })
}
