package simulate

import (
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Stories are the plans that are explored with every fault at every place.
func Stories() []Plan {
	const first, second, third = "shop-production-1", "shop-production-2", "shop-production-3"
	build := func(behaviour string) Act { return after(0, "build", "shop", behaviour) }
	red := func(execution, state string, d time.Duration) Act {
		return at(execution, state, d, "alarm", "shop-production-green-5xx", "ALARM")
	}
	return []Plan{
		{Name: "good", Acts: []Act{build("good")}},
		{Name: "bad", Acts: []Act{build("bad")}},
		{Name: "slow", Acts: []Act{build("slow")}},
		{Name: "unstartable", Acts: []Act{build("unstartable")}},
		{Name: "refused", Acts: []Act{ // red before it begins
			after(0, "alarm", "shop-production-blue-5xx", "ALARM"), build("good"),
		}},
		{Name: "growing", Acts: []Act{ // the canary is to carry what the stable slot does by then
			build("good"), at(first, "Bake", 170*time.Second, "grow", "shop", "production", "2"),
		}},
		{Name: "guarded", Acts: []Act{build("good"), red(first, "Guard", time.Minute)}},
		{Name: "afterwards", Around: Around{Released: true}, Acts: []Act{build("good"), at(second, "Retire", 20*time.Minute, "alarm", "shop-production-blue-5xx", "ALARM")}},
		{Name: "queued", Acts: []Act{build("good"), at(first, "Bake", time.Minute, "build", "shop", "good"), at(first, "Bake", 2*time.Minute, "build", "shop", "good")}},
		{Name: "ordered-back", Around: Around{Released: true}, Acts: []Act{build("good"), at(second, "Retire", 5*time.Minute, "rollback", "shop", "production")}},
		{Name: "ordered-back-midway", Acts: []Act{
			build("good"), at(first, "Retire", 5*time.Minute, "build", "shop", "good"), at(second, "Judge", time.Minute, "rollback", "shop", "production"),
		}},
		{Name: "steered", Acts: []Act{
			build("good"), at(first, "Bake", time.Minute, "press", "ada", "pause", first), at(first, "Hold", time.Minute, "press", "ada", "resume", first),
			{Moment{first, "Bake", 3, time.Minute}, "press", "ada promote " + first},
			{Moment{first, "Guard", 1, time.Minute}, "press", "bob abort " + first},
		}},
		{Name: "stopped", Acts: []Act{build("good"), at(first, "Bake", time.Minute, "stop", first)}},
		{Name: "stopped-late", Acts: []Act{build("good"), at(first, "Guard", time.Minute, "stop", first)}},
		{Name: "frozen", Acts: []Act{
			after(0, "freeze", "shop", "30m"), after(time.Minute, "build", "shop", "good"), after(10*time.Minute, "build", "shop", "good"), after(15*time.Minute, "thaw", "shop"),
		}},
		{Name: "late-gate", Acts: []Act{ // it begins to hold what has gone on without it
			after(0, "freeze", "shop", "20s"), after(0, "strike", "slow", "gate", "GetItem"), after(18*time.Second, "build", "shop", "good"),
		}},
		{Name: "first", Empty: []string{"shop/production"}, Acts: []Act{build("good")}},
		{Name: "approved", Specs: []rollout.Spec{shop(asking)}, Acts: []Act{
			build("good"), at(first, "Approve", 20*time.Second, "press", "dana", "approve", first), at(first, "Approve", time.Minute, "press", "ada", "approve", first), at(first, "Shift", 0, "build", "shop", "good"),
			at(second, "Approve", time.Minute, "press", "ada", "approve", second), at(second, "Approve", time.Minute, "press", "bob", "approve", second),
		}},
		{Name: "waves", Specs: []rollout.Spec{shop(staged)}, Acts: []Act{build("good"), at("shop-staging-1", "Guard", time.Minute, "build", "shop", "bad:4m")}},
		{Name: "side-by-side", Specs: []rollout.Spec{shop(staged, twice)}, Acts: []Act{build("good")}},
		{Name: "halted", Specs: []rollout.Spec{shop(staged)}, Acts: []Act{ // staging goes back while production is held
			build("good"), at("shop-staging-1", "Judge", 0, "freeze", "shop", "1h"), at("shop-staging-1", "Guard", 2*time.Minute, "alarm", "shop-staging-green-5xx", "ALARM"),
			at("shop-staging-1", "Restore", 5*time.Minute, "thaw", "shop"),
		}},
		{Name: "dirty", Acts: []Act{
			build("good"), at(first, "Bake", time.Minute, "weigh", "shop", "production", "100", "0"), at(first, "Restore", 30*time.Minute, "build", "shop", "good"),
		}},
		{Name: "three", Acts: []Act{
			build("good"), at(first, "Retire", time.Minute, "build", "shop", "bad"), at(second, "Restore", 5*time.Minute, "build", "shop", "good"), at(third, "Bake", time.Minute, "again", "shop"),
		}},
		{Name: "unheard", Acts: []Act{ // the judge sees what nobody told
			build("bad"), at(first, "Bake", 0, "lose", "aws.cloudwatch", "green-5xx"),
		}},
		{Name: "overtaken", Acts: []Act{ // a shift that was given up goes on when its rollout is on the way back
			build("good"), at(first, "Judge", 0, "strike", "zombie", "shift", "UpdateItem"), at(first, "Judge", 0, "lose", "aws.cloudwatch", "green-5xx"), red(first, "Judge", 5*time.Second),
		}},
		{Name: "too-late", Acts: []Act{ // the same, and it has nothing before it but to write the rule
			build("good"), at(first, "AwaitCanary", 0, "strike", "zombie", "shift", "ModifyRule"), red(first, "Shift", 5*time.Second),
		}},
		{Name: "flapped", Acts: []Act{ // red, and green again, between what the shift reads and what it writes
			build("good"), at(first, "Judge", 0, "strike", "flap", "shift", "UpdateItem"), at(first, "Judge", 0, "strike", "slow", "shift", "UpdateItem"),
		}},
		{Name: "stranded", Acts: []Act{ // where it goes back to has died
			build("good"), red(first, "Bake", time.Minute), at(first, "Rollback", 0, "crash", "shop", "production", "stable"), at(first, "Dirty", 5*time.Minute, "repair", "shop", "production", "back"),
		}},
		{Name: "reweighed", Acts: []Act{ // what is to be emptied has traffic again
			build("good"), at(first, "Guard", time.Minute, "weigh", "shop", "production", "50", "50"),
		}},
		{Name: "joining", Acts: []Act{ // while the lock is let go of
			build("good"), at(first, "Retire", 0, "build", "shop", "good"), at(first, "Retire", 0, "strike", "slow", "retire", "UpdateItem/:one"),
		}},
		{Name: "belated", Specs: []rollout.Spec{shop(hasty)}, Acts: []Act{ // its execution begins when the next has ended
			after(0, "strike", "kill", "build", "StartExecution"), after(0, "strike", "kill", "build", "StartExecution"), after(0, "strike", "kill", "build", "StartExecution"),
			build("good"), after(5*time.Minute, "build", "shop", "good"),
		}},
		{Name: "unnoticed", Acts: []Act{ // nobody hears that it has died
			build("good"), at(first, "Bake", 0, "lose", "aws.states", first), at(first, "Bake", time.Minute, "stop", first),
		}},
		{Name: "woken", Specs: []rollout.Spec{shop(asking)}, Acts: []Act{ // by hand, which approves nothing
			build("good"), at(first, "Approve", time.Minute, "wake", first),
		}},
	}
}

// shop is the app of the stories.
func shop(change ...func(*rollout.Spec)) rollout.Spec {
	s := rollout.Spec{
		App:        "shop",
		Containers: map[string]string{"web": "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop"},
		Triggers:   rollout.Triggers{CodeBuild: []string{"shop-build"}},
		Notify:     []rollout.Channel{{Slack: "#deploys"}},
		Environments: []rollout.Environment{
			environment("production", []rollout.Step{{Weight: 10, Bake: 3 * time.Minute}, {Weight: 50, Bake: 3 * time.Minute}, {Weight: 100, Bake: 3 * time.Minute}}),
		},
	}
	for _, c := range change {
		c(&s)
	}
	return s
}

func environment(name string, steps []rollout.Step) rollout.Environment {
	return rollout.Environment{
		Name: name, Wave: 1, Cluster: "shop-" + name, Slots: rollout.Names{Blue: "shop-blue", Green: "shop-green"}, Steps: steps,
		Alarms:       []string{"shop-" + name + "-{slot}-5xx", "shop-" + name + "-{slot}-latency"},
		Operators:    []string{approvers, terminal},
		Guard:        10 * time.Minute,
		WatchAfter:   time.Hour,
		Inconclusive: rollout.InconclusiveRule{Retries: 2, Then: rollout.ChooseRollback},
	}
}

// asking has people asked before production.
func asking(s *rollout.Spec) {
	env := &s.Environments[len(s.Environments)-1]
	env.Approval = &rollout.Approval{Slack: "#deploys", Approvers: []string{approvers}, Quorum: 1, Expires: 24 * time.Hour, OnExpiry: rollout.Reject, NotAuthor: true}
}

// staged has a staging before production.
func staged(s *rollout.Spec) {
	s.Environments[0].Wave = 2
	s.Environments = append([]rollout.Environment{environment("staging", []rollout.Step{{Weight: 100, Bake: 2 * time.Minute}})}, s.Environments...)
}

// twice has another environment beside the first, where it takes longer.
func twice(s *rollout.Spec) {
	s.Environments = append(s.Environments, environment("west", []rollout.Step{{Weight: 100, Bake: 10 * time.Minute}}))
}

// hasty goes in at once.
func hasty(s *rollout.Spec) {
	env := &s.Environments[0]
	env.Steps, env.Guard, env.WatchAfter = []rollout.Step{{Weight: 100}}, 0, 0
}
