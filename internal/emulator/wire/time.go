package wire

import (
	"math"
	"strconv"
	"time"
)

// epochTime is seconds since 1970, to the millisecond, as AWS keeps times.
func epochTime(seconds float64) (any, error) {
	const year10000 = 253402300800
	if math.IsNaN(seconds) || seconds < -62135596800 || seconds >= year10000 {
		return nil, serializationError("timestamp %v is out of range", seconds)
	}
	return time.UnixMilli(int64(math.Round(seconds * 1000))).UTC(), nil
}

// parseTime reads a timestamp written as ISO 8601, as an HTTP date or as seconds
// since 1970.
func parseTime(s string) (any, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02", time.RFC1123, time.RFC1123Z} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return epochTime(f)
	}
	return nil, serializationError("%q is not a valid timestamp", s)
}

// appendEpoch writes seconds since 1970, with milliseconds where there are any.
func appendEpoch(b []byte, t time.Time) []byte {
	ms := t.UnixMilli()
	if ms%1000 == 0 {
		return strconv.AppendInt(b, ms/1000, 10)
	}
	return strconv.AppendFloat(b, float64(ms)/1000, 'f', -1, 64)
}

// formatTime writes a timestamp in one of the model's formats.
func formatTime(t time.Time, format string) string {
	switch t = t.UTC(); format {
	case "rfc822":
		return t.Format("Mon, 02 Jan 2006 15:04:05 GMT")
	case "unixTimestamp":
		return string(appendEpoch(nil, t))
	}
	return t.Format("2006-01-02T15:04:05.000Z")
}
