package cloudwatch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// timestamp is how CloudWatch writes times inside JSON.
const timestamp = "2006-01-02T15:04:05.000-0700"

func stamp(t time.Time) string { return t.UTC().Format(timestamp) }

// double is a number as CloudWatch writes it: 5.0 and 1.0E7.
type double float64

func (d double) String() string {
	x := float64(d)
	if a := math.Abs(x); a != 0 && (a < 1e-3 || a >= 1e7) {
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(x, 'e', -1, 64), "e")
		n, err := strconv.Atoi(exponent)
		if err != nil {
			return strconv.FormatFloat(x, 'e', -1, 64)
		}
		return withFraction(mantissa) + "E" + strconv.Itoa(n)
	}
	return withFraction(strconv.FormatFloat(x, 'f', -1, 64))
}

func withFraction(digits string) string {
	if strings.Contains(digits, ".") {
		return digits
	}
	return digits + ".0"
}

// MarshalJSON writes the number as CloudWatch does.
func (d double) MarshalJSON() ([]byte, error) { return []byte(d.String()), nil }

// reason is the StateReason of a metric alarm that goes from one state to
// another, in CloudWatch's words.
func (w *watch) reason(to types.StateValue, evaluated []datapoint) string {
	var there []string
	deciding := 0
	breaching := to == types.StateValueAlarm
	for _, d := range evaluated {
		if d.there {
			if w.breaches(d.value) == breaching {
				deciding++
			}
			there = append(there, fmt.Sprintf("%s (%s)", double(d.value), d.start.UTC().Format("02/01/06 15:04:05")))
		}
	}
	missing := len(evaluated) - len(there)
	switch {
	case to == types.StateValueInsufficientData:
		return fmt.Sprintf("Insufficient Data: %s unknown.", counted(len(evaluated), "datapoint", "was", "were"))
	case missing > 0 && w.missing != "missing" && w.missing != "ignore":
		return fmt.Sprintf("Threshold Crossed: %s received for %s and %s treated as [%s].",
			received(len(there)), counted(len(evaluated), "period", "", ""), counted(missing, "missing datapoint", "was", "were"), treated(w.missing))
	case w.in.DatapointsToAlarm != nil:
		return w.partialReason(to, deciding, evaluated)
	}
	return fmt.Sprintf("Threshold Crossed: %s [%s] %s %s the threshold (%s).",
		counted(len(there), "datapoint", "", ""), strings.Join(there, ", "), verb(len(there), breaching), w.comparisonWords(), double(*w.in.Threshold))
}

// partialReason is the reason of an alarm with M out of N.
func (w *watch) partialReason(to types.StateValue, deciding int, evaluated []datapoint) string {
	breaching := to == types.StateValueAlarm
	var shown []string
	for _, d := range evaluated {
		if d.there && w.breaches(d.value) == breaching {
			shown = append(shown, fmt.Sprintf("%s (%s)", double(d.value), d.start.UTC().Format("02/01/06 15:04:05")))
		}
	}
	minimum, change := w.datapointsToAlarm, "OK -> ALARM"
	if !breaching {
		minimum, change = w.evaluationPeriods-w.datapointsToAlarm+1, "ALARM -> OK"
	}
	return fmt.Sprintf("Threshold Crossed: %d out of the last %d datapoints [%s] %s %s the threshold (%s) (minimum %s for %s transition).",
		deciding, w.evaluationPeriods, strings.Join(shown, ", "), verb(deciding, breaching), w.comparisonWords(),
		double(*w.in.Threshold), counted(minimum, "datapoint", "", ""), change)
}

func verb(n int, breaching bool) string {
	word := "were"
	if n == 1 {
		word = "was"
	}
	if !breaching {
		word += " not"
	}
	return word
}

func (w *watch) comparisonWords() string {
	switch w.in.ComparisonOperator { // GreaterThanThreshold is left; PutMetricAlarm refuses the others
	case types.ComparisonOperatorGreaterThanOrEqualToThreshold:
		return "greater than or equal to"
	case types.ComparisonOperatorLessThanThreshold:
		return "less than"
	case types.ComparisonOperatorLessThanOrEqualToThreshold:
		return "less than or equal to"
	default:
		return "greater than"
	}
}

func treated(missing string) string {
	if missing == "breaching" {
		return "Breaching"
	}
	return "NonBreaching"
}

func received(n int) string {
	if n == 0 {
		return "no datapoints were"
	}
	return counted(n, "datapoint", "was", "were")
}

// counted writes "1 datapoint was", "2 datapoints were"; the verb may be empty.
func counted(n int, noun, one, many string) string {
	word := one
	if n != 1 {
		noun += "s"
		word = many
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s %s", n, noun, word))
}

// reasonData is the StateReasonData of a metric alarm.
type reasonData struct {
	Version             string          `json:"version"`
	QueryDate           string          `json:"queryDate"`
	StartDate           string          `json:"startDate,omitempty"`
	Unit                string          `json:"unit,omitempty"`
	Statistic           string          `json:"statistic,omitempty"`
	Period              int             `json:"period"`
	RecentDatapoints    []double        `json:"recentDatapoints"`
	Threshold           double          `json:"threshold"`
	EvaluatedDatapoints []evaluatedData `json:"evaluatedDatapoints"`
}

type evaluatedData struct {
	Timestamp   string  `json:"timestamp"`
	SampleCount *double `json:"sampleCount,omitempty"`
	Value       *double `json:"value,omitempty"`
}

// reasonData gives the datapoints behind a state: recent ones from the oldest on,
// evaluated ones from the newest on.
func (w *watch) reasonData(now time.Time, evaluated []datapoint) string {
	data := reasonData{
		Version: "1.0", QueryDate: stamp(now), Period: int(w.period / time.Second),
		RecentDatapoints: []double{}, Threshold: double(*w.in.Threshold), EvaluatedDatapoints: []evaluatedData{},
	}
	if w.single {
		data.Statistic, data.Unit = w.watched.statistic.name, string(w.watched.unit)
	}
	for i := len(evaluated) - 1; i >= 0; i-- {
		if d := evaluated[i]; d.there {
			data.RecentDatapoints = append(data.RecentDatapoints, double(d.value))
			if data.StartDate == "" {
				data.StartDate = stamp(d.start)
			}
		}
	}
	for _, d := range evaluated {
		e := evaluatedData{Timestamp: stamp(d.start)}
		if d.there {
			value := double(d.value)
			e.Value = &value
		}
		if samples := double(d.samples); d.there && w.single {
			e.SampleCount = &samples
		}
		data.EvaluatedDatapoints = append(data.EvaluatedDatapoints, e)
	}
	return encode(data)
}

// encode writes JSON without escaping the > that reasons contain. Values here
// always have a JSON form.
func encode(v any) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic("cloudwatch: " + err.Error())
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// compactJSON checks a JSON text, which may be empty, and takes its white space
// out.
func compactJSON(source string) (string, error) {
	if source == "" {
		return "", nil
	}
	var out bytes.Buffer
	err := json.Compact(&out, []byte(source))
	return out.String(), err
}
