package steps

import (
	"context"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/store"
)

// Past is a rollout as history has it.
type Past struct {
	Rollout string          `json:"rollout"`
	Kind    rollout.Kind    `json:"kind"`
	Number  int             `json:"number"`
	Brings  Brief           `json:"brings"`
	Leaves  int             `json:"leaves"`  // rollbacks: the release they leave
	Why     string          `json:"why"`     // rollbacks: who or what asked
	Outcome rollout.Outcome `json:"outcome"` // "" while it is under way
	Reason  string          `json:"reason"`  // of the outcome
	Started time.Time       `json:"started"`
	Ended   *time.Time      `json:"ended"`   // nil while it is under way
	Seconds int             `json:"seconds"` // it took, or has taken so far
}

// History is the newest rollouts of an environment, at most so many, the newest first.
func (s *Steps) History(ctx context.Context, place store.Place, limit int) ([]Past, error) {
	all := []Past{}
	releases := map[int]rollout.Release{}
	for r, err := range s.Store.Rollouts(ctx, place) {
		if err != nil {
			return nil, err
		}
		release, known := releases[r.Release]
		if !known {
			if release, err = s.Store.Release(ctx, place.App, r.Release); err != nil {
				return nil, err
			}
			releases[r.Release] = release
		}
		all = append(all, s.past(r, release))
		if len(all) == limit {
			break
		}
	}
	return all, nil
}

func (s *Steps) past(r store.Record, release rollout.Release) Past {
	p := Past{
		Rollout: r.Name, Kind: r.Kind, Number: r.Number, Brings: brief(release), Leaves: r.Leave, Why: r.Why,
		Outcome: r.Outcome, Reason: r.Reason, Started: r.At,
	}
	until := s.Now()
	if r.Outcome != "" {
		until = r.EndedAt
		p.Ended = &until
	}
	p.Seconds = int(until.Sub(r.At) / time.Second)
	return p
}
