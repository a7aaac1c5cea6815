package localcloud

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/eventbridge"
)

// EventsPath is where an event of an AWS service is posted, as JSON in EventBridge's
// own form, to have the local cloud put it on the default bus as if the service had
// sent it. AWS has no such thing: its PutEvents refuses events of sources that begin
// with aws. (AWS: EventBridge API Reference, PutEventsResultEntry,
// NotAuthorizedForSourceException). So the path is not part of the emulated AWS, and
// no AWS signature is asked for. The answer is 202 and the id, or 400 with a
// sentence.
const EventsPath = "/_sluice/events"

// awsPrefix begins the sources of AWS's own services.
const awsPrefix = "aws."

// maxEvent is the largest event. AWS: EventBridge User Guide, event size.
const maxEvent = 256 << 10

// EventError says what is wrong with an event.
type EventError struct {
	Field string // of the event; "" for all of it
	Found string
	Want  string
}

func (e *EventError) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("%s, want %s", e.Found, e.Want)
	}
	return fmt.Sprintf("field %q is %s, want %s", e.Field, e.Found, e.Want)
}

// ParseEvent reads an event as EventBridge delivers it. An *EventError names the
// first thing that is wrong.
func ParseEvent(text []byte) (eventbridge.Event, error) {
	var e eventbridge.Event
	if len(text) > maxEvent {
		return e, &EventError{Found: fmt.Sprintf("%d bytes", len(text)), Want: fmt.Sprintf("at most %d", maxEvent)}
	}
	var wrong *json.UnmarshalTypeError
	switch err := json.Unmarshal(text, &e); {
	case errors.As(err, &wrong) && wrong.Field == "":
		return e, &EventError{Found: "a JSON " + wrong.Value, Want: "an event, which is a JSON object"}
	case errors.As(err, &wrong):
		return e, &EventError{Field: wrong.Field, Found: "a JSON " + wrong.Value, Want: "a " + wrong.Type.String()}
	case err != nil:
		return e, &EventError{Found: "not JSON (" + err.Error() + ")", Want: "an event as EventBridge delivers it"}
	}
	var detail map[string]json.RawMessage
	switch {
	case e.Source == "":
		return e, &EventError{Field: "source", Found: "missing", Want: "the source of an event, such as sluice.build"}
	case e.DetailType == "":
		return e, &EventError{Field: "detail-type", Found: "missing", Want: "the type of an event, such as Sluice Build Succeeded"}
	case len(e.Detail) == 0:
		return e, &EventError{Field: "detail", Found: "missing", Want: "a JSON object"}
	case json.Unmarshal(e.Detail, &detail) != nil || detail == nil:
		return e, &EventError{Field: "detail", Found: fmt.Sprintf("%.40s", e.Detail), Want: "a JSON object"}
	}
	return e, nil
}

// FromAWS reports whether an event is one that only an AWS service can put.
func FromAWS(e eventbridge.Event) bool { return strings.HasPrefix(e.Source, awsPrefix) }

// events takes events of AWS services.
func events(cloud *emulator.Cloud) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "an event is posted here", http.StatusMethodNotAllowed)
			return
		}
		text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEvent))
		if err != nil {
			http.Error(w, "read the event: "+err.Error(), http.StatusBadRequest)
			return
		}
		e, err := ParseEvent(text)
		if err == nil {
			err = fits(cloud, e)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		var id string
		cloud.Do(func() {
			cloud.EventBridge.Emit(e.Source, e.DetailType, e.Resources, e.Detail)
			recent := cloud.EventBridge.Recent()
			id = recent[len(recent)-1].ID
		})
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, id) // the client may have gone
	})
}

// fits checks that the cloud's services could have sent the event.
func fits(cloud *emulator.Cloud, e eventbridge.Event) error {
	switch {
	case !FromAWS(e):
		return &EventError{Field: "source", Found: e.Source, Want: "one that begins with aws.; others are put with PutEvents"}
	case e.Account != "" && e.Account != cloud.Account:
		return &EventError{Field: "account", Found: e.Account, Want: cloud.Account + ", the local cloud's"}
	case e.Region != "" && e.Region != cloud.Region:
		return &EventError{Field: "region", Found: e.Region, Want: cloud.Region + ", the local cloud's"}
	default:
		return nil
	}
}
