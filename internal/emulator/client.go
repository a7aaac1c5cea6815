package emulator

import (
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/sts"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Config is for SDK clients that call the cloud in process, signing with the
// access key. They retry as the SDK does by default, three attempts in all, with
// its waits passing in the cloud's time and without their jitter. An account's
// own code has a function's key (Lambda.AccessKey); anybody else any other.
//
// A key that the cloud of another account than the home's gives out is that account's
// from then on, on every way into the cloud. So it must be called like Partition.In
// there, and it panics for a key that is a third account's.
func (c *Cloud) Config(accessKey string) aws.Config {
	token := ""
	switch {
	case strings.HasPrefix(accessKey, temporary):
		token = sts.SessionToken(accessKey)
	case c.Account != c.options.Account:
		c.own(accessKey)
	}
	return aws.Config{
		Region:      c.Region,
		Credentials: credentials.NewStaticCredentialsProvider(accessKey, "secret", token),
		HTTPClient:  client{c.transport},
		Retryer:     newRetryer,
	}
}

// own makes the account the key's.
func (c *Cloud) own(accessKey string) {
	if account, taken := c.owners[accessKey]; taken && account != c.Account {
		panic("emulator: access key " + accessKey + " is of account " + account + " and cannot be of " + c.Account)
	}
	c.owners[accessKey] = c.Account
}

// newRetryer leaves the waiting to the transport.
func newRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
	})
}

// backoff is the mean of the SDK's wait before an attempt, which is spread evenly
// from nothing to two seconds doubled with each attempt, at most twenty
// (github.com/aws/aws-sdk-go-v2/aws/retry, ExponentialJitterBackoff).
func backoff(attempt int) time.Duration {
	const longest = 10 * time.Second
	if attempt > 5 {
		return longest
	}
	return min(time.Second<<(attempt-2), longest)
}

// client sends requests and tells the invocation they belong to, so that a
// function can die at one of them.
type client struct {
	transport *wire.Transport
}

func (c client) Do(req *http.Request) (*http.Response, error) {
	inv := lambda.FromContext(req.Context())
	if inv == nil {
		return c.transport.Do(req)
	}
	n := inv.BeginCall(req.Context())
	resp, err := c.transport.Do(req)
	inv.EndCall(req.Context(), n)
	return resp, err
}
