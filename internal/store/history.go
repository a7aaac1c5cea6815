package store

import (
	"context"
	"iter"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// perBatch is how many numbers are looked up at once: of each a forward rollout and a
// rollback, and BatchGetItem takes 100 keys (AWS: API_BatchGetItem).
const perBatch = 50

// Rollouts are the records of an environment's rollouts, the newest first. An error is
// the last that it gives. They are found by their numbers, which the app counts.
func (s *Store) Rollouts(ctx context.Context, place Place) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		app, err := s.App(ctx, place.App)
		if err != nil {
			yield(Record{}, err)
			return
		}
		for top := app.Counter; top > 0; top -= perBatch {
			found, err := s.records(ctx, place, max(top-perBatch+1, 1), top)
			if err != nil {
				yield(Record{}, err)
				return
			}
			for number := top; number > top-perBatch; number-- {
				if r, ok := found[number]; ok && !yield(r, nil) {
					return
				}
			}
		}
	}
}

// records are the records of an environment's rollouts by their numbers, of which every
// one has a single kind.
func (s *Store) records(ctx context.Context, place Place, from, to int) (map[int]Record, error) {
	var keys []item
	for number := from; number <= to; number++ {
		for _, kind := range []rollout.Kind{rollout.Forward, rollout.Back} {
			keys = append(keys, recordKey(rollout.NameOf(kind, place.App, place.Environment, number)).attributes())
		}
	}
	found := map[int]Record{}
	for len(keys) > 0 {
		out, err := s.DB.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
			RequestItems: map[string]types.KeysAndAttributes{s.Table: {Keys: keys}},
		})
		if err != nil {
			return nil, awsclient.Wrap(err, "read the rollouts %d to %d of %s", from, to, place)
		}
		for _, it := range out.Responses[s.Table] {
			var r Record
			if err := s.readable(it); err != nil {
				return nil, err
			}
			if err := unmarshal(it, &r); err != nil {
				return nil, err
			}
			if r.Place == place {
				found[r.Number] = r
			}
		}
		left := out.UnprocessedKeys[s.Table].Keys
		if len(left) == len(keys) {
			return nil, rollout.Errorf(rollout.KindThrottled, "read the rollouts %d to %d of %s: the table takes no more reads now; try again", from, to, place)
		}
		keys = left
	}
	return found, nil
}
