package emulator

import (
	"context"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// hosts sends the requests to a host that the web knows to its site, and all
// others to AWS's APIs.
type hosts struct{ cloud *Cloud }

// Handle implements wire.Handler.
func (h hosts) Handle(ctx context.Context, r *wire.Request, reply func(*wire.Response)) {
	if !h.cloud.Web.Knows(r.Host) {
		h.cloud.Mux.Handle(ctx, r, reply)
		return
	}
	h.cloud.Web.Send(r, 0, func(resp *wire.Response, err error) {
		if err != nil {
			resp = nil
		}
		reply(resp)
	})
}
