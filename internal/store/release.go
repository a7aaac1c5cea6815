package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// App is a registered app: its spec, and the counter that numbers its releases
// and rollbacks.
type App struct {
	Spec    rollout.Spec
	Counter int
}

// appItem is an App as the table holds it. Specs are JSON, so that an old one
// reads as it was written.
type appItem struct {
	Spec    string `dynamodbav:"spec"`
	Counter int    `dynamodbav:"counter"`
}

type releaseItem struct {
	Release string `dynamodbav:"release"` // JSON
}

type numberItem struct {
	Number int `dynamodbav:"number"`
}

type nameItem struct {
	App string `dynamodbav:"app"`
}

// apps is the key under which the names of the registered apps are.
const apps = "apps"

func appKey(app string) key { return key{"app#" + app, "app"} }

func causeKey(app, cause string) key { return key{"cause#" + app + "#" + cause, "cause"} }

func releaseKey(app string, number int) key {
	return key{"app#" + app, fmt.Sprintf("release#%09d", number)}
}

// PutApp registers an app's spec, keeping its counter.
func (s *Store) PutApp(ctx context.Context, spec rollout.Spec) error {
	text, err := json.Marshal(spec)
	if err != nil {
		return fmt.Errorf("encode the spec of %s: %w", spec.App, err)
	}
	if err := s.put(ctx, key{apps, "app#" + spec.App}, nameItem{spec.App}); err != nil {
		return err
	}
	_, _, err = s.apply(ctx, update{
		key:       appKey(spec.App),
		set:       "SET #spec = :spec, #counter = if_not_exists(#counter, :zero)",
		condition: "attribute_exists(pk) OR attribute_not_exists(pk)",
		values:    map[string]any{":spec": string(text), ":zero": 0},
	})
	return err
}

// App reads a registered app. NotFound if it is not.
func (s *Store) App(ctx context.Context, name string) (App, error) {
	var it appItem
	found, err := s.get(ctx, appKey(name), &it)
	if err != nil {
		return App{}, err
	}
	if !found {
		return App{}, rollout.Errorf(rollout.KindNotFound,
			"app %q is not registered; register its sluice.yaml first", name)
	}
	app := App{Counter: it.Counter}
	if err := json.Unmarshal([]byte(it.Spec), &app.Spec); err != nil {
		return App{}, rollout.Errorf(rollout.KindInternal, "the registered spec of %s cannot be read: %w", name, err)
	}
	return app, nil
}

// Apps are the names of the registered apps, in their order.
func (s *Store) Apps(ctx context.Context) ([]string, error) {
	var all []string
	err := s.query(ctx, apps, "app#", func(it item) error {
		var one nameItem
		if err := unmarshal(it, &one); err != nil {
			return err
		}
		all = append(all, one.App)
		return nil
	})
	return all, err
}

// ClaimName says that rollouts whose names begin so are the app's. It gives the app
// that has the claim, which may be another.
func (s *Store) ClaimName(ctx context.Context, prefix, app string) (string, error) {
	k := key{"name#" + prefix, "claim"}
	claim := nameItem{app}
	wrote, err := s.putNew(ctx, k, claim)
	if err != nil || wrote {
		return app, err
	}
	_, err = s.get(ctx, k, &claim)
	return claim.App, err
}

// PutTrigger says that events with the key concern the app.
func (s *Store) PutTrigger(ctx context.Context, trigger, app string) error {
	return s.put(ctx, key{"trigger#" + trigger, "app#" + app}, map[string]string{"app": app})
}

// DropTrigger takes back what PutTrigger said.
func (s *Store) DropTrigger(ctx context.Context, trigger, app string) error {
	return s.remove(ctx, key{"trigger#" + trigger, "app#" + app})
}

// Triggered names the apps that events with the key concern.
func (s *Store) Triggered(ctx context.Context, trigger string) ([]string, error) {
	var apps []string
	err := s.query(ctx, "trigger#"+trigger, "app#", func(it item) error {
		var row struct {
			App string `dynamodbav:"app"`
		}
		if err := unmarshal(it, &row); err != nil {
			return err
		}
		apps = append(apps, row.App)
		return nil
	})
	return apps, err
}

// PutRelease numbers a release and records it, once for its cause: a second call
// with the same cause gives the release that the first recorded.
func (s *Store) PutRelease(ctx context.Context, r rollout.Release) (rollout.Release, error) {
	cause := causeKey(r.App, r.Cause.Key)
	for {
		var known numberItem
		found, err := s.get(ctx, cause, &known)
		if err != nil {
			return r, err
		}
		if found {
			return s.Release(ctx, r.App, known.Number)
		}
		app, err := s.App(ctx, r.App)
		if err != nil {
			return r, err
		}
		r.Number = app.Counter + 1
		wrote, err := s.transactRelease(ctx, r, cause)
		if err != nil || wrote {
			return r, err
		}
	}
}

// transactRelease moves the counter and writes the release and its cause in one
// transaction. It reports false when another release came between.
func (s *Store) transactRelease(ctx context.Context, r rollout.Release, cause key) (bool, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return false, fmt.Errorf("encode release %d of %s: %w", r.Number, r.App, err)
	}
	release, err := s.itemOf(releaseKey(r.App, r.Number), releaseItem{string(text)})
	if err != nil {
		return false, err
	}
	known, err := s.itemOf(cause, numberItem{r.Number})
	if err != nil {
		return false, err
	}
	counter, err := s.count(r.App, r.Number)
	if err != nil {
		return false, err
	}
	absent := aws.String("attribute_not_exists(pk)")
	_, err = s.DB.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
		ClientRequestToken: aws.String(once(cause, string(text))),
		TransactItems: []types.TransactWriteItem{
			{Update: counter},
			{Put: &types.Put{TableName: &s.Table, Item: release, ConditionExpression: absent}},
			{Put: &types.Put{TableName: &s.Table, Item: known, ConditionExpression: absent}},
		},
	})
	return transacted(err, "record release %d of %s", r.Number, r.App)
}

// once is the token of a transaction that says this of a cause. Whoever says the same of it
// has done the same, so that one of them finds it done.
func once(cause key, text string) string { return short(cause.pk + " " + text) }

// Draw takes the app's next number, for a rollback, once for its cause.
func (s *Store) Draw(ctx context.Context, app, cause string) (int, error) {
	k := causeKey(app, cause)
	for {
		var known numberItem
		found, err := s.get(ctx, k, &known)
		if err != nil || found {
			return known.Number, err
		}
		registered, err := s.App(ctx, app)
		if err != nil {
			return 0, err
		}
		number := registered.Counter + 1
		it, err := s.itemOf(k, numberItem{number})
		if err != nil {
			return 0, err
		}
		counter, err := s.count(app, number)
		if err != nil {
			return 0, err
		}
		_, err = s.DB.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
			ClientRequestToken: aws.String(once(k, strconv.Itoa(number))),
			TransactItems: []types.TransactWriteItem{
				{Update: counter},
				{Put: &types.Put{TableName: &s.Table, Item: it, ConditionExpression: aws.String("attribute_not_exists(pk)")}},
			},
		})
		if ok, err := transacted(err, "draw number %d of %s", number, app); err != nil || ok {
			return number, err
		}
	}
}

// count moves an app's counter from number-1 to number.
func (s *Store) count(app string, number int) (*types.Update, error) {
	u := update{
		key: appKey(app), set: "SET #counter = :number", condition: "#counter = :before",
		values: map[string]any{":number": number, ":before": number - 1},
	}
	s.mark(&u)
	values, err := marshal(u.values)
	if err != nil {
		return nil, err
	}
	return &types.Update{
		TableName:                 &s.Table,
		Key:                       u.key.attributes(),
		UpdateExpression:          &u.set,
		ConditionExpression:       &u.condition,
		ExpressionAttributeNames:  names(u.set + " " + u.condition),
		ExpressionAttributeValues: values,
	}, nil
}

// transacted reads a transaction's error: false without an error when a condition did
// not hold or another transaction was under way.
func transacted(err error, format string, args ...any) (bool, error) {
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) {
		if err != nil {
			return false, awsclient.Wrap(err, format, args...)
		}
		return true, nil
	}
	for _, reason := range cancelled.CancellationReasons {
		switch code := aws.ToString(reason.Code); code {
		case "None", "ConditionalCheckFailed", "TransactionConflict":
		default:
			return false, awsclient.Wrap(err, format, args...)
		}
	}
	return false, nil
}

// Release reads a release. NotFound if there is none of that number.
func (s *Store) Release(ctx context.Context, app string, number int) (rollout.Release, error) {
	var r rollout.Release
	var it releaseItem
	found, err := s.get(ctx, releaseKey(app, number), &it)
	if err != nil {
		return r, err
	}
	if !found {
		return r, rollout.Errorf(rollout.KindNotFound, "app %s has no release %d", app, number)
	}
	if err := json.Unmarshal([]byte(it.Release), &r); err != nil {
		return r, rollout.Errorf(rollout.KindInternal, "release %d of %s cannot be read: %w", number, app, err)
	}
	return r, nil
}
