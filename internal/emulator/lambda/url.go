package lambda

import (
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/web"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// functionURL is the endpoint of a function, that is its $LATEST, or of an alias.
type functionURL struct {
	id, arn           string
	auth              types.FunctionUrlAuthType
	created, modified time.Time
}

// hosts are the names of the URL's host: AWS's own, and one that finds its way to
// a port of this machine by itself (RFC 6761, section 6.3).
func (s *Service) hosts(u *functionURL) []string {
	return []string{s.host(u), u.id + ".lambda-url." + s.region + ".localhost"}
}

func (s *Service) host(u *functionURL) string { return u.id + ".lambda-url." + s.region + ".on.aws" }

// createFunctionURLConfig gives the function a URL, which the web has from then on.
// AWS: Lambda API Reference, CreateFunctionUrlConfig.
func (s *Service) createFunctionURLConfig(_ *wire.Call, in *lambda.CreateFunctionUrlConfigInput) (*lambda.CreateFunctionUrlConfigOutput, error) {
	t, err := s.findForURL(*in.FunctionName, in.Qualifier)
	if err == nil {
		err = s.checkURL(in.Cors, in.InvokeMode)
	}
	if err != nil {
		return nil, err
	}
	own := t.own()
	if own.url != nil {
		return nil, conflict("Failed to create function url config for [functionArn = " + s.arn(t) +
			"]. Error message:  FunctionUrlConfig exists for this Lambda function")
	}
	now := s.loop.Now()
	u := &functionURL{id: s.loop.ID(urlID), arn: s.arn(t), auth: in.AuthType, created: now, modified: now}
	own.url = u
	s.serveAt(u)
	c := s.urlConfig(u)
	return &lambda.CreateFunctionUrlConfigOutput{
		AuthType: c.AuthType, CreationTime: c.CreationTime, FunctionArn: c.FunctionArn, FunctionUrl: c.FunctionUrl, InvokeMode: c.InvokeMode,
	}, nil
}

// serveAt has the web know the URL's hosts.
func (s *Service) serveAt(u *functionURL) {
	for _, host := range s.hosts(u) {
		s.deps.Web.Host(host, web.SiteFunc(func(r *wire.Request, reply func(*wire.Response)) { s.serveURL(u, r, reply) }))
	}
}

// urlID is the length of a URL's id.
const urlID = 32

// checkURL refuses what function URLs do not have here.
func (s *Service) checkURL(cors *types.Cors, mode types.InvokeMode) error {
	switch {
	case s.deps.Web == nil:
		return invalidParameter("a function URL is not emulated where there is no web")
	case !partition.HasFunctionURLs(s.region): // the words are ours
		return invalidParameter("Function URLs are not available in %s", s.region)
	case cors != nil:
		return invalidParameter("a function URL with Cors is not emulated")
	case mode == types.InvokeModeResponseStream:
		return invalidParameter("a function URL with InvokeMode RESPONSE_STREAM is not emulated")
	}
	return nil
}

// findForURL finds what can have a URL.
func (s *Service) findForURL(name string, qualifier *string) (target, error) {
	t, err := s.find(name, aws.ToString(qualifier))
	if err == nil && t.qualifier != "" && t.alias == nil { // the words are ours
		err = invalidParameter("%s is a version; a URL leads to the function or to an alias.", s.arn(t))
	}
	return t, err
}

// findURL finds the settings with a URL of a function or an alias.
func (s *Service) findURL(name string, qualifier *string) (*settings, error) {
	t, err := s.findForURL(name, qualifier)
	if err != nil {
		return nil, err
	}
	if own := t.own(); own.url != nil {
		return own, nil
	}
	return nil, missing("The resource you requested does not exist.")
}

// urlConfig is a URL as the API shows it.
func (s *Service) urlConfig(u *functionURL) types.FunctionUrlConfig {
	const layout = "2006-01-02T15:04:05.000000Z"
	return types.FunctionUrlConfig{
		AuthType: u.auth, InvokeMode: types.InvokeModeBuffered, FunctionArn: aws.String(u.arn),
		FunctionUrl:      new("https://" + s.host(u) + "/"),
		CreationTime:     new(u.created.UTC().Format(layout)),
		LastModifiedTime: new(u.modified.UTC().Format(layout)),
	}
}

func (s *Service) getFunctionURLConfig(_ *wire.Call, in *lambda.GetFunctionUrlConfigInput) (*lambda.GetFunctionUrlConfigOutput, error) {
	own, err := s.findURL(*in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	c := s.urlConfig(own.url)
	return &lambda.GetFunctionUrlConfigOutput{
		AuthType: c.AuthType, CreationTime: c.CreationTime, LastModifiedTime: c.LastModifiedTime,
		FunctionArn: c.FunctionArn, FunctionUrl: c.FunctionUrl, InvokeMode: c.InvokeMode,
	}, nil
}

func (s *Service) updateFunctionURLConfig(_ *wire.Call, in *lambda.UpdateFunctionUrlConfigInput) (*lambda.UpdateFunctionUrlConfigOutput, error) {
	own, err := s.findURL(*in.FunctionName, in.Qualifier)
	if err == nil {
		err = s.checkURL(in.Cors, in.InvokeMode)
	}
	if err != nil {
		return nil, err
	}
	if in.AuthType != "" {
		own.url.auth = in.AuthType
	}
	own.url.modified = s.loop.Now()
	c := s.urlConfig(own.url)
	return &lambda.UpdateFunctionUrlConfigOutput{
		AuthType: c.AuthType, CreationTime: c.CreationTime, LastModifiedTime: c.LastModifiedTime,
		FunctionArn: c.FunctionArn, FunctionUrl: c.FunctionUrl, InvokeMode: c.InvokeMode,
	}, nil
}

func (s *Service) deleteFunctionURLConfig(_ *wire.Call, in *lambda.DeleteFunctionUrlConfigInput) (*lambda.DeleteFunctionUrlConfigOutput, error) {
	own, err := s.findURL(*in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	s.removeURL(own)
	return &lambda.DeleteFunctionUrlConfigOutput{}, nil
}

// removeURL takes the URL away, if there is one.
func (s *Service) removeURL(own *settings) {
	if own.url == nil {
		return
	}
	for _, host := range s.hosts(own.url) {
		s.deps.Web.Remove(host)
	}
	own.url = nil
}

// listFunctionURLConfigs gives the function's URLs: its own, then those of its
// aliases by name, at most 50 a page.
func (s *Service) listFunctionURLConfigs(_ *wire.Call, in *lambda.ListFunctionUrlConfigsInput) (*lambda.ListFunctionUrlConfigsOutput, error) {
	f, err := s.findFunction(*in.FunctionName)
	if err != nil {
		return nil, err
	}
	var urls []*functionURL
	for _, qualifier := range append([]string{latest}, slices.Sorted(maps.Keys(f.aliases))...) {
		if own := f.settings[qualifier]; own != nil && own.url != nil {
			urls = append(urls, own.url)
		}
	}
	urls, next, err := page(urls, func(u *functionURL) string { return u.id }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &lambda.ListFunctionUrlConfigsOutput{FunctionUrlConfigs: []types.FunctionUrlConfig{}, NextMarker: next}
	for _, u := range urls {
		out.FunctionUrlConfigs = append(out.FunctionUrlConfigs, s.urlConfig(u))
	}
	return out, nil
}
