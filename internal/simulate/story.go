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
		{Name: "guarded", Acts: []Act{build("good"), red(first, "Guard", time.Minute)}},
		{Name: "afterwards", Acts: []Act{build("good"), red(first, "Retire", 20*time.Minute)}},
		{Name: "queued", Acts: []Act{build("good"), at(first, "Bake", time.Minute, "build", "shop", "good"), at(first, "Bake", 2*time.Minute, "build", "shop", "good")}},
		{Name: "ordered-back", Acts: []Act{build("good"), at(first, "Retire", 5*time.Minute, "rollback", "shop", "production")}},
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
		{Name: "first", Empty: []string{"shop/production"}, Acts: []Act{build("good")}},
		{Name: "approved", Specs: []rollout.Spec{shop(asking)}, Acts: []Act{
			build("good"), at(first, "Approve", 20*time.Second, "press", "dana", "approve", first), at(first, "Approve", time.Minute, "press", "ada", "approve", first), at(first, "Shift", 0, "build", "shop", "good"),
			at(second, "Approve", time.Minute, "press", "ada", "approve", second), at(second, "Approve", time.Minute, "press", "bob", "approve", second),
		}},
		{Name: "waves", Specs: []rollout.Spec{shop(staged)}, Acts: []Act{build("good"), at("shop-staging-1", "Guard", time.Minute, "build", "shop", "bad:4m")}},
		{Name: "dirty", Acts: []Act{
			build("good"), at(first, "Bake", time.Minute, "weigh", "shop", "production", "100", "0"), at(first, "Restore", 30*time.Minute, "build", "shop", "good"),
		}},
		{Name: "three", Acts: []Act{
			build("good"), at(first, "Retire", time.Minute, "build", "shop", "bad"), at(second, "Restore", 5*time.Minute, "build", "shop", "good"), at(third, "Bake", time.Minute, "again", "shop"),
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
		Operators:    []string{approvers},
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
