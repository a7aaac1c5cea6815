package steps

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// scope looks at the rules and services that an installation is narrowed to. Each has to
// be there, and each rule has to stand before the services: with one of another load
// balancer the first deployment would be denied its own.
func (c Checks) scope(ctx context.Context, n Named) error {
	forwarded, err := c.each(ctx, "Rules", n.Rules, forwardedTo)
	if err != nil {
		return err
	}
	served, err := c.each(ctx, "Services", n.Services, behind)
	if err != nil {
		return err
	}
	if len(n.Rules) == 0 || len(n.Services) == 0 || forwarded.partly || served.partly {
		return nil
	}
	for _, group := range slices.Sorted(maps.Keys(forwarded.by)) {
		if served.by[group] == "" {
			return rollout.Errorf(rollout.KindRefused,
				"parameter Rules: %s forwards to %s, and no service of parameter Services is behind that; is it a rule of another load balancer?", forwarded.by[group], group)
		}
	}
	for _, group := range slices.Sorted(maps.Keys(served.by)) {
		if forwarded.by[group] == "" {
			return rollout.Errorf(rollout.KindRefused,
				"parameter Services: %s is behind %s, to which no rule of parameter Rules forwards; add the rule that does", served.by[group], group)
		}
	}
	return nil
}

// grouped are target groups, with what forwards to them or is behind them.
type grouped struct {
	by     map[string]string
	partly bool // something could not be looked at now
}

// finder finds the target groups of what has the ARN, where that is.
type finder func(ctx context.Context, in Reach, of arn.ARN) ([]string, error)

// each finds the target groups of everything that a parameter names.
func (c Checks) each(ctx context.Context, parameter string, arns []string, find finder) (grouped, error) {
	all := grouped{by: map[string]string{}}
	for _, text := range arns {
		groups, err := c.find(ctx, text, find)
		if err != nil {
			all.partly = true
		}
		if err := c.reason(ctx, parameter, err); err != nil {
			return all, err
		}
		for _, group := range groups {
			all.by[group] = text
		}
	}
	return all, nil
}

func (c Checks) find(ctx context.Context, text string, find finder) ([]string, error) {
	named, err := arn.Parse(text)
	if err != nil {
		return nil, rollout.Errorf(rollout.KindRefused, "%q is no ARN", text)
	}
	if named.AccountID != c.Account {
		return nil, rollout.Errorf(rollout.KindRefused,
			"%s is of account %s, and Sluice is in %s; what it may touch elsewhere is said there, by infra/remote.yaml", text, named.AccountID, c.Account)
	}
	return find(ctx, c.Reach(awsclient.Away{Region: named.Region}), named)
}

func forwardedTo(ctx context.Context, in Reach, rule arn.ARN) ([]string, error) {
	return in.Traffic.Groups(ctx, rule.String())
}

func behind(ctx context.Context, in Reach, service arn.ARN) ([]string, error) {
	parts := strings.Split(service.Resource, "/")
	if len(parts) != 3 {
		return nil, rollout.Errorf(rollout.KindRefused, "%s does not name its cluster; take the ARN that the service has now", service)
	}
	group, err := in.Services.Group(ctx, parts[1], parts[2])
	if err != nil {
		return nil, err
	}
	return []string{group}, nil
}
