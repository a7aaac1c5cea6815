package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/sluice-deploy/sluice/internal/logs"
)

// writeJSONLine writes a line as an object on a line of its own.
func writeJSONLine(out io.Writer, line logs.Line) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	if err := e.Encode(line); err != nil {
		return fmt.Errorf("write the line: %w", err)
	}
	return nil
}

// sluiceLine is what a function logged, in words; what is no log record stays as it is.
func (p *page) sluiceLine(text string) string {
	var record map[string]any
	if json.Unmarshal([]byte(text), &record) != nil || record["message"] == nil {
		return text
	}
	words := []string{fmt.Sprint(record["message"])}
	for _, name := range slices.Sorted(maps.Keys(record)) {
		value := input(record[name])
		if !slices.Contains([]string{"timestamp", "level", "message", "requestId", "app", "environment", "rollout"}, name) && value != "" {
			words = append(words, name+"="+quoted(value))
		}
	}
	line := strings.Join(words, " ")
	switch level := fmt.Sprint(record["level"]); level {
	case slog.LevelError.String():
		return p.Bad.Render(level + " " + line)
	case slog.LevelWarn.String():
		return p.Warn.Render(level + " " + line)
	default:
		return line
	}
}

// quoted is a value in quotes if it has more than one word.
func quoted(value string) string {
	if strings.ContainsAny(value, " \t\n\"") {
		return fmt.Sprintf("%q", value)
	}
	return value
}
