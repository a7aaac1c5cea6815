package store

import (
	"context"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Order is what a person ordered, and what came of it.
type Order struct {
	ID     string         `dynamodbav:"id" json:"id"`
	Verb   string         `dynamodbav:"verb" json:"verb"`
	Place  Place          `dynamodbav:"place" json:"-"`
	Person rollout.Person `dynamodbav:"person" json:"person"`
	At     time.Time      `dynamodbav:"at" json:"at"`

	Done    bool   `dynamodbav:"done" json:"done"`
	Refused bool   `dynamodbav:"refused,omitempty" json:"refused,omitempty"`
	Result  string `dynamodbav:"result,omitempty" json:"result,omitempty"`   // a sentence
	Release int    `dynamodbav:"release,omitempty" json:"release,omitempty"` // that was made of it
	Rollout string `dynamodbav:"rollout,omitempty" json:"rollout,omitempty"` // that was started
	Expires int64  `dynamodbav:"expires" json:"-"`
}

func orderKey(id string) key { return key{"order#" + id, "order"} }

// PutOrder keeps an order, once for its ID, and gives it as it is.
func (s *Store) PutOrder(ctx context.Context, o Order) (Order, error) {
	o.Expires = o.At.Add(clicks).Unix()
	wrote, err := s.putNew(ctx, orderKey(o.ID), o)
	if err != nil || wrote {
		return o, err
	}
	return s.Order(ctx, o.ID)
}

// Order reads an order. NotFound if there is none, or its event has not come yet.
func (s *Store) Order(ctx context.Context, id string) (Order, error) {
	var o Order
	found, err := s.get(ctx, orderKey(id), &o)
	if err == nil && !found {
		err = rollout.Errorf(rollout.KindNotFound, "no order %s is known, or not yet", id)
	}
	return o, err
}

// Followed notes what came of an order. Once it is done it stays so.
func (s *Store) Followed(ctx context.Context, o Order) error {
	_, _, err := s.apply(ctx, update{
		key: orderKey(o.ID), set: "SET #done = :true, #refused = :refused, #result = :result, #release = :release, #rollout = :rollout",
		condition: "attribute_exists(pk) AND #done = :false",
		values: map[string]any{
			":true": true, ":false": false, ":refused": o.Refused, ":result": o.Result, ":release": o.Release, ":rollout": o.Rollout,
		},
	})
	return err
}
