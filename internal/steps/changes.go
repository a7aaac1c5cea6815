package steps

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/slack"
	"github.com/sluice-deploy/sluice/internal/store"
)

// mostReleases is how many releases are read to list what has changed.
const mostReleases = 20

// changes is what the release brings to the environment.
func (s *Steps) changes(ctx context.Context, p *portrait) (slack.Changes, error) {
	facts := p.env.Facts
	if snap := p.snapshot(); snap != nil {
		facts = snap.Facts
	}
	var before rollout.Release
	if facts != nil && facts.Release != 0 && facts.Release != p.release.Number {
		var err error
		if before, err = s.Store.Release(ctx, p.record.Place.App, facts.Release); err != nil {
			return slack.Changes{}, err
		}
	}
	c := slack.Changes{
		First: before.Number == 0, Author: p.release.Cause.Author, TaskDefinition: p.taskDefinitions(),
		Compare: compareURL(p.release.Cause.Repository, before.Cause.Commit, p.release.Cause.Commit),
	}
	for _, container := range slices.Sorted(maps.Keys(p.release.Images)) {
		c.Images = append(c.Images, slack.ImageChange{Container: container, Change: slack.Change{
			From: before.Images[container], To: p.release.Images[container],
		}})
	}
	if p.record.Kind == rollout.Back {
		return c, nil
	}
	var err error
	c.Commits, err = s.commits(ctx, p.release, before.Number)
	return c, err
}

// commits are those of the releases after the one before, the newest first.
func (s *Steps) commits(ctx context.Context, release rollout.Release, before int) ([]rollout.Commit, error) {
	commits := commitsOf(release)
	if before == 0 {
		return commits, nil
	}
	for number := release.Number - 1; number > before && release.Number-number < mostReleases; number-- {
		skipped, err := s.Store.Release(ctx, release.App, number)
		if rollout.KindOf(err) == rollout.KindNotFound {
			continue // a rollback has the number
		}
		if err != nil {
			return nil, err
		}
		commits = append(commits, commitsOf(skipped)...)
	}
	return commits, nil
}

func commitsOf(r rollout.Release) []rollout.Commit {
	if len(r.Cause.Commits) > 0 || r.Cause.Commit == "" {
		return r.Cause.Commits
	}
	return []rollout.Commit{{ID: r.Cause.Commit, Author: r.Cause.Author}}
}

// compareURL is the page that shows what lies between two commits, where the
// repository's host has one that is known; "" else.
func compareURL(repository, from, to string) string {
	repository = strings.TrimSuffix(strings.TrimSuffix(repository, "/"), ".git")
	if from == "" || to == "" || from == to || !strings.HasPrefix(repository, "https://") {
		return ""
	}
	switch host, _, _ := strings.Cut(strings.TrimPrefix(repository, "https://"), "/"); {
	case strings.Contains(host, "github"):
		return repository + "/compare/" + from + "..." + to
	case strings.Contains(host, "gitlab"):
		return repository + "/-/compare/" + from + "..." + to
	case host == "bitbucket.org":
		return repository + "/branches/compare/" + to + ".." + from
	default:
		return ""
	}
}

func (p *portrait) taskDefinitions() slack.Change {
	c := slack.Change{To: familyAndRevision(p.record.TaskDefinition)}
	if snap := p.snapshot(); snap != nil && c.To != "" && !snap.Plan.First {
		c.From = familyAndRevision(snap.Of(snap.StableSlot()).TaskDefinition)
	}
	return c
}

func familyAndRevision(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// earlier is how the release fared in the environments before this one.
func (s *Steps) earlier(ctx context.Context, p *portrait) ([]slack.Earlier, error) {
	if p.record.Kind == rollout.Back {
		return nil, nil
	}
	d, err := s.Store.Deployment(ctx, p.record.Place.App, p.record.Release)
	if rollout.KindOf(err) == rollout.KindNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []slack.Earlier
	here := d.Environments[p.record.Place.Environment].Wave
	for _, env := range p.release.Spec.Environments {
		stage := d.Environments[env.Name]
		if stage.Wave >= here {
			continue
		}
		one := slack.Earlier{Environment: env.Name, Outcome: stage.Outcome}
		record, err := s.Store.Record(ctx, stage.Rollout)
		if err != nil {
			return nil, err
		}
		if stage.Committed != nil {
			one.Took = stage.Committed.Sub(record.At).Round(time.Second)
		}
		decisions, err := s.Store.Decisions(ctx, stage.Rollout)
		if err != nil {
			return nil, err
		}
		for _, decision := range decisions {
			if text, ok := lineOf(decision); ok && decision.Of == store.DecidedVerdict {
				one.Verdicts = append(one.Verdicts, text)
			}
		}
		all = append(all, one)
	}
	return all, nil
}
