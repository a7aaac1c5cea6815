package steps

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"

	"github.com/sluice-deploy/sluice/internal/pipelines"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
	"github.com/sluice-deploy/sluice/internal/waits"
)

// A stage of CodePipeline deploys by an action that invokes the function build with a
// job, and waits for the job's answer. It waits for each answer a short time only, so a
// deployment answers one job after another that it goes on, and the one that is open
// when its outcome is decided with the outcome. Which deployment a job is about is in
// the continuation token that the answer before it gave.

// holds is how long a job is kept without an answer: as long as leaves room to try
// again before CodePipeline gives it up.
const holds = pipelines.JobTimeout / 2

// continuation is the token of a release's jobs.
func continuation(r rollout.Release) string { return fmt.Sprintf("%s/%d", r.App, r.Number) }

// JobBegins begins a release's deployment for the first job of an action, if the
// pipeline takes the answer that it has begun: then it waits. Where it does not, the
// job was answered before, by who died then, and JobGoesOn begins; or nobody waits any
// more, and nothing begins. It can be repeated.
func (s *Steps) JobBegins(ctx context.Context, job string, release rollout.Release) error {
	word := pipelines.Word{Summary: strings.Join(append([]string{begins(release)}, tooLong(release)...), "; "), External: release.Name(last(release))}
	err := s.Pipelines("").GoOn(ctx, job, continuation(release), word)
	if rollout.KindOf(err) == rollout.KindSuperseded {
		s.Log.LogAttrs(ctx, slog.LevelWarn, "job not begun", slog.String("job", job), slog.String("why", err.Error()))
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.deployFor(ctx, release); err != nil {
		return err
	}
	return s.keepJob(ctx, job, release, pipelines.JobTimeout, store.Job{Went: true})
}

// keepJob keeps a job of a release's pipeline for that long, if nothing happens before.
func (s *Steps) keepJob(ctx context.Context, job string, release rollout.Release, span time.Duration, kept store.Job) error {
	kept.App, kept.Release = release.App, release.Number
	now := s.Now()
	_, err := s.Store.PutDelivery(ctx, store.Delivery{
		Subject: release.Cause.Job, Key: job, Due: now.Add(span).UnixNano(), Job: &kept,
	}, now)
	if err != nil {
		return err
	}
	if _, err := s.hasten(ctx, release); err != nil {
		return err
	}
	return s.AnnounceAgain(ctx, release.Cause.Job)
}

// JobGoesOn keeps a later job of the action until there is an answer to it: at once,
// if the outcome of the deployment is decided. It can be repeated.
func (s *Steps) JobGoesOn(ctx context.Context, job, token string) error {
	app, number, _ := strings.Cut(token, "/")
	n, err := strconv.Atoi(number)
	if err != nil {
		return rollout.Errorf(rollout.KindEventInvalid, "job %s goes on with the token %.80q, which Sluice has not given; start the pipeline again", job, token)
	}
	release, err := s.Store.Release(ctx, app, n)
	if err != nil {
		return err
	}
	if release.Cause.Job == "" {
		return rollout.Errorf(rollout.KindEventInvalid, "no pipeline waits for release %d of %s; start the pipeline again", n, app)
	}
	if err := s.deployFor(ctx, release); err != nil {
		return err
	}
	return s.keepJob(ctx, job, release, holds, store.Job{})
}

// JobRefused ends the action of a job that nothing can be deployed for, and says why.
func (s *Steps) JobRefused(ctx context.Context, job string, why error) error {
	kind := types.FailureTypeConfigurationError
	if rollout.KindOf(why) == rollout.KindDenied {
		kind = types.FailureTypePermissionError
	}
	return s.Pipelines("").Fail(ctx, job, pipelines.Failure{Word: pipelines.Word{Summary: why.Error()}, Type: kind})
}

// deployFor deploys a release that a pipeline waits for. Where that may take longer
// than the pipeline can wait, this is said in every environment before it begins.
func (s *Steps) deployFor(ctx context.Context, release rollout.Release) error {
	for _, warning := range tooLong(release) {
		for _, env := range release.Spec.Environments {
			err := s.Store.Decided(ctx, store.Decision{
				Rollout: release.Name(env.Name), At: release.At, Of: store.DecidedNotice, What: warning, Keep: release.Spec.Keep,
				Inputs: map[string]any{"longest": release.Spec.Longest().String(), "waits": pipelines.ActionTimeout.String()},
			})
			if err != nil {
				return err
			}
		}
	}
	return s.Deploy(ctx, release)
}

// tooLong says that a deployment may take longer than its pipeline waits, if it may.
func tooLong(r rollout.Release) []string {
	longest := r.Spec.Longest()
	if longest < pipelines.ActionTimeout {
		return nil
	}
	return []string{fmt.Sprintf("the pipeline's stage waits until %s at most, and this deployment may take %.0f hours with its approvals, bakes and guards: "+
		"if it takes longer the stage turns red, and the deployment goes on all the same; approve in time, or give the approvals a shorter `expires`",
		r.At.Add(pipelines.ActionTimeout).UTC().Format("2006-01-02 15:04 UTC"), longest.Hours())}
}

// tellPipeline answers the pipeline that waits for a release's deployment, if one does
// and the outcome is decided.
func (s *Steps) tellPipeline(ctx context.Context, release rollout.Release) error {
	if release.Cause.Job == "" {
		return nil
	}
	if open, err := s.hasten(ctx, release); err != nil || !open {
		return err
	}
	return s.AnnounceAgain(ctx, release.Cause.Job)
}

// hasten makes the answer to the job that is open due, if the outcome is decided. It
// reports whether there is one.
func (s *Steps) hasten(ctx context.Context, release rollout.Release) (bool, error) {
	d, err := s.Store.Deployment(ctx, release.App, release.Number)
	if err != nil || !d.Over() {
		return false, ignoreNotFound(err)
	}
	jobs, err := s.Store.Deliveries(ctx, release.Cause.Job)
	if err != nil {
		return false, err
	}
	open := false
	for _, job := range jobs {
		if job.Done || job.Job.Went {
			continue
		}
		open = true
		if err := s.Store.Hasten(ctx, job, s.Now()); err != nil {
			return false, err
		}
	}
	return open, nil
}

// deliverAnswer answers a job: how the deployment went, or that it goes on. Then
// CodePipeline comes back with another job, or does not wait any more.
func (s *Steps) deliverAnswer(ctx context.Context, d store.Delivery, r *round) error {
	release, err := s.Store.Release(ctx, d.Job.App, d.Job.Release)
	if err != nil {
		return err
	}
	deployment, err := s.Store.Deployment(ctx, d.Job.App, d.Job.Release)
	if err != nil {
		return err
	}
	w := waiting{job: d, release: release, deployment: deployment, over: deployment.Over()}
	if d.Job.Went {
		return s.cameBack(ctx, &w)
	}
	failed := s.answerJob(ctx, &w)
	switch first := d.Tries == 0; {
	case failed == nil && w.over:
		return s.close(ctx, &w, "", "the pipeline was told: "+w.word().Summary)
	case failed == nil, rollout.KindOf(failed) == rollout.KindSuperseded && !w.over && !first:
		// Where it was refused, an attempt before may have got through.
		r.later(pipelines.JobTimeout)
		return s.Store.Went(ctx, d, s.Now().Add(pipelines.JobTimeout))
	case mayPass(failed) && s.Now().Sub(time.Unix(d.Since, 0)) <= keepTrying:
		return s.putOff(ctx, d, failed, r)
	case rollout.KindOf(failed) == rollout.KindSuperseded && !first:
		return s.close(ctx, &w, rollout.KindSuperseded, "whether the pipeline was told is not known: an answer to it was lost, and now it does not wait any more")
	case rollout.KindOf(failed) == rollout.KindSuperseded:
		return s.close(ctx, &w, rollout.KindSuperseded, w.gone(s.Now()))
	default:
		return s.close(ctx, &w, rollout.KindOf(failed), fmt.Sprintf("the pipeline could not be told: %v", failed))
	}
}

// waiting is a job with what it waits for.
type waiting struct {
	job        store.Delivery
	release    rollout.Release
	deployment store.Deployment
	over       bool // its outcome is decided
}

// answerJob gives a job its answer, as the record has it.
func (s *Steps) answerJob(ctx context.Context, w *waiting) error {
	p, word := s.Pipelines(""), w.word()
	switch {
	case !w.over:
		return p.GoOn(ctx, w.job.Key, continuation(w.release), word)
	case w.deployment.Stopped != nil:
		return p.Fail(ctx, w.job.Key, pipelines.Failure{Word: word, Type: types.FailureTypeJobFailed})
	default:
		return p.Succeed(ctx, w.job.Key, word)
	}
}

// cameBack looks whether CodePipeline has come with another job after it was told that
// the deployment goes on.
func (s *Steps) cameBack(ctx context.Context, w *waiting) error {
	jobs, err := s.Store.Deliveries(ctx, w.job.Subject)
	if err != nil {
		return err
	}
	for _, other := range jobs {
		if other.Since > w.job.Since {
			return s.Store.Delivered(ctx, w.job)
		}
	}
	return s.close(ctx, w, rollout.KindSuperseded, w.gone(s.Now()))
}

// close ends a job, and keeps what came of it where people look.
func (s *Steps) close(ctx context.Context, w *waiting, kind rollout.ErrorKind, what string) error {
	now := s.Now()
	for _, env := range w.release.Spec.Environments {
		if !w.concerns(env.Name) {
			continue
		}
		name := w.release.Name(env.Name)
		err := s.Store.Decided(ctx, store.Decision{
			Rollout: name, At: now, Of: store.DecidedNotice, Kind: kind, What: what, Keep: w.release.Spec.Keep,
			Inputs: map[string]any{"job": w.job.Key, "execution": w.release.Cause.Execution},
		})
		if err == nil {
			err = s.refresh(ctx, name, w.release.Spec.Channels(env))
		}
		if err != nil {
			return err
		}
	}
	return s.Store.Delivered(ctx, w.job)
}

// concerns reports whether what came of the job belongs to the rollout into the
// environment: the one that decided the outcome, or, before that, those that have none.
func (w *waiting) concerns(environment string) bool {
	switch stopped := w.deployment.Stopped; {
	case stopped != nil:
		return environment == stopped.Environment
	case w.over:
		return environment == last(w.release)
	default:
		return w.deployment.Environments[environment].Outcome == ""
	}
}

// last is the environment that a deployment comes to last.
func last(r rollout.Release) string {
	waves := r.Spec.Waves()
	wave := waves[len(waves)-1]
	return wave[len(wave)-1].Name
}

// refresh has the messages in Slack about a rollout brought up to date, if it has begun.
func (s *Steps) refresh(ctx context.Context, name string, channels []rollout.Channel) error {
	if _, err := s.Store.Record(ctx, name); err != nil {
		return ignoreNotFound(err)
	}
	wanted := false
	for _, channel := range channels {
		if channel.Slack == "" {
			continue
		}
		if err := s.Store.WantMessage(ctx, name, channel.Slack); err != nil {
			return err
		}
		wanted = true
	}
	if !wanted {
		return nil
	}
	// Not at once: who answers a pipeline need not be who can speak in Slack.
	return s.Notices.Set(ctx, name, s.Now().Add(time.Second), waits.Again{Again: name})
}

// begins is what a pipeline is told first.
func begins(r rollout.Release) string {
	var names []string
	for _, env := range r.Spec.Environments {
		names = append(names, env.Name)
	}
	return fmt.Sprintf("release %d of %s goes to %s", r.Number, r.App, strings.Join(names, ", "))
}

// word is how far the deployment is, or how it went.
func (w *waiting) word() pipelines.Word {
	if stopped := w.deployment.Stopped; stopped != nil {
		stage, why := w.deployment.Environments[stopped.Environment], stopped.Why
		if stage.Outcome != "" && stage.Outcome != rollout.Succeeded {
			why = fmt.Sprintf("%s: %s", stage.Outcome, stage.Reason)
		}
		if stage.Outcome == rollout.Dirty {
			why += "; " + stopped.Environment + " stays locked until a person has put it right"
		}
		return pipelines.Word{
			Summary:  fmt.Sprintf("release %d of %s stopped at %s: %s", w.release.Number, w.release.App, stopped.Environment, why),
			External: w.release.Name(stopped.Environment),
		}
	}
	var parts []string
	for _, env := range w.release.Spec.Environments {
		parts = append(parts, env.Name+" "+w.stands(env.Name))
	}
	return pipelines.Word{
		Summary:  fmt.Sprintf("release %d of %s: %s", w.release.Number, w.release.App, strings.Join(parts, ", ")),
		External: w.release.Name(last(w.release)),
	}
}

// stands is how far the deployment is in an environment.
func (w *waiting) stands(environment string) string {
	switch stage := w.deployment.Environments[environment]; {
	case stage.Outcome != "":
		return string(stage.Outcome)
	case stage.Committed != nil:
		return "released, in its guard"
	case w.deployment.Through(stage.Wave - 1):
		return "under way"
	default:
		return "to come"
	}
}

// gone says that the pipeline does not wait for the deployment, and why.
func (w *waiting) gone(now time.Time) string {
	why := "it was stopped, or its action has ended by itself"
	if now.Sub(w.release.At) >= pipelines.ActionTimeout {
		why = "AWS ends such an action after 24 hours"
	}
	if w.over {
		return fmt.Sprintf("the pipeline did not wait any more (%s) when this was decided: %s", why, w.word().Summary)
	}
	return fmt.Sprintf("the pipeline does not wait for this deployment any more (%s), which goes on all the same", why)
}
