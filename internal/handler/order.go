package handler

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/approvals"
	"github.com/sluice-deploy/sluice/internal/images"
	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/steps"
	"github.com/sluice-deploy/sluice/internal/store"
)

// ordered follows an order, once, and keeps what came of it.
func (b Build) ordered(ctx context.Context, e Event) error {
	o, err := detail[approvals.Order](e)
	if err != nil {
		return err
	}
	if err := o.Check(); err != nil {
		return err
	}
	kept, err := b.Steps.Store.PutOrder(ctx, store.Order{
		ID: o.ID, Verb: string(o.Verb), Place: store.Place{App: o.App, Environment: o.Environment}, Person: o.Person, At: o.At,
	})
	if err != nil || kept.Done {
		return err
	}
	err = b.follow(ctx, o, &kept)
	if err != nil && !final(err) {
		return err // Lambda tries again
	}
	if err != nil {
		kept.Refused, kept.Result = true, err.Error()
		b.Log.LogAttrs(ctx, slog.LevelWarn, "order refused", slog.String("id", o.ID), slog.String("verb", string(o.Verb)),
			slog.String("app", o.App), slog.String("who", o.Person.Name), slog.String("reason", err.Error()))
	}
	return b.Steps.Store.Followed(ctx, kept)
}

// follow does what an order asks for and notes what came of it.
func (b Build) follow(ctx context.Context, o approvals.Order, kept *store.Order) error {
	var spec rollout.Spec
	if o.App != "" {
		registered, err := b.Steps.Store.App(ctx, o.App)
		if err != nil {
			return err
		}
		spec = registered.Spec
	}
	switch o.Verb {
	case approvals.Deploy:
		return b.deployOrdered(ctx, o, spec, kept)
	case approvals.Rollback:
		return b.backOrdered(ctx, o, spec, kept)
	case approvals.Freeze:
		kept.Result = "frozen until " + o.Until.UTC().Format(time.RFC3339)
		return b.Steps.Freeze(ctx, rollout.Freeze{
			App: o.App, Environment: o.Environment, Person: o.Person, Reason: o.Reason, At: o.At, Until: o.Until.UTC(),
		})
	case approvals.Thaw:
		kept.Result = "thawed"
		return b.thawOrdered(ctx, o, spec)
	case approvals.Repair:
		return b.repairOrdered(ctx, o, spec, kept)
	default:
		return o.Check()
	}
}

// thawOrdered ends a freeze, for whoever might roll back what it holds.
func (b Build) thawOrdered(ctx context.Context, o approvals.Order, spec rollout.Spec) error {
	for _, env := range spec.Environments {
		if o.Environment == "" || o.Environment == env.Name {
			if err := mayOrder(o, env); err != nil {
				return err
			}
		}
	}
	return b.Steps.Thaw(ctx, o.App, o.Environment)
}

// deployOrdered makes a release of an order.
func (b Build) deployOrdered(ctx context.Context, o approvals.Order, spec rollout.Spec, kept *store.Order) error {
	spec, err := spec.Within(o.Environment)
	if err != nil {
		return err
	}
	if o.BreakGlass != "" {
		for _, env := range spec.Environments {
			if err := mayOrder(o, env); err != nil {
				return err
			}
		}
	}
	author, err := authorOf(o)
	if err != nil {
		return err
	}
	made, err := b.orderedImages(ctx, o, spec)
	if err != nil {
		return err
	}
	cause := rollout.Cause{
		Key: buildKey(o.ID), Source: "order", Commit: o.Commit, Author: author, Link: o.Link, By: o.Person.Name,
		BreakGlass: o.BreakGlass, CommittedAt: o.Committed,
	}
	release, err := b.released(ctx, rollout.Release{App: spec.App, Spec: spec, Cause: cause, At: o.At}, made)
	if err != nil {
		return err
	}
	kept.Release = release.Number
	kept.Result = fmt.Sprintf("release %d of %s", release.Number, release.App)
	return nil
}

// authorOf is who counts as the author of an order's release: whoever orders, where AWS
// tells their e-mail address, so that nobody approves their own as somebody else's.
// Refused where the order names another.
func authorOf(o approvals.Order) (string, error) {
	named := address(o.Author)
	switch {
	case o.Person.Email == "":
		return named, nil
	case named != "" && !strings.EqualFold(named, o.Person.Email):
		return "", rollout.Errorf(rollout.KindRefused,
			"the author is given as %s, and whoever orders is known as %s and counts as the author: leave --author out", named, o.Person.Email)
	default:
		return o.Person.Email, nil
	}
}

// orderedImages are the images of an order by their containers.
func (b Build) orderedImages(ctx context.Context, o approvals.Order, spec rollout.Spec) (map[string]string, error) {
	if o.Commit != "" && len(o.Images) == 0 {
		return b.taggedWith(ctx, o.Commit, spec)
	}
	only, one := o.Images[""]
	if !one {
		return o.Images, nil
	}
	containers := slices.Sorted(maps.Keys(spec.Containers))
	if len(o.Images) > 1 || len(containers) != 1 {
		return nil, rollout.Errorf(rollout.KindEventInvalid, "app %s has %d containers (%v); say which one each image is for", spec.App, len(containers), containers)
	}
	return map[string]string{containers[0]: only}, nil
}

// shortCommit is how many characters of a commit infra/buildspec.yml tags images with.
const shortCommit = 12

// taggedWith finds the images that are tagged with a commit, or with its beginning.
func (b Build) taggedWith(ctx context.Context, commit string, spec rollout.Spec) (map[string]string, error) {
	tags := []string{commit}
	if len(commit) > shortCommit {
		tags = append(tags, commit[:shortCommit])
	}
	made := map[string]string{}
	for container, repository := range spec.Containers {
		var err error
		for _, tag := range tags {
			made[container] = repository + ":" + tag
			if err = b.there(ctx, made[container]); rollout.KindOf(err) != rollout.KindEventInvalid {
				break
			}
		}
		if err != nil {
			return nil, fmt.Errorf("container %s: no image is tagged %s: %w", container, strings.Join(tags, " or "), err)
		}
	}
	return made, nil
}

// there is an error where there is no such image.
func (b Build) there(ctx context.Context, image string) error {
	ref, err := images.Parse(image)
	if err == nil {
		_, err = b.Images.Pin(ctx, ref)
	}
	return err
}

// repairOrdered starts the repair of an order.
func (b Build) repairOrdered(ctx context.Context, o approvals.Order, spec rollout.Spec, kept *store.Order) error {
	env, ok := spec.Environment(o.Environment)
	if !ok {
		return rollout.Errorf(rollout.KindNotFound, "app %s has no environment %q", spec.App, o.Environment)
	}
	if err := mayOrder(o, env); err != nil {
		return err
	}
	var err error
	kept.Rollout, err = b.Steps.Repair(ctx, steps.RepairRequest{
		Place: store.Place{App: o.App, Environment: o.Environment}, Move: store.Move(o.Move), Order: o.ID, By: o.Person.Name,
	})
	kept.Result = kept.Rollout
	return err
}

// backOrdered starts the rollback rollout of an order.
func (b Build) backOrdered(ctx context.Context, o approvals.Order, spec rollout.Spec, kept *store.Order) error {
	env, ok := spec.Environment(o.Environment)
	if !ok {
		return rollout.Errorf(rollout.KindNotFound, "app %s has no environment %q", spec.App, o.Environment)
	}
	if err := mayOrder(o, env); err != nil {
		return err
	}
	why := "asked for by " + o.Person.Name
	if o.Reason != "" {
		why += ": " + o.Reason
	}
	var err error
	kept.Rollout, err = b.Steps.StartBack(ctx, steps.BackRequest{
		Place: store.Place{App: o.App, Environment: o.Environment}, Cause: "order#" + o.ID, Why: why, To: o.To,
	})
	kept.Result = kept.Rollout
	return err
}

// mayOrder wants whoever orders to be one of the environment's operators, where the spec
// names any; else IAM alone decides, by who may call the URL.
func mayOrder(o approvals.Order, env rollout.Environment) error {
	if len(env.Operators) == 0 || o.Person.In(env.Operators) {
		return nil
	}
	return rollout.Errorf(rollout.KindRefused, "%s is not among those who may %s %s: the spec's operators", o.Person.Name, o.Verb, env.Name)
}
