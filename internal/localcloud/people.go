package localcloud

import (
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/slack"
)

// IDs in the workspace of a local cloud's stand-in for Slack, as a spec names them.
const (
	Ada  = "U0ADAOKAFOR"
	Bob  = "U0BOBLINDGREN"
	Dana = "U0DANAREYES"
	Eve  = "U0EVETANAKA"

	Deployers = "S0DEPLOYERS" // @deployers: Ada, Bob and Dana
	Deploys   = "C0DEPLOYS"   // #deploys: everybody, and Sluice's bot
)

// DanaEmail is Dana's address: the author of the demo's commits.
const DanaEmail = "dana@example.com"

// workspace is the stand-in for Slack. The cloud's clock may run faster than the one
// that people and this machine go by: Sluice has Slack's three seconds on theirs.
func workspace(speed float64) slack.Options {
	const answerTime = 3 * time.Second
	return slack.Options{
		TeamName: "Shop", Domain: "shop", AppName: "Sluice",
		AnswerWithin: max(answerTime, time.Duration(float64(answerTime)*speed)),
	}
}

// people are those of the workspace.
func people() []slack.User {
	person := func(id, handle, name, email string) slack.User {
		return slack.User{ID: id, Name: handle, RealName: name, DisplayName: name, Email: email}
	}
	return []slack.User{
		person(Ada, "ada", "Ada Okafor", "ada@example.com"),
		person(Bob, "bob", "Bob Lindgren", "bob@example.com"),
		person(Dana, "dana", "Dana Reyes", DanaEmail),
		person(Eve, "eve", "Eve Tanaka", "eve@example.com"),
	}
}

// invite puts people into the workspace, and the channel in which Sluice may speak.
func invite(s *slack.Service) {
	for _, u := range people() {
		s.AddUser(u)
	}
	s.AddGroup(slack.Group{ID: Deployers, Handle: "deployers", Members: []string{Ada, Bob, Dana}})
	s.AddChannel(slack.Channel{ID: Deploys, Name: "deploys", HasBot: true, Everyone: true})
}

// Called is what people read for an ID of the workspace.
func Called(id string) string {
	for _, u := range people() {
		if u.ID == id {
			return u.RealName
		}
	}
	if id == Deployers {
		return "@deployers"
	}
	return id
}
