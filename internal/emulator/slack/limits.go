package slack

import "time"

// Calls a minute that a tier allows (Slack: Rate limits, tiers). A method without
// a tier is one for which Slack names no number.
const (
	tier2 = 20
	tier3 = 50
	tier4 = 100
)

// burst is how many messages a channel takes at once. Slack: Rate limits allow
// one message a second in each channel, and short bursts above it, whose length
// they do not say.
const burst = 5

// limits are the times of the calls that still count, by what they count against.
type limits map[string][]time.Time

// take counts a call, or says how long to wait until it may come again.
func (l limits) take(what string, most int, within time.Duration, now time.Time) time.Duration {
	calls := l[what]
	for len(calls) > 0 && !calls[0].Add(within).After(now) {
		calls = calls[1:]
	}
	l[what] = calls
	if len(calls) >= most {
		return calls[len(calls)-most].Add(within).Sub(now)
	}
	l[what] = append(calls, now)
	return 0
}
