package demo

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
	"github.com/sluice-deploy/sluice/internal/localcloud"
	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
	"github.com/sluice-deploy/sluice/internal/store"
)

// What a happening is about.
const (
	aboutDemo    = "demo"
	aboutBuild   = "build"
	aboutRollout = "rollout"
	aboutRule    = "rule"
	aboutAlarm   = "alarm"
	aboutSlot    = "slot"
	aboutSlack   = "slack"
)

// told makes a happening of an event on the bus; false for one that the timeline
// does not show.
func told(e eventbridge.Event) (Happening, bool) {
	at, err := time.Parse(time.RFC3339, e.Time)
	if err != nil {
		return Happening{}, false
	}
	h := &Happening{At: at}
	var shown bool
	switch e.Source + "/" + e.DetailType {
	case "aws.codebuild/CodeBuild Build State Change":
		shown = tellBuild(h, e)
	case "sluice.build/Sluice Build Succeeded":
		shown = tellOwnBuild(h, e)
	case alarmSource + "/" + alarmDetailType:
		shown = tellAlarm(h, e)
	case "aws.ecs/ECS Deployment State Change":
		shown = tellDeployment(h, e)
	case notify.Source + "/" + notify.DetailType:
		shown = tellEnd(h, e)
	}
	return *h, shown
}

func tellBuild(h *Happening, e eventbridge.Event) bool {
	var d struct {
		Status string `json:"build-status"`
		ID     string `json:"build-id"`
	}
	if json.Unmarshal(e.Detail, &d) != nil {
		return false
	}
	_, id, _ := strings.Cut(d.ID, ":build/")
	h.About, h.What = aboutBuild, "CodeBuild says "+d.Status+" of build "+id
	return true
}

func tellOwnBuild(h *Happening, e eventbridge.Event) bool {
	var d struct {
		App   string `json:"app"`
		Build string `json:"build"`
	}
	if json.Unmarshal(e.Detail, &d) != nil {
		return false
	}
	h.About, h.What = aboutBuild, fmt.Sprintf("build %s of %s succeeded", d.Build, d.App)
	return true
}

func tellAlarm(h *Happening, e eventbridge.Event) bool {
	var change alarmChange
	if json.Unmarshal(e.Detail, &change) != nil {
		return false
	}
	if at, err := time.Parse(stampLayout, change.State.Timestamp); err == nil {
		h.At = at.UTC()
	}
	h.About = aboutAlarm
	h.What = fmt.Sprintf("%s is %s, was %s", change.Name, change.State.Value, change.Previous.Value)
	if change.State.Value == alarmRed {
		h.Why = change.State.Reason
	}
	return true
}

func tellDeployment(h *Happening, e eventbridge.Event) bool {
	var d struct {
		Name    string    `json:"eventName"`
		Reason  string    `json:"reason"`
		Updated time.Time `json:"updatedAt"`
	}
	if json.Unmarshal(e.Detail, &d) != nil || len(e.Resources) == 0 {
		return false
	}
	_, service, _ := strings.Cut(e.Resources[0], ":service/") // cluster/service
	h.At, h.About, h.What = d.Updated, aboutSlot, service+": "+d.Name
	if d.Name == "SERVICE_DEPLOYMENT_FAILED" {
		h.Why = d.Reason
	}
	return true
}

// tellEnd tells the end of a rollout; its steps are told by their decisions.
func tellEnd(h *Happening, e eventbridge.Event) bool {
	var n notify.Notice
	if json.Unmarshal(e.Detail, &n) != nil || n.Outcome == "" {
		return false
	}
	h.At, h.About, h.Rollout, h.What, h.Why = n.At, aboutRollout, n.Rollout, "ended: "+string(n.Outcome), n.Why
	return true
}

// decided makes a happening of what a step did, or of what a person did; false for
// what the timeline does not show.
func decided(d store.Decision) (Happening, bool) {
	if d.Of == store.DecidedApproval || d.Of == store.DecidedCommand {
		return pressed(d), true
	}
	what, why := steps.Told(d)
	h := Happening{At: d.At, About: aboutRollout, Rollout: d.Rollout, What: string(d.Phase), Why: why}
	if what != "" {
		h.What = strings.TrimPrefix(h.What+": "+what, ": ")
	}
	return h, d.Phase != rollout.PhaseApprove // what was asked is told by the question
}

// asking makes a happening of a question.
func asking(a store.Approval) Happening {
	var who []string
	for _, id := range a.Rule.Approvers {
		who = append(who, localcloud.Called(id))
	}
	h := Happening{At: a.At, About: aboutSlack, Rollout: a.Rollout, What: fmt.Sprintf("asks %s in %s for %s, until %s",
		strings.Join(who, " or "), a.Rule.Slack, approvals(a.Rule.Quorum), a.ExpiresAt().Format("15:04"))}
	if a.Rule.NotAuthor {
		h.Why = "the author, " + a.Author + ", may not approve"
	}
	return h
}

func approvals(quorum int) string {
	if quorum == 1 {
		return "an approval"
	}
	return fmt.Sprintf("%d approvals", quorum)
}

// pressed makes a happening of what a person pressed, or of how a question was
// answered.
func pressed(d store.Decision) Happening {
	h := Happening{At: d.At, About: aboutSlack, Rollout: d.Rollout, What: "the answer: " + d.What}
	who, _ := d.Inputs["who"].(string)
	action, _ := d.Inputs["action"].(string)
	action = strings.ToUpper(action[:min(len(action), 1)]) + action[min(len(action), 1):] // as the button has it
	switch {
	case who == "":
	case d.Kind != "":
		h.What, h.Why = fmt.Sprintf("%s pressed %s and alone sees why not", who, action), d.What
	default:
		h.What = fmt.Sprintf("%s pressed %s", who, action)
	}
	return h
}
