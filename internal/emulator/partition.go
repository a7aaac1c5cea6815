package emulator

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/sluice-deploy/sluice/internal/emulator/elbv2"
	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
	"github.com/sluice-deploy/sluice/internal/emulator/iam"
	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
	"github.com/sluice-deploy/sluice/internal/emulator/model"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/s3"
	"github.com/sluice-deploy/sluice/internal/emulator/sts"
	"github.com/sluice-deploy/sluice/internal/emulator/web"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Partition is what the clouds of all accounts and Regions on a loop share.
type Partition struct {
	// Faults may be changed.
	Faults Faults `keep:"-"`
	// Observe, when set, is told on the loop of every request of a client that
	// was answered.
	Observe func(c *wire.Call, in, out any, err error) `keep:"-"`
	// Decided, when set, is told on the loop of every decision about who may do what.
	// What administrators do is not decided, unless the resource has a policy of its own.
	Decided func(d Decision) `keep:"-"`
	// World runs tasks and carries traffic as a model, unless Options brought
	// others.
	World *model.World `keep:"-"`
	// STS is the same for all accounts.
	STS *sts.Service
	// Web is the hosts that code in the clouds reaches by HTTP, function URLs among
	// them.
	Web *web.Web `keep:"-"`

	loop      *loop.Loop
	options   Options                 `keep:"-"`
	transport *wire.Transport         `keep:"-"`
	clouds    []*Cloud                // in the order in which they were made; the first is home
	iam       map[string]*iam.Service // by account
	owners    map[string]string       // account of a key that another account's cloud gave out
}

func newPartition(l *loop.Loop, o Options) *Partition {
	p := &Partition{
		Faults: o.Faults, World: model.New(l), Web: web.New(l), loop: l, options: o,
		iam: map[string]*iam.Service{}, owners: map[string]string{},
	}
	if o.Runner == nil {
		p.options.Runner = p.World
	}
	if o.Traffic == nil {
		p.options.Traffic = p.World
	}
	p.World.Observe = p.Flowed
	p.STS = sts.New(l, sts.Deps{
		Role: p.role, Organization: o.Organization, Decided: p.decidedAssume, Fetch: p.fetch,
		Provider: func(account, issuer string) *iam.Provider { return p.iamOf(account).Provider(issuer) },
	})
	p.transport = wire.NewTransport(l, router{p}, wire.TransportOptions{
		Latency: o.Latency, Timeout: o.RequestTimeout, Backoff: backoff, Fault: p.requestFault, Observe: p.observe,
	})
	return p
}

var accountID = regexp.MustCompile(`^\d{12}$`)

// hasRegion reports whether there is such a Region in the partition, which is that of
// the home's.
func (p *Partition) hasRegion(name string) bool {
	return partition.Known(name) && partition.Of(name) == partition.Of(p.options.Region)
}

// In gives the cloud of an account in a Region, made when it is first asked for. All
// have the options of the first, one IAM an account and one STS. It must be called on
// the loop or while a virtual loop stands still, and it panics for what is no account
// or no Region, which is a mistake in the program.
func (p *Partition) In(account, region string) *Cloud {
	if c := p.find(account, region); c != nil {
		return c
	}
	if !accountID.MatchString(account) || !p.hasRegion(region) {
		panic("emulator: there is no cloud of account " + account + " in Region " + region)
	}
	c := p.newCloud(account, region)
	p.clouds = append(p.clouds, c)
	return c
}

// find is the cloud that was made, or nil.
func (p *Partition) find(account, region string) *Cloud {
	for _, c := range p.clouds {
		if c.Account == account && c.Region == region {
			return c
		}
	}
	return nil
}

// fetch gives what a host of Web has at a URL.
func (p *Partition) fetch(address string, reply func(body []byte, err error)) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" {
		reply(nil, fmt.Errorf("%q is no URL of HTTPS", address))
		return
	}
	const patience = 5 * time.Second
	p.Web.Send(&wire.Request{Method: http.MethodGet, Host: u.Host, Path: u.EscapedPath(), Query: u.RawQuery, Header: http.Header{}}, patience, func(r *wire.Response, err error) {
		switch {
		case err != nil:
			reply(nil, err)
		case r == nil || r.Status != http.StatusOK:
			reply(nil, fmt.Errorf("%s did not answer", address))
		default:
			reply(r.Body, nil)
		}
	})
}

func (p *Partition) home() *Cloud { return p.clouds[0] }

// iamOf is the IAM of an account.
func (p *Partition) iamOf(account string) *iam.Service {
	s := p.iam[account]
	if s == nil {
		s = iam.New(p.loop, account, p.options.Region, iam.Deps{RoleExists: func(arn string) bool { return p.role(arn) != nil }})
		p.iam[account] = s
	}
	return s
}

// role is the role with this ARN, of any account, or nil.
func (p *Partition) role(arn string) *iam.Role {
	account, name, ok := iam.ParseRoleARN(arn)
	if !ok || p.iam[account] == nil {
		return nil
	}
	if r := p.iam[account].Role(name); r != nil && r.ARN == arn {
		return r
	}
	return nil
}

// eventBridge is that of another account or Region; nil for what is neither.
func (p *Partition) eventBridge(account, region string) *eventbridge.Service {
	if !accountID.MatchString(account) || !p.hasRegion(region) {
		return nil
	}
	return p.In(account, region).EventBridge
}

func (p *Partition) allS3() []*s3.Service {
	all := make([]*s3.Service, len(p.clouds))
	for i, c := range p.clouds {
		all[i] = c.S3
	}
	return all
}

// Flowed takes what flowed through a load balancer, of whichever account and Region,
// from what carries the traffic. It must be called on the loop.
func (p *Partition) Flowed(s elbv2.Sample) {
	for _, c := range p.clouds {
		c.ELBv2.Observe(s) // it knows its own
	}
}

func (p *Partition) requestFault(ctx context.Context, call *wire.Call) *wire.Fault {
	if inv := lambda.FromContext(ctx); inv != nil && p.Faults.Invocation != nil {
		return p.Faults.Invocation(inv, call)
	}
	if p.Faults.Request == nil {
		return nil
	}
	return p.Faults.Request(call)
}

func (p *Partition) observe(call *wire.Call, in, out any, err error) {
	if p.Observe != nil {
		p.Observe(call, in, out, err)
	}
}
