package store

import (
	"context"
)

// Watch says that events about an alarm or an ECS service concern an environment.
// It is keyed by ARN, so that two apps can share an alarm and a handler finds
// them without a scan.

func watchKey(arn string, place Place) key {
	return key{"watch#" + arn, "place#" + place.App + "#" + place.Environment}
}

// PutWatch says that events about the ARN concern the environment.
func (s *Store) PutWatch(ctx context.Context, arn string, place Place) error {
	return s.put(ctx, watchKey(arn, place), place)
}

// DropWatch takes back what PutWatch said.
func (s *Store) DropWatch(ctx context.Context, arn string, place Place) error {
	return s.remove(ctx, watchKey(arn, place))
}

// Watching gives the environments that events about the ARN concern.
func (s *Store) Watching(ctx context.Context, arn string) ([]Place, error) {
	var places []Place
	err := s.query(ctx, "watch#"+arn, "place#", func(it item) error {
		var p Place
		if err := unmarshal(it, &p); err != nil {
			return err
		}
		places = append(places, p)
		return nil
	})
	return places, err
}

// ClaimRule says that only this environment writes the rule. It gives the
// environment that has the claim, which may be another.
func (s *Store) ClaimRule(ctx context.Context, rule string, place Place) (Place, error) {
	wrote, err := s.putNew(ctx, ruleKey(rule), place)
	if err != nil || wrote {
		return place, err
	}
	holder, _, err := s.RuleHolder(ctx, rule)
	return holder, err
}

// RuleHolder is the environment that has the claim on a rule, and whether one has.
func (s *Store) RuleHolder(ctx context.Context, rule string) (Place, bool, error) {
	var holder Place
	found, err := s.get(ctx, ruleKey(rule), &holder)
	return holder, found, err
}

// ReleaseRule gives the claim on a rule back, if this environment has it.
func (s *Store) ReleaseRule(ctx context.Context, rule string, place Place) error {
	holder, found, err := s.RuleHolder(ctx, rule)
	if err != nil || !found || holder != place {
		return err
	}
	return s.remove(ctx, ruleKey(rule))
}

func ruleKey(rule string) key { return key{"rule#" + rule, "claim"} }
