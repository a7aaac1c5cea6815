package lambda

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// target is what a function's name or ARN and a qualifier lead to.
type target struct {
	*function

	version   *version
	alias     *alias // nil if the qualifier is none
	qualifier string // as it was asked for: "" is none
}

// find looks up a name, partial or full ARN, and a version or alias beside it or in
// it. Without one it is $LATEST.
func (s *Service) find(arnOrName, qualifier string) (target, error) {
	id := s.withoutPrefix(arnOrName)
	name, inName, qualified := strings.Cut(id, ":")
	if qualifier != "" && qualified && inName != qualifier {
		return target{}, invalidParameter("The derived qualifier from the function name does not match the specified qualifier.")
	}
	if qualified {
		qualifier = inName
	}
	if f := s.functions[name]; f != nil && !strings.Contains(qualifier, ":") {
		if t, ok := f.qualified(qualifier); ok {
			return t, nil
		}
	}
	arn := s.ARN(id)
	if strings.HasPrefix(id, "arn:") {
		arn = id
	} else if qualifier != "" && !qualified {
		arn += ":" + qualifier
	}
	return target{}, missing("Function not found: " + arn)
}

// withoutPrefix is what a name or ARN has from the function's name on.
func (s *Service) withoutPrefix(arnOrName string) string {
	full := s.ARN("")
	for _, prefix := range []string{full, s.account + ":function:", "function:"} {
		if rest, ok := strings.CutPrefix(arnOrName, prefix); ok {
			return rest
		}
	}
	return arnOrName
}

// findFunction looks a function up for an operation on the function as such, whose
// name must not be qualified with a version or an alias.
func (s *Service) findFunction(arnOrName string) (*function, error) {
	t, err := s.find(arnOrName, "")
	if err != nil {
		return nil, err
	}
	if t.qualifier != "" && t.qualifier != latest { // the words are ours
		return nil, invalidParameter("The function's name %s has a qualifier, which this operation does not take.", arnOrName)
	}
	return t.function, nil
}

var number = regexp.MustCompile(`^\d+$`)

// qualified finds a version or an alias.
func (f *function) qualified(qualifier string) (target, bool) {
	t := target{function: f, qualifier: qualifier}
	switch {
	case qualifier == "" || qualifier == latest:
		t.version = f.latest
	case number.MatchString(qualifier):
		t.version = f.published(qualifier)
	default:
		if t.alias = f.aliases[qualifier]; t.alias != nil {
			at, ok := f.qualified(t.alias.number)
			t.version = at.version
			return t, ok
		}
	}
	return t, t.version != nil
}

// published is the version of this number, or nil.
func (f *function) published(number string) *version {
	at := slices.IndexFunc(f.versions, func(v *version) bool { return v.number == number })
	if at < 0 {
		return nil
	}
	return f.versions[at]
}

// arn is the ARN by which the target was asked for.
func (s *Service) arn(t target) string {
	arn := s.ARN(t.name)
	if t.qualifier != "" {
		arn += ":" + t.qualifier
	}
	return arn
}

// own are the target's own settings.
func (t target) own() *settings {
	key := cmp.Or(t.qualifier, latest)
	if t.settings[key] == nil {
		t.settings[key] = &settings{}
	}
	return t.settings[key]
}

// revision is that of the alias, or of the version.
func (t target) revision() *string {
	if t.alias != nil {
		return &t.alias.revision
	}
	return &t.version.revision
}

// checkRevision refuses a change of what has been changed since it was read.
func (t target) checkRevision(expected *string) error {
	if expected == nil || *expected == *t.revision() {
		return nil
	}
	return &types.PreconditionFailedException{Type: new("User"), Message: new(
		"The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API to retrieve the latest RevisionId for your resource.")}
}

func invalidParameter(format string, args ...any) error {
	return wire.Errorf("InvalidParameterValueException", format, args...)
}

func missing(message string) error {
	return &types.ResourceNotFoundException{Message: &message, Type: new("User")}
}

func conflict(message string) error {
	return &types.ResourceConflictException{Message: aws.String(message), Type: new("User")}
}
