package main

// mutant is a mistake that somebody could make in Sluice, and where.
type mutant struct {
	name string
	file string // below the repository's root
	old  string // it is there once
	new  string
}

// mutants are the mistakes that exploration has to find.
func mutants() []mutant {
	const (
		owner    = "internal/store/owner.go"
		lock     = "internal/store/lock.go"
		shift    = "internal/steps/shift.go"
		rollback = "internal/steps/rollback.go"
	)
	return []mutant{
		{
			"the read-back after a shift is skipped", shift,
			"back, err := s.readRule(ctx, j.snap)\n\tif err != nil {\n\t\treturn err\n\t}",
			"back := rule\n\tback.Weights = to",
		},
		{"the fence is not checked before a shift", owner, "condition: \"#fence = :fence AND \" + unstopped(c.Kind),", "condition: \"(#fence = :fence OR #fence > :fence) AND \" + unstopped(c.Kind),"},
		{"rolling back raises no fence", owner, "values:    map[string]any{\":one\": 1},\n\t})\n\treturn env, err\n}\n\n// WriteSnapshot", "values:    map[string]any{\":one\": 0},\n\t})\n\treturn env, err\n}\n\n// WriteSnapshot"},
		{"a latch does not keep a shift from being written", owner, "\"(attribute_not_exists(#latchRollout) OR #latchRollout <> :rollout)\"\n}", "\"attribute_exists(#fence)\"\n}"},
		{"an alarm wakes, and is not latched", owner, "set: \"SET #latchRollout = #rollout, #latchAlarm = :alarm, #latchAt = :at\",", "set: \"SET #latchAlarm = :alarm, #latchAt = :at\","},
		{"an alarm in the guard is not latched", owner, "\"(attribute_not_exists(#guardClosed) OR #guardClosed <> #rollout) AND \" +\n\t\t\t\"(attribute_not_exists(#latchRollout)", "\"(attribute_not_exists(#committed) OR #committed <> #rollout) AND \" +\n\t\t\t\"(attribute_not_exists(#latchRollout)"},
		{"the judge takes a red alarm for green", "internal/rollout/judge.go", "case a.State == AlarmRed:", "case a.State == AlarmRed:\n\t\t\tcontinue\n\t\tcase a.Name == \"\":"},
		{"alarms that are lost are ignored: the judge reads none", "internal/steps/judge.go", "if j.record.Kind == rollout.Forward {", "if j.record.Kind == \"\" {"},
		{"the lock is let go of before the way back", rollback, "\tsnap := env.SnapshotOf(in.Rollout)\n\tif snap == nil {\n\t\treturn BackOutput{}, nil\n\t}\n\tmoved, err := s.toStable(ctx, snap)", "\tsnap := env.SnapshotOf(in.Rollout)\n\tif snap == nil {\n\t\treturn BackOutput{}, nil\n\t}\n\t_, _ = s.Store.HandOver(ctx, store.Claim{Place: env.Place, Execution: in.Execution, Rollout: in.Rollout, Kind: env.Kind, Number: env.Number}, nil)\n\tmoved, err := s.toStable(ctx, snap)"},
		{
			"capacity goes before traffic on the way back", rollback,
			"if _, err := s.toStable(ctx, snap); err != nil {\n\t\treturn Ending{}, err\n\t}\n\tif err := s.empty(ctx, snap, snap.Plan.Canary); err != nil {",
			"if err := s.empty(ctx, snap, snap.Plan.Canary); err != nil {\n\t\treturn Ending{}, err\n\t}\n\tif _, err := s.toStable(ctx, snap); err != nil {",
		},
		{"the way back does not look again before it takes the canary away", rollback, "if _, err := s.toStable(ctx, snap); err != nil {\n\t\treturn Ending{}, err\n\t}\n\tif err := s.empty", "if err := s.empty"},
		{"traffic is given to a stable slot without targets", rollback, "if healthy == 0 {", "if healthy < 0 {"},
		{"traffic is given to a canary that is too small", shift, "if healthy < need {", "if healthy < 0 {"},
		{"the old slot is emptied while it has weight", "internal/steps/retire.go", "if rule.Weights.Of(old) != 0 || rule.Weights.Of(old.Other()) != 100 {", "if rule.Weights.Of(old) > 100 {"},
		{"autoscaling is not put back", rollback, "if err := s.restoreScaling(ctx, snap); err != nil {\n\t\treturn Ending{}, err\n\t}\n", ""},
		{"autoscaling stays with the old slot", "internal/steps/complete.go", "canary.Service, *stable.Scaling); err != nil", "canary.Service, stable.Scaling.Held()); err != nil"},
		{"somebody who joins the queue while the lock is handed over is forgotten", lock, "u.condition += \" AND attribute_not_exists(#waiter)\"", "u.condition += \"\""},
		{"the lock is taken from whoever has it", lock, "condition: \"attribute_not_exists(#owner) AND attribute_not_exists(#dirty) AND \" +", "condition: \"attribute_not_exists(#dirty) AND \" +"},
		{"a gate that is late lets go of what its rollout has by then", lock, "env.Locked != \"\" && env.Locked >= c.Entered {", "env.Locked != \"\" && env.Locked == c.Entered {"},
		{
			"an older release follows a newer one", lock,
			"if c.Kind == rollout.Forward {\n\t\tu.set += \", #newest = :number\"\n\t\tu.condition += \" AND (attribute_not_exists(#newest) OR #newest <= :number)\"",
			"if c.Kind == rollout.Forward {\n\t\tu.set += \", #newest = :number\"\n\t\tu.condition = \"attribute_not_exists(#owner) AND attribute_not_exists(#dirty)\"",
		},
		{"no deadman is armed", "internal/waits/schedule.go", "\t_, err = t.Scheduler.UpdateSchedule(ctx, &scheduler.UpdateScheduleInput{", "\tif t.Group == \"\" {\n\t\treturn nil\n\t}\n\t_, err = t.Scheduler.UpdateSchedule(ctx, &scheduler.UpdateScheduleInput{"},
		{"what is dead is left to lie", "internal/steps/recover.go", "case env.Owner == execution && env.Dirty == nil:\n\t\treturn s.succeed(ctx, record, env, execution)", "case env.Owner == execution && env.Dirty == nil:\n\t\treturn nil"},
		{"a build that is told of twice is released twice", "internal/store/release.go", "func causeKey(app, cause string) key { return key{\"cause#\" + app + \"#\" + cause, \"cause\"} }", "func causeKey(app, cause string) key { return key{fmt.Sprintf(\"cause#%s#%s%p\", app, cause, new(int)), \"cause\"} }"},
		{"what asks is not asked", "internal/steps/lock.go", "if spec.Approval != nil {", "if spec.Approval != nil && spec.Approval.Quorum > 9 {"},
		{"the author may approve", "internal/rollout/question.go", "if answer == Reject || !a.NotAuthor {", "if answer == Reject || a.NotAuthor {"},
		{"a wave begins before the one before it is through", "internal/steps/deployment.go", "if !d.Through(wave) {", "if !d.Through(wave) && wave < 0 {"},
		{"an alarm after the guard is not heard", "internal/steps/alarm.go", "if !ok || !spec.Speaks(a.Name, facts.Stable) {", "if ok || !spec.Speaks(a.Name, facts.Stable) {"},
		{"a freeze holds nothing", "internal/steps/gate.go", "\treturn spec.Closed(record.Place.App, freezes, s.Now())", "\treturn spec.Closed(record.Place.App, freezes[:0], s.Now())"},
		{"people are not told of the end", "internal/steps/finish.go", "if err := s.tell(ctx, record, notice); err != nil {\n\t\t\treturn Ending{}, err\n\t\t}\n\t\tif err := s.Store.SetTold(ctx, record.Name); err != nil {\n\t\t\treturn Ending{}, err\n\t\t}", "_ = notice"},
		{"decisions are not kept", "internal/store/record.go", "\t_, err = s.putNew(ctx, key{\"decisions#\" + d.Rollout, sk}, decisionItem{d, expiry(d.At, d.Keep)})\n\treturn err", "\t_, err = s.itemOf(key{\"decisions#\" + d.Rollout, sk}, decisionItem{d, expiry(d.At, d.Keep)})\n\treturn err"},
	}
}
