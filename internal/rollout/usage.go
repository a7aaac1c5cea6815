package rollout

// Usage is what AWS counts of Sluice's own work.
type Usage struct {
	Transitions int `json:"transitions"` // of the state machine
	Invocations int `json:"invocations"` // of functions
	Events      int `json:"events"`      // that Sluice puts
	Reads       int `json:"reads"`       // of the table
	Writes      int `json:"writes"`
}

// Usage is what a rollout of the plan takes, from the build's event to the end of its
// guard, when nothing stops it, nothing is tried again and nobody is asked. A story
// counts it.
func (p Plan) Usage() Usage {
	n := len(p.Steps)
	return Usage{
		Transitions: 8 + 4*n, Invocations: 15 + 5*n, Events: 3 + 2*n, Reads: 58 + 20*n, Writes: 35 + 5*n,
	}
}

// Add is both together.
func (u Usage) Add(v Usage) Usage {
	return Usage{
		u.Transitions + v.Transitions, u.Invocations + v.Invocations, u.Events + v.Events, u.Reads + v.Reads, u.Writes + v.Writes,
	}
}

// AWS's list prices in us-east-1, in dollars for each (AWS: pricing pages of Step
// Functions, Lambda for arm64, EventBridge and DynamoDB on demand, November 2026).
const (
	perTransition = 25e-6
	perInvocation = 0.20e-6 + perGBSecond*0.256*0.1 // 256 MB for 100 ms, longer than most run
	perGBSecond   = 13.3334e-6
	perEvent      = 1.00e-6
	perRead       = 0.125e-6 * unitsEach
	perWrite      = 0.625e-6 * unitsEach
	// unitsEach is how many units of capacity a request takes: an item of an environment
	// is up to 2 KB.
	unitsEach = 2
)

// Dollars is what it costs at AWS's list prices in us-east-1, beyond what is free.
func (u Usage) Dollars() float64 {
	return float64(u.Transitions)*perTransition + float64(u.Invocations)*perInvocation + float64(u.Events)*perEvent +
		float64(u.Reads)*perRead + float64(u.Writes)*perWrite
}
