package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Teams posts notices as cards to a channel of Microsoft Teams, through a workflow
// whose trigger is "When a Teams webhook request is received" (Microsoft Teams
// documentation, Create an Incoming Webhook). Who knows the workflow's URL can post,
// so the URL is a secret, and no error shows it.
type Teams struct {
	HTTP    Doer
	Secrets *Secrets
}

// Deliver posts a notice to the workflow whose URL the channel's secret holds, once.
// The workflow's 2xx says that it took the card; whether Teams shows it, the
// workflow's own run history tells. After a 401 it is posted again if the secret has
// changed.
func (t Teams) Deliver(ctx context.Context, c rollout.Channel, n Notice) error {
	body, err := json.Marshal(cardOf(n))
	if err != nil {
		return fmt.Errorf("encode a card of %s: %w", n.Rollout, err)
	}
	secret := wanted{field: "teams", name: c.Teams, holds: "the https URL of a Teams workflow"}
	return t.Secrets.use(ctx, secret, func(value string) (int, error) {
		to, err := url.Parse(value)
		if err != nil || to.Scheme != "https" || to.Host == "" {
			return 0, rollout.Errorf(rollout.KindRefused, "secret %s does not hold %s", c.Teams, secret.holds)
		}
		p := posting{
			to: "the Teams workflow of secret " + c.Teams, url: to, header: http.Header{}, body: body, now: t.Secrets.Now(), hush: true,
		}
		return p.send(ctx, t.HTTP)
	})
}
