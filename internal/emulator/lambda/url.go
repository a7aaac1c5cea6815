package lambda

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice-deploy/sluice/internal/emulator/web"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// functionURL is the endpoint of a function.
type functionURL struct {
	id                string
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
	f, err := s.find(*in.FunctionName, aws.ToString(in.Qualifier))
	if err == nil {
		err = s.checkURL(in.Cors, in.InvokeMode)
	}
	if err != nil {
		return nil, err
	}
	if f.url != nil {
		return nil, &types.ResourceConflictException{Message: new("Failed to create function url config for [functionArn = " + s.ARN(f.name) +
			"]. Error message:  FunctionUrlConfig exists for this Lambda function"), Type: new("User")}
	}
	now := s.loop.Now()
	u := &functionURL{id: s.loop.ID(urlID), auth: in.AuthType, created: now, modified: now}
	f.url = u
	for _, host := range s.hosts(u) {
		s.deps.Web.Host(host, web.SiteFunc(func(r *wire.Request, reply func(*wire.Response)) { s.serveURL(f, u, r, reply) }))
	}
	c := s.urlConfig(f)
	return &lambda.CreateFunctionUrlConfigOutput{
		AuthType: c.AuthType, CreationTime: c.CreationTime, FunctionArn: c.FunctionArn, FunctionUrl: c.FunctionUrl, InvokeMode: c.InvokeMode,
	}, nil
}

// urlID is the length of a URL's id.
const urlID = 32

// checkURL refuses what function URLs do not have here.
func (s *Service) checkURL(cors *types.Cors, mode types.InvokeMode) error {
	switch {
	case s.deps.Web == nil:
		return invalidParameter("a function URL is not emulated where there is no web")
	case cors != nil:
		return invalidParameter("a function URL with Cors is not emulated")
	case mode == types.InvokeModeResponseStream:
		return invalidParameter("a function URL with InvokeMode RESPONSE_STREAM is not emulated")
	}
	return nil
}

// findURL finds a function that has a URL.
func (s *Service) findURL(name string, qualifier *string) (*function, error) {
	f, err := s.find(name, aws.ToString(qualifier))
	if err == nil && f.url == nil {
		err = notThere("The resource you requested does not exist.")
	}
	return f, err
}

// urlConfig is the function's URL as the API shows it.
func (s *Service) urlConfig(f *function) types.FunctionUrlConfig {
	const layout = "2006-01-02T15:04:05.000000Z"
	return types.FunctionUrlConfig{
		AuthType: f.url.auth, InvokeMode: types.InvokeModeBuffered, FunctionArn: new(s.ARN(f.name)),
		FunctionUrl:      new("https://" + s.host(f.url) + "/"),
		CreationTime:     new(f.url.created.UTC().Format(layout)),
		LastModifiedTime: new(f.url.modified.UTC().Format(layout)),
	}
}

func (s *Service) getFunctionURLConfig(_ *wire.Call, in *lambda.GetFunctionUrlConfigInput) (*lambda.GetFunctionUrlConfigOutput, error) {
	f, err := s.findURL(*in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	c := s.urlConfig(f)
	return &lambda.GetFunctionUrlConfigOutput{
		AuthType: c.AuthType, CreationTime: c.CreationTime, LastModifiedTime: c.LastModifiedTime,
		FunctionArn: c.FunctionArn, FunctionUrl: c.FunctionUrl, InvokeMode: c.InvokeMode,
	}, nil
}

func (s *Service) updateFunctionURLConfig(_ *wire.Call, in *lambda.UpdateFunctionUrlConfigInput) (*lambda.UpdateFunctionUrlConfigOutput, error) {
	f, err := s.findURL(*in.FunctionName, in.Qualifier)
	if err == nil {
		err = s.checkURL(in.Cors, in.InvokeMode)
	}
	if err != nil {
		return nil, err
	}
	if in.AuthType != "" {
		f.url.auth = in.AuthType
	}
	f.url.modified = s.loop.Now()
	c := s.urlConfig(f)
	return &lambda.UpdateFunctionUrlConfigOutput{
		AuthType: c.AuthType, CreationTime: c.CreationTime, LastModifiedTime: c.LastModifiedTime,
		FunctionArn: c.FunctionArn, FunctionUrl: c.FunctionUrl, InvokeMode: c.InvokeMode,
	}, nil
}

func (s *Service) deleteFunctionURLConfig(_ *wire.Call, in *lambda.DeleteFunctionUrlConfigInput) (*lambda.DeleteFunctionUrlConfigOutput, error) {
	f, err := s.findURL(*in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	s.removeURL(f)
	return &lambda.DeleteFunctionUrlConfigOutput{}, nil
}

// removeURL takes the function's URL away, if it has one.
func (s *Service) removeURL(f *function) {
	if f.url == nil {
		return
	}
	for _, host := range s.hosts(f.url) {
		s.deps.Web.Remove(host)
	}
	f.url = nil
}

// listFunctionURLConfigs gives the one URL that a function without aliases can
// have, so that there is never a second page.
func (s *Service) listFunctionURLConfigs(_ *wire.Call, in *lambda.ListFunctionUrlConfigsInput) (*lambda.ListFunctionUrlConfigsOutput, error) {
	f, err := s.find(*in.FunctionName, "")
	if err != nil {
		return nil, err
	}
	if in.Marker != nil {
		return nil, invalidParameter("Marker %s is not one that a list has given", *in.Marker)
	}
	out := &lambda.ListFunctionUrlConfigsOutput{FunctionUrlConfigs: []types.FunctionUrlConfig{}}
	if f.url != nil {
		out.FunctionUrlConfigs = append(out.FunctionUrlConfigs, s.urlConfig(f))
	}
	return out, nil
}
