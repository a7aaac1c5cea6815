package cli

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// outputFlag is how a command's answer is written.
type outputFlag string

// The forms.
const (
	asText outputFlag = "text"
	asJSON outputFlag = "json"
)

// addTo adds the flag to a command.
func (o *outputFlag) addTo(cmd *cobra.Command) {
	*o = asText
	cmd.Flags().VarP(o, "output", "o", "`form` of the answer: text, for people, or json")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{string(asText), string(asJSON)}, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
}

// Set reads the flag. It implements pflag.Value.
func (o *outputFlag) Set(text string) error {
	switch f := outputFlag(text); f {
	case asText, asJSON:
		*o = f
		return nil
	default:
		return fmt.Errorf("want text or json, found %q", text)
	}
}

// String is the flag's text.
func (o *outputFlag) String() string { return string(*o) }

// Type is what help calls the flag's value.
func (o *outputFlag) Type() string { return "form" }

// write writes an answer: v as JSON, or what text writes of it.
func (o *outputFlag) write(out io.Writer, v any, text func(io.Writer) error) error {
	if *o == asText {
		return text(out)
	}
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	return nil
}

// writeEnd is write for what was waited for: a sentence where it ended well, and else the
// error of its outcome, which says it.
func (o *outputFlag) writeEnd(out io.Writer, v any, well string, outcome error) error {
	err := o.write(out, v, func(w io.Writer) error {
		if outcome == nil {
			_, _ = fmt.Fprintln(w, well) // nobody has to read it
		}
		return nil
	})
	if outcome != nil {
		return outcome
	}
	return err
}
