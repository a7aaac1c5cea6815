package emulator

import (
	"context"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// hosts sends the requests to a host that the web knows to its site, and all
// others to AWS's APIs.
type hosts struct{ partition *Partition }

// Handle implements wire.Handler.
func (h hosts) Handle(ctx context.Context, r *wire.Request, reply func(*wire.Response)) {
	if !h.partition.Web.Knows(r.Host) {
		r.Observe(h.partition.observe)
		router{h.partition}.Handle(ctx, r, reply)
		return
	}
	h.partition.Web.Send(r, 0, func(resp *wire.Response, err error) {
		if err != nil {
			resp = nil
		}
		reply(resp)
	})
}
