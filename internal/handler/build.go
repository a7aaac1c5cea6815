package handler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/builds"
	"github.com/sluice-deploy/sluice/internal/images"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
)

// Build hears of new images and sends them on their way.
type Build struct {
	Steps  *steps.Steps
	Builds builds.Reader
	Images images.Resolver
	// Artifacts reads with the credentials that a pipeline gave for its artifacts.
	Artifacts func(aws.Credentials) builds.Reader

	Account string // ours
	Region  string
	Log     *slog.Logger
	Letters Letters
}

// Our own event, which a build puts itself (events/sluice-build-succeeded.json).
const (
	ownSource     = "sluice.build"
	ownDetailType = "Sluice Build Succeeded"
)

// Handler listens to CodeBuild, ECR, our own event, what people order, and the jobs of
// CodePipeline.
func (b Build) Handler() Func {
	return b.jobs(Events(b.Log, b.Letters, map[kind]listener{
		{"aws.codebuild", "CodeBuild Build State Change"}: b.codeBuild,
		{"aws.ecr", "ECR Image Action"}:                   b.ecr,
		{ownSource, ownDetailType}:                        b.own,
		{approvals.Source, approvals.OrderDetailType}:     b.ordered,
	}))
}

// found is what an event brought for an app.
type found struct {
	images map[string]string // container to image
	cause  rollout.Cause
}

func (b Build) codeBuild(ctx context.Context, e Event) error {
	d, err := detail[struct {
		Status  string `json:"build-status"`
		Project string `json:"project-name"`
		ID      string `json:"build-id"`
	}](e)
	if err != nil {
		return err
	}
	switch {
	case d.Status == "":
		return missing(e, "build-status")
	case d.Status != "SUCCEEDED":
		return b.ignore(ctx, e, "the build did not succeed")
	case d.Project == "":
		return missing(e, "project-name")
	case d.ID == "":
		return missing(e, "build-id")
	}
	return b.each(ctx, e, "codebuild#"+d.Project, func(spec rollout.Spec) error {
		build, err := b.Builds.Read(ctx, d.ID)
		if err != nil {
			return err
		}
		made, err := b.madeBy(ctx, build, spec)
		if err != nil {
			return err
		}
		committed, err := committedAt(build.Variables["COMMITTED_AT"])
		if err != nil {
			return err
		}
		cause := rollout.Cause{
			Key: buildKey(build.ID), Source: "codebuild", Commit: build.Commit, Link: build.Link,
			Author: address(build.Variables["AUTHOR"]), Repository: build.Repository, CommittedAt: committed,
		}
		return b.deploy(ctx, e, spec, found{made, cause})
	})
}

// each does what an event asks for, for every app that the key triggers. One app's
// trouble does not keep the others from their deployment.
func (b Build) each(ctx context.Context, e Event, key string, do func(rollout.Spec) error) error {
	apps, err := b.Steps.Store.Triggered(ctx, key)
	if err != nil {
		return err
	}
	if len(apps) == 0 {
		return b.ignore(ctx, e, "no app is triggered by it")
	}
	var errs []error
	for _, app := range apps {
		registered, err := b.Steps.Store.App(ctx, app)
		if err == nil {
			err = b.known(e, registered.Spec)
		}
		if err == nil {
			err = do(registered.Spec)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("app %s: %w", app, err))
		}
	}
	return errors.Join(errs...)
}

// buildKey makes a build's own event and CodeBuild's event the same cause.
func buildKey(build string) string { return "build#" + build }

// madeBy is the images that a build made: from its exported variables, else from
// its artifact.
func (b Build) madeBy(ctx context.Context, build builds.Build, spec rollout.Spec) (map[string]string, error) {
	var containers []string
	for name := range spec.Containers {
		containers = append(containers, name)
	}
	slices.Sort(containers)
	if made := images.Exported(build.Variables, containers); len(made) > 0 {
		return made, nil
	}
	text, err := b.Builds.Definitions(ctx, build)
	if err != nil || text == nil {
		return nil, err
	}
	return images.Definitions(text)
}

func (b Build) ecr(ctx context.Context, e Event) error {
	d, err := detail[struct {
		Action     string `json:"action-type"`
		Result     string `json:"result"`
		Repository string `json:"repository-name"`
		Digest     string `json:"image-digest"`
		Tag        string `json:"image-tag"`
	}](e)
	if err != nil {
		return err
	}
	switch {
	case d.Action == "":
		return missing(e, "action-type")
	case d.Action != "PUSH" || d.Result != "SUCCESS":
		return b.ignore(ctx, e, "not a push that succeeded")
	case d.Repository == "":
		return missing(e, "repository-name")
	case d.Digest == "":
		return missing(e, "image-digest")
	case d.Tag == "":
		return b.ignore(ctx, e, "an image without a tag")
	case strings.HasPrefix(d.Tag, images.InUse):
		return b.ignore(ctx, e, "a tag of ours, by which an image in use is kept")
	}
	return b.each(ctx, e, "ecr#"+d.Repository, func(spec rollout.Spec) error {
		pushed := pushedImages(spec, e, d.Repository, d.Tag, d.Digest)
		if len(pushed) == 0 {
			return b.ignore(ctx, e, "a tag that does not match, or another registry's repository of that name")
		}
		cause := rollout.Cause{
			Key:    fmt.Sprintf("ecr#%s#%s#%s#%s", d.Repository, d.Digest, d.Tag, e.Time.UTC().Format(time.RFC3339)),
			Source: "ecr",
		}
		return b.deploy(ctx, e, spec, found{pushed, cause})
	})
}

// pushedImages is the containers that run images of the pushed repository, with
// the pushed one.
func pushedImages(spec rollout.Spec, e Event, repository, tag, digest string) map[string]string {
	matches := slices.ContainsFunc(spec.Triggers.ECR, func(t rollout.ECRTrigger) bool {
		ok, err := path.Match(t.Tag, tag)
		return t.Repository == repository && (t.Tag == "" || err == nil && ok)
	})
	pushed := map[string]string{}
	if !matches {
		return pushed
	}
	for container, image := range spec.Containers {
		ref, err := images.Parse(image)
		if err == nil && ref.Repository == repository && ref.Account == e.Account && ref.Region == e.Region {
			pushed[container] = image + "@" + digest
		}
	}
	return pushed
}

func (b Build) own(ctx context.Context, e Event) error {
	d, err := detail[struct {
		App    string            `json:"app"`
		Build  string            `json:"build"`
		Images map[string]string `json:"images"`
		Commit string            `json:"commit"`
		Author string            `json:"author"`
		At     string            `json:"committedAt"`
		Link   string            `json:"link"`

		Repository string           `json:"repository"`
		Commits    []rollout.Commit `json:"commits"`
	}](e)
	if err != nil {
		return err
	}
	switch {
	case d.App == "":
		return missing(e, "app")
	case len(d.App) > maxName:
		return tooLong(e, "app")
	case d.Build == "":
		return missing(e, "build")
	case len(d.Build) > maxName:
		return tooLong(e, "build")
	case len(d.Images) == 0:
		return missing(e, "images")
	}
	committed, err := committedAt(d.At)
	if err != nil {
		return err
	}
	registered, err := b.Steps.Store.App(ctx, d.App)
	if err != nil {
		return err
	}
	if t := registered.Spec.Triggers; !t.Event && len(t.CodeBuild) == 0 {
		return rollout.Errorf(rollout.KindEventInvalid, "app %q is not triggered by builds; add `event` to its triggers", d.App)
	}
	if err := b.known(e, registered.Spec); err != nil {
		return err
	}
	cause := rollout.Cause{
		Key: buildKey(d.Build), Source: "event", Commit: d.Commit, Author: address(d.Author), Link: d.Link,
		Repository: d.Repository, Commits: shortened(d.Commits), CommittedAt: committed,
	}
	return b.deploy(ctx, e, registered.Spec, found{d.Images, cause})
}

// committedAt is when a commit was made, as git writes it (git show -s --format=%cI); zero
// where nobody says.
func committedAt(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, rollout.Errorf(rollout.KindEventInvalid, "committedAt is %.40q, want a time such as 2026-03-02T08:57:11Z, as `git show -s --format=%%cI` gives it", text)
	}
	return at.UTC(), nil
}

// address is the e-mail address in an author such as "Dana <dana@example.com>"; what
// has none stays as it is.
func address(author string) string {
	if a, err := mail.ParseAddress(author); err == nil {
		return strings.ToLower(a.Address)
	}
	return author
}

// Of the commits that a build tells of, so many are kept, and of each message's first
// line so many characters: they are for people, and have to fit into an item.
const (
	maxCommits = 100
	maxMessage = 200
)

func shortened(commits []rollout.Commit) []rollout.Commit {
	kept := commits[:min(len(commits), maxCommits):min(len(commits), maxCommits)]
	for i, c := range kept {
		message, _, _ := strings.Cut(c.Message, "\n")
		if runes := []rune(message); len(runes) > maxMessage {
			message = string(runes[:maxMessage-1]) + "…"
		}
		kept[i] = rollout.Commit{ID: c.ID[:min(len(c.ID), maxMessage)], Author: address(c.Author[:min(len(c.Author), maxMessage)]), Message: message}
	}
	return kept
}

// deploy makes a release of what was found, and starts its rollouts. All of it is once
// for the cause.
func (b Build) deploy(ctx context.Context, e Event, spec rollout.Spec, f found) error {
	_, err := b.released(ctx, rollout.Release{App: spec.App, Spec: spec, Cause: f.cause, At: e.Time}, f.images)
	return err
}

// released pins the images of a release by digest, records it and starts its rollouts.
func (b Build) released(ctx context.Context, release rollout.Release, found map[string]string) (rollout.Release, error) {
	release, err := b.pinned(ctx, release, found)
	if err != nil {
		return release, err
	}
	if release, err = b.Steps.Store.PutRelease(ctx, release); err != nil {
		return release, err
	}
	return release, b.Steps.Deploy(ctx, release)
}

// pinned is the release with the images that were found for it, by digest.
func (b Build) pinned(ctx context.Context, release rollout.Release, found map[string]string) (rollout.Release, error) {
	refs, err := images.Check(release.Spec, found)
	if err != nil {
		return release, err
	}
	release.Images = map[string]string{}
	for container, ref := range refs {
		if release.Images[container], err = b.Images.Pin(ctx, ref); err != nil {
			return release, fmt.Errorf("container %s: %w", container, err)
		}
	}
	return release, nil
}

// known refuses events of accounts that have nothing to do with the app: neither
// ours nor one that the spec takes an image from.
func (b Build) known(e Event, spec rollout.Spec) error {
	allowed := []string{b.Account}
	for _, image := range spec.Containers {
		if account, _, ok := strings.Cut(image, "."); ok {
			allowed = append(allowed, account)
		}
	}
	slices.Sort(allowed)
	if allowed = slices.Compact(allowed); !slices.Contains(allowed, e.Account) {
		return rollout.Errorf(rollout.KindEventInvalid, "event of account %q; app %q takes builds of %s only",
			e.Account, spec.App, strings.Join(allowed, ", "))
	}
	return nil
}

func (b Build) ignore(ctx context.Context, e Event, why string) error {
	b.Log.LogAttrs(ctx, slog.LevelInfo, "event ignored", slog.String("why", why),
		slog.String("detail_type", e.DetailType), slog.String("id", e.ID))
	return nil
}
