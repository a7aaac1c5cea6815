package steps

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/sluice-deploy/sluice/internal/alarms"
	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/ecsservice"
	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
	"github.com/sluice-deploy/sluice/internal/traffic"
)

// PrepareOutput is what Prepare decided and started.
type PrepareOutput struct {
	Plan           rollout.Plan `json:"plan"`
	TaskDefinition string       `json:"taskDefinition"`
	Size           int          `json:"size"` // tasks of the canary

	// What it looked at.
	Rule   rollout.Weights `json:"rule"` // its weights
	Alarms []rollout.Alarm `json:"alarms,omitempty"`
}

// Prepare checks that the rollout may begin, keeps what it found, and starts the
// canary without traffic. Refused, with what to do, if it may not; Unneeded for a
// rollback whose release is not the one with the traffic.
func (s *Steps) Prepare(ctx context.Context, in Run) (PrepareOutput, error) {
	out, err := s.prepare(ctx, in)
	switch rollout.KindOf(err) { //nolint:exhaustive // the others keep their meaning
	case rollout.KindNotFound, rollout.KindRuleChanged, rollout.KindDenied:
		return out, rollout.Errorf(rollout.KindRefused, "%w", err)
	default:
		return out, err
	}
}

func (s *Steps) prepare(ctx context.Context, in Run) (PrepareOutput, error) {
	var out PrepareOutput
	j, err := s.load(ctx, in)
	if err != nil {
		return out, err
	}
	if err := unneeded(&j); err != nil {
		return out, err
	}
	if err := s.mayGoOn(ctx, j.record); err != nil {
		return out, err
	}
	if j.snap == nil { // else it has begun
		if err := s.atGate(ctx, j.record, j.release, j.spec); err != nil {
			return out, err
		}
	}
	services, err := j.Services.Describe(ctx, j.spec.Cluster, j.spec.Slots)
	if err != nil {
		return out, err
	}
	if err := s.claim(ctx, &j, services); err != nil {
		return out, err
	}
	if err := s.snapshot(ctx, &j, services); err != nil {
		return out, err
	}
	out.Plan, out.Rule = j.snap.Plan, j.snap.Weights
	err = s.mayBegin(ctx, &j, services)
	out.Alarms = j.read
	if err != nil {
		return out, err
	}
	if out.TaskDefinition, err = s.taskDefinition(ctx, &j); err != nil {
		return out, err
	}
	s.keepImages(ctx, &j)
	out.Size = rollout.Size(services[j.snap.StableSlot()].Desired)
	if err := s.startCanary(ctx, &j, services, out); err != nil {
		return out, err
	}
	s.mention(ctx, j.record, notify.Notice{Moment: rollout.MomentBegun, Phase: rollout.PhasePrepare})
	return out, nil
}

// unneeded says that a rollback has nothing to leave.
func unneeded(j *job) error {
	if j.record.Kind != rollout.Back {
		return nil
	}
	release := 0
	if j.env.Facts != nil {
		release = j.env.Facts.Release
	}
	if release != j.record.Leave {
		return rollout.Errorf(rollout.KindUnneeded, "release %d has no traffic in %s; release %d has",
			j.record.Leave, j.record.Place, release)
	}
	return nil
}

// claim finds where the environment is, claims its rule, and writes the watches.
// Where it was committed to be elsewhere, the move is refused: it needs a free
// environment.
func (s *Steps) claim(ctx context.Context, j *job, services map[rollout.Slot]ecsservice.Service) error {
	site, err := s.site(ctx, j, services)
	if err != nil {
		return err
	}
	if err := stays(j, site); err != nil {
		return err
	}
	holder, err := s.Store.ClaimRule(ctx, site.Rule, j.record.Place)
	if err != nil {
		return err
	}
	if err := claimable(site.Rule, holder, j.record.Place); err != nil {
		return err
	}
	if err := s.watch(ctx, j, services); err != nil {
		return err
	}
	j.snap = s.found(j, site, services)
	return nil
}

// stays is Refused where the environment was committed to be elsewhere.
func stays(j *job, site store.Site) error {
	facts := j.env.Facts
	if facts == nil || facts.Site == site {
		return nil
	}
	return rollout.Errorf(rollout.KindRefused,
		"%s was last released to %s in cluster %s and rule %s; the spec now says %s in cluster %s and rule %s. "+
			"Register the spec again while nothing runs to move it",
		j.record.Place, names(facts.Site.Services), facts.Site.Cluster, facts.Site.Rule,
		names(site.Services), site.Cluster, site.Rule)
}

// claimable is Refused where another environment holds the rule.
func claimable(rule string, holder, place store.Place) error {
	if holder == place {
		return nil
	}
	return rollout.Errorf(rollout.KindRefused, "listener rule %s belongs to %s; an environment needs a rule of its own", rule, holder)
}

func names(n rollout.Names) string { return n.Blue + " and " + n.Green }

// site is where the spec says that the environment is.
func (s *Steps) site(ctx context.Context, j *job, services map[rollout.Slot]ecsservice.Service) (store.Site, error) {
	spec := j.spec
	site := store.Site{
		Region: spec.Region, Role: spec.Role,
		Cluster: spec.Cluster, Services: spec.Slots, TargetGroups: spec.TargetGroups, Rule: spec.ListenerRule,
	}
	if site.TargetGroups == (rollout.Names{}) {
		site.TargetGroups = rollout.Names{
			Blue: services[rollout.Blue].TargetGroup, Green: services[rollout.Green].TargetGroup,
		}
	}
	if site.TargetGroups.Blue == site.TargetGroups.Green {
		return site, rollout.Errorf(rollout.KindRefused, "both slots have the target group %s; each needs its own", site.TargetGroups.Blue)
	}
	if site.Rule != "" {
		return site, nil
	}
	var err error
	site.Rule, err = j.Traffic.Find(ctx, site.TargetGroups)
	return site, err
}

// watch says which alarms and services concern the environment.
func (s *Steps) watch(ctx context.Context, j *job, services map[rollout.Slot]ecsservice.Service) error {
	watched, err := alarmARNs(services[rollout.Blue].ARN, j.spec.AlarmNames())
	if err != nil {
		return err
	}
	watched = append(watched, services[rollout.Blue].ARN, services[rollout.Green].ARN)
	for _, resource := range watched {
		if err := s.Store.PutWatch(ctx, resource, j.record.Place); err != nil {
			return err
		}
	}
	return nil
}

// alarmARNs are the ARNs of alarms in the account and region of a service.
func alarmARNs(service string, alarmNames []string) ([]string, error) {
	near, err := arn.Parse(service)
	if err != nil {
		return nil, rollout.Errorf(rollout.KindInternal, "service ARN %q: %w", service, err)
	}
	var all []string
	for _, name := range alarmNames {
		all = append(all, alarms.ARN(near, name))
	}
	return all, nil
}

// found is the snapshot but for weights and scaling.
func (s *Steps) found(j *job, site store.Site, services map[rollout.Slot]ecsservice.Service) *store.Snapshot {
	if j.snap != nil {
		return j.snap // an earlier attempt's counts
	}
	snap := &store.Snapshot{Rollout: j.record.Name, Site: site, Facts: j.env.Facts, At: s.Now(), Keep: j.record.Keep}
	if j.env.Facts != nil {
		snap.Plan.Canary = j.env.Facts.Stable.Other()
	}
	for slot, service := range services {
		state := store.ServiceState{
			Service: service.Name, ARN: service.ARN, Desired: service.Desired,
			TaskDefinition: service.TaskDefinition, Deployment: service.Primary().ID,
		}
		if slot == rollout.Blue {
			snap.Blue = state
		} else {
			snap.Green = state
		}
	}
	return snap
}

// snapshot keeps what was found, once: an environment whose rule cannot be understood
// has nothing to keep.
func (s *Steps) snapshot(ctx context.Context, j *job, services map[rollout.Slot]ecsservice.Service) error {
	if j.env.SnapshotOf(j.record.Name) != nil {
		return nil
	}
	if _, err := survey(ctx, j, services); err != nil {
		return err
	}
	env, err := s.Store.WriteSnapshot(ctx, j.claim, j.env.Fence, *j.snap)
	j.env, j.snap = env, env.SnapshotOf(j.record.Name)
	return err
}

// survey completes what was found with the rule's weights, the services' scaling, and
// the plan that follows from them. It gives the rule.
func survey(ctx context.Context, j *job, services map[rollout.Slot]ecsservice.Service) (traffic.Rule, error) {
	rule, err := j.Traffic.Read(ctx, j.snap.Site.Rule, j.snap.Site.TargetGroups)
	if err != nil {
		return rule, err
	}
	j.snap.Weights = rule.Weights
	stable, err := stableSlot(j, rule.Weights)
	if err != nil {
		return rule, err
	}
	scaling, err := j.Scaling.Read(ctx, j.snap.Site.Cluster, j.snap.Site.Services)
	if err != nil {
		return rule, err
	}
	j.snap.Blue.Scaling, j.snap.Green.Scaling = scaling[rollout.Blue], scaling[rollout.Green]
	first := j.env.Facts == nil && empty(services[rollout.Blue]) && empty(services[rollout.Green])
	j.snap.Plan = rollout.PlanFor(j.record.Kind, j.spec, stable, first)
	return rule, nil
}

func empty(service ecsservice.Service) bool { return service.Desired == 0 && service.Running == 0 }

// stableSlot is the slot that has all the traffic, as the rule says and as it was
// last recorded.
func stableSlot(j *job, weights rollout.Weights) (rollout.Slot, error) {
	if facts := j.env.Facts; facts != nil {
		if weights != facts.Weights {
			return "", rollout.Errorf(rollout.KindRefused,
				"listener rule %s has weights %s; Sluice left it at %s. Somebody changed it: put it back, or find out why",
				j.snap.Site.Rule, weights, facts.Weights)
		}
		return facts.Stable, nil
	}
	stable, ok := weights.Whole()
	if !ok {
		return "", rollout.Errorf(rollout.KindRefused,
			"listener rule %s has weights %s; before the first rollout one slot must have 100 and the other 0",
			j.snap.Site.Rule, weights)
	}
	return stable, nil
}

// greenFirst is the rule that a red alarm breaks before a rollout.
const greenFirst = "an alarm has to be green before a rollout begins"

// mayBegin checks what must be so before anything is changed.
func (s *Steps) mayBegin(ctx context.Context, j *job, services map[rollout.Slot]ecsservice.Service) error {
	if err := j.env.Stopped(j.record.Name); err != nil {
		return rollout.Errorf(rollout.KindRefused, "before it began: %w", err)
	}
	if j.record.Kind == rollout.Forward {
		if err := green(ctx, j, greenFirst); err != nil {
			return err
		}
	}
	rule, err := j.Traffic.Read(ctx, j.snap.Site.Rule, j.snap.Site.TargetGroups)
	if err != nil {
		return err
	}
	if rule.Weights != j.snap.Weights {
		return rollout.Errorf(rollout.KindRefused, "listener rule %s changed from %s to %s while the rollout was prepared",
			rule.ARN, j.snap.Weights, rule.Weights)
	}
	if err := unsticky(rule, j.spec); err != nil {
		return err
	}
	return stableHealthy(ctx, j, services)
}

// unsticky is Refused where clients stay with their target group, unless the spec
// accepts that.
func unsticky(rule traffic.Rule, spec rollout.Environment) error {
	if !rule.Sticky || spec.AcceptStickiness {
		return nil
	}
	return rollout.Errorf(rollout.KindRefused,
		"listener rule %s keeps clients with their target group, so a rollback would not reach them; "+
			"switch its stickiness off or set acceptStickiness", rule.ARN)
}

// green is Refused when an alarm is red or missing.
func green(ctx context.Context, j *job, rule string) error {
	var err error
	if j.read, err = j.Alarms.Read(ctx, j.spec.AlarmNames()); err != nil {
		return err
	}
	for _, a := range j.read {
		if err := notRed(a, rule); err != nil {
			return err
		}
	}
	return nil
}

func notRed(a rollout.Alarm, rule string) error {
	if a.State != rollout.AlarmRed && a.State != rollout.AlarmMissing {
		return nil
	}
	return rollout.Errorf(rollout.KindRefused, "alarm %s is %s; %s", a.Name, a.State, rule)
}

func stableHealthy(ctx context.Context, j *job, services map[rollout.Slot]ecsservice.Service) error {
	if j.snap.Plan.First {
		return nil
	}
	slot := j.snap.StableSlot()
	stable := services[slot]
	healthy, err := j.Traffic.Healthy(ctx, j.snap.Site.TargetGroups.Of(slot))
	if err != nil {
		return err
	}
	growing := stable.Running < stable.Desired
	if healthy == 0 || healthy < stable.Desired && !growing {
		return rollout.Errorf(rollout.KindRefused,
			"the stable slot (%s) has %d healthy targets of %d tasks; make it healthy first, there would be nothing to go back to",
			stable.Name, healthy, stable.Desired)
	}
	return nil
}

// taskDefinition gives the one to run, and registers it once.
func (s *Steps) taskDefinition(ctx context.Context, j *job) (string, error) {
	if j.record.TaskDefinition != "" {
		return j.record.TaskDefinition, nil
	}
	rendered, err := s.render(ctx, j)
	if err != nil {
		return "", err
	}
	registered, err := j.Services.Register(ctx, rendered)
	if err != nil && fromFile(j) {
		return "", awsclient.Wrap(err, "the task definition is from %s", j.spec.TaskDefinition.File)
	}
	if err != nil {
		return "", err
	}
	return registered, s.Store.SetTaskDefinition(ctx, j.record.Name, registered)
}

// render makes the task definition without registering it: what the spec's file says or
// else what the stable slot runs, with the release's images. A rollback runs what the
// release ran.
func (s *Steps) render(ctx context.Context, j *job) (ecsservice.Rendered, error) {
	base := j.snap.Of(j.snap.StableSlot()).TaskDefinition
	if j.record.Kind == rollout.Back {
		before, err := s.Store.Record(ctx, j.release.Name(j.record.Place.Environment))
		if err != nil {
			return ecsservice.Rendered{}, err
		}
		if before.TaskDefinition != "" {
			base = before.TaskDefinition
		}
	}
	if !fromFile(j) {
		return j.Services.Render(ctx, base, j.release.Images)
	}
	text, err := fill(j)
	if err != nil {
		return ecsservice.Rendered{}, err
	}
	return j.Services.RenderText(ctx, base, text, j.release.Images)
}

func fromFile(j *job) bool {
	return j.record.Kind == rollout.Forward && j.spec.TaskDefinition.File != ""
}

// fill gives the text of the spec's file with what only this rollout knows.
func fill(j *job) (string, error) {
	slot := j.snap.Plan.Canary
	service, err := arn.Parse(j.snap.Of(slot).ARN)
	if err != nil {
		return "", rollout.Errorf(rollout.KindInternal, "service ARN %q: %w", j.snap.Of(slot).ARN, err)
	}
	holes := j.release.Holes(j.record.Place.Environment)
	holes[rollout.HoleSlot] = string(slot)
	holes[rollout.HolePartition], holes[rollout.HoleRegion], holes[rollout.HoleAccount] = service.Partition, service.Region, service.AccountID
	return j.spec.TaskDefinition.Fill(holes)
}

// startCanary holds autoscaling and starts the canary. Scaling is opened only when
// the canary runs the right task definition, or it could start the old one. A
// stable slot that is empty is left alone: setting its target would raise it to its
// minimum.
func (s *Steps) startCanary(ctx context.Context, j *job, services map[rollout.Slot]ecsservice.Service, out PrepareOutput) error {
	slot := j.snap.Plan.Canary
	canary, stable := j.snap.Of(slot), j.snap.Of(slot.Other())
	if stable.Scaling != nil && !j.snap.Plan.First {
		if err := j.Scaling.Set(ctx, j.snap.Site.Cluster, stable.Service, stable.Scaling.Held()); err != nil {
			return err
		}
	}
	if !started(services[slot], canary, out.TaskDefinition) {
		if canary.Scaling != nil {
			if err := j.Scaling.Set(ctx, j.snap.Site.Cluster, canary.Service, canary.Scaling.Idle()); err != nil {
				return err
			}
		}
		if err := j.Services.Start(ctx, services[slot], out.TaskDefinition, out.Size); err != nil {
			return err
		}
	}
	if canary.Scaling == nil {
		return nil
	}
	if err := j.Scaling.Set(ctx, j.snap.Site.Cluster, canary.Service, canary.Scaling.Following(stable.Scaling)); err != nil {
		return fmt.Errorf("let the canary scale out: %w", err)
	}
	return nil
}

// started reports whether an earlier attempt has started the canary.
func started(now ecsservice.Service, before store.ServiceState, taskDefinition string) bool {
	primary := now.Primary()
	return primary.ID != before.Deployment && primary.TaskDefinition == taskDefinition && now.Desired > 0
}
