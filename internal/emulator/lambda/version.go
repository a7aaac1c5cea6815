package lambda

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// latest is the version that is not published.
const latest = "$LATEST"

// version is a function's code and configuration. Neither ever changes: an update of
// $LATEST makes another.
type version struct {
	number   string
	config   FunctionConfig
	code     Code
	modified time.Time
	revision string
	basis    string // of $LATEST when it was published

	idle    []Handler `keep:"-"` // warm environments that wait
	retired bool      // none is kept any more
}

// warm takes a warm environment, the one that was used last; nil if there is none.
func (v *version) warm() Handler {
	for last := len(v.idle) - 1; last >= 0; last-- {
		h := v.idle[last]
		v.idle = v.idle[:last]
		if alive(h) {
			return h
		}
		end(h)
	}
	return nil
}

// keep has an environment wait for the next invocation.
func (v *version) keep(h Handler) {
	if v.retired {
		end(h)
		return
	}
	v.idle = append(v.idle, h)
}

// retire ends the version's environments, those that run when they have come to
// their end.
func (v *version) retire() {
	v.retired = true
	for _, h := range v.idle {
		end(h)
	}
	v.idle = nil
}

// content tells code and configuration apart from others.
func (v *version) content() string { return v.code.SHA256 + encode(v.config) }

// publish makes a version of $LATEST, unless its code and configuration are those
// that the last version was made of.
// AWS: Lambda API Reference, PublishVersion.
func (s *Service) publish(f *function, description *string) *version {
	basis := f.latest.content()
	if n := len(f.versions); n > 0 && f.versions[n-1].basis == basis {
		return f.versions[n-1]
	}
	f.last++
	v := &version{
		number: strconv.Itoa(f.last), config: f.latest.config, code: f.latest.code, basis: basis,
		modified: s.loop.Now(), revision: s.loop.UUID(),
	}
	if description != nil {
		v.config.Description = *description
	}
	f.versions = append(f.versions, v)
	return v
}

func (s *Service) publishVersion(_ *wire.Call, in *lambda.PublishVersionInput) (*lambda.PublishVersionOutput, error) {
	f, err := s.findFunction(*in.FunctionName)
	if err == nil {
		err = target{function: f, version: f.latest}.checkRevision(in.RevisionId)
	}
	switch {
	case err != nil:
		return nil, err
	case in.PublishTo != "":
		return nil, invalidParameter("PublishVersion with PublishTo is not emulated")
	case in.CodeSha256 != nil && *in.CodeSha256 != f.latest.code.SHA256:
		return nil, invalidParameter("CodeSHA256 (%s) is different from current CodeSHA256 in $LATEST (%s). Please try again with the CodeSHA256 in $LATEST.",
			*in.CodeSha256, f.latest.code.SHA256)
	}
	out := lambda.PublishVersionOutput(s.newVersion(f, in.Description))
	return &out, nil
}

// newVersion publishes and shows the version.
func (s *Service) newVersion(f *function, description *string) lambda.GetFunctionConfigurationOutput {
	v := s.publish(f, description)
	return s.configuration(target{function: f, version: v, qualifier: v.number})
}

// listVersionsByFunction gives $LATEST, then the versions, at most 50 a page.
func (s *Service) listVersionsByFunction(_ *wire.Call, in *lambda.ListVersionsByFunctionInput) (*lambda.ListVersionsByFunctionOutput, error) {
	f, err := s.findFunction(*in.FunctionName)
	if err != nil {
		return nil, err
	}
	all := append([]*version{f.latest}, f.versions...)
	shown, next, err := page(all, func(v *version) string { return v.number }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &lambda.ListVersionsByFunctionOutput{Versions: []types.FunctionConfiguration{}, NextMarker: next}
	for _, v := range shown {
		out.Versions = append(out.Versions, s.describe(target{function: f, version: v, qualifier: v.number}))
	}
	return out, nil
}

// page cuts a list: what follows the item that a marker names, at most 50, and the
// marker of what is left. A marker of an item that is gone is refused.
func page[T any](all []T, name func(T) string, marker *string, limit *int32) (shown []T, next *string, err error) {
	const maxPage = 50
	size := maxPage
	if limit != nil {
		size = min(size, int(*limit))
	}
	if marker != nil {
		at := slices.IndexFunc(all, func(item T) bool { return name(item) == *marker })
		if at < 0 {
			return nil, nil, invalidParameter("Marker %s is not one that a list has given", *marker)
		}
		all = all[at+1:]
	}
	if len(all) > size {
		all = all[:size]
		next = aws.String(name(all[size-1]))
	}
	return all, next, nil
}

// deleteFunction deletes a version, or the function with all of them.
// AWS: Lambda API Reference, DeleteFunction. What it says of versions that cannot be
// deleted is in our words.
func (s *Service) deleteFunction(_ *wire.Call, in *lambda.DeleteFunctionInput) (*lambda.DeleteFunctionOutput, error) {
	t, err := s.find(*in.FunctionName, aws.ToString(in.Qualifier))
	if err != nil {
		return nil, err
	}
	switch {
	case t.qualifier == "":
		s.remove(t.function)
	case t.qualifier == latest:
		return nil, invalidParameter("$LATEST version cannot be deleted without deleting the function.")
	case t.alias != nil:
		return nil, invalidParameter("%s is an alias; DeleteAlias deletes it.", s.arn(t))
	default:
		if names := t.aliasesOf(t.version); len(names) > 0 {
			return nil, conflict("Unable to delete version because the following aliases reference it: [" + strings.Join(names, ", ") + "]")
		}
		t.version.retire()
		delete(t.settings, t.version.number)
		t.versions = slices.DeleteFunc(slices.Clone(t.versions), func(v *version) bool { return v == t.version })
	}
	return &lambda.DeleteFunctionOutput{StatusCode: 204}, nil
}

// remove takes the function away with everything that it has.
func (s *Service) remove(f *function) {
	for _, own := range f.settings {
		s.removeURL(own)
	}
	for _, v := range append(f.versions, f.latest) {
		v.retire()
	}
	delete(s.functions, f.name)
}
