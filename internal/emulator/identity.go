package emulator

import (
	"context"
	"strings"

	"github.com/sluice-deploy/sluice/internal/emulator/iam"
	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/sts"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// router hands a request to the cloud that it is for: the account is that of the
// access key, the Region that of the signature. What is not signed, or for no Region
// there is, goes to the home cloud, which refuses the latter.
type router struct{ *Partition }

func (r router) Handle(ctx context.Context, req *wire.Request, reply func(*wire.Response)) {
	r.mux(req).Handle(ctx, req, reply)
}

func (r router) Identify(req *wire.Request) *wire.Call { return r.mux(req).Identify(req) }

func (r router) mux(req *wire.Request) *wire.Mux {
	key, region := wire.Credentials(req)
	if !r.hasRegion(region) {
		return r.home().Mux
	}
	account := r.home().Account
	if owner := r.owner(key); owner != nil {
		account = owner.account
	}
	return r.In(account, region).Mux
}

// owner is who has an access key.
type owner struct {
	account  string
	function *Cloud // in which the key is a function's, or nil
	session  *sts.Session
}

// owner is nil for a key that is nobody's in particular.
func (p *Partition) owner(key string) *owner {
	if account, ok := p.owners[key]; ok {
		return &owner{account: account}
	}
	if session := p.STS.Session(key); session != nil {
		return &owner{account: session.Account, session: session}
	}
	for _, c := range p.clouds {
		if c.Lambda.Caller(key) != "" {
			return &owner{account: c.Account, function: c}
		}
	}
	return nil
}

// temporary begins the access keys of sessions.
// AWS: IAM User Guide, IAM identifiers, Unique identifiers.
const temporary = "ASIA"

// authenticate tells who sent a request. A function calls as its role's session, and
// the credentials that AssumeRole gave are that session. Any other key is that of an
// IAM user of the name of the key, an administrator: of the account whose cloud gave
// it out (Cloud.Config), and otherwise of the home account.
func (p *Partition) authenticate(c *wire.Call) (wire.Identity, error) {
	if c.AccessKey == "" {
		return wire.Identity{}, nil
	}
	return p.identify(c.AccessKey, c.SecurityToken())
}

// identify tells who has an access key and the session token that comes with it.
func (p *Partition) identify(key, token string) (wire.Identity, error) {
	o := p.owner(key)
	switch {
	case o == nil && strings.HasPrefix(key, temporary):
		return wire.Identity{}, wire.ErrUnknownCredentials
	case o == nil:
		return p.user(p.home().Account, key), nil
	case o.session == nil && o.function == nil:
		return p.user(o.account, key), nil
	case token != sts.SessionToken(key):
		return wire.Identity{}, wire.ErrUnknownCredentials
	case o.function != nil:
		return o.function.functionIdentity(key), nil
	case !p.loop.Now().Before(o.session.Expires):
		return wire.Identity{}, wire.ErrExpiredCredentials
	}
	return o.session.Identity, nil
}

// callerARN is the ARN of who has an access key.
func (c *Cloud) callerARN(key string) string {
	who, err := c.identify(key, sts.SessionToken(key))
	if err != nil {
		return ""
	}
	return who.ARN
}

// root is the account itself.
func (c *Cloud) root() wire.Identity {
	return wire.Identity{Account: c.Account, ARN: partition.IAM(c.Region, c.Account, "root"), UserID: c.Account}
}

func (p *Partition) user(account, key string) wire.Identity {
	return wire.Identity{Account: account, ARN: partition.IAM(p.options.Region, account, "user/"+key), UserID: key}
}

// functionIdentity is who a function calls as: a session of its role, named after the
// function (AWS: Lambda Developer Guide, Defining Lambda function permissions with an
// execution role). A function that was registered without a role is a user.
func (c *Cloud) functionIdentity(key string) wire.Identity {
	name := c.Lambda.Caller(key)
	config, _ := c.Lambda.Config(name)
	if _, _, ok := iam.ParseRoleARN(config.Role); !ok {
		return c.user(c.Account, key)
	}
	return c.roleIdentity(config.Role, name)
}

// roleIdentity is a session of a role of the account. Services do not ask here whether
// there is such a role; one that there is not has no id and may do nothing.
func (c *Cloud) roleIdentity(roleARN, session string) wire.Identity {
	if r := c.role(roleARN); r != nil {
		return r.Session(session)
	}
	return wire.Identity{Account: c.Account, ARN: iam.SessionARN(roleARN, session), UserID: ":" + session, Role: roleARN}
}
