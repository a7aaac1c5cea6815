package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/logging"
	"github.com/spf13/cobra"

	"github.com/sluice-deploy/sluice/internal/app"
	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/installation"
	"github.com/sluice-deploy/sluice/internal/localcloud"
	"github.com/sluice-deploy/sluice/internal/notify"
	"github.com/sluice-deploy/sluice/internal/steps"
)

// targetFlags say which installation a command is for: one on AWS, or in a local
// cloud.
type targetFlags struct {
	stack, region, profile, endpoint string
	local                            *bool // nil where nobody said
}

// addTo adds the flags to a command.
func (f *targetFlags) addTo(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.stack, "stack", installation.DefaultStack, "`name` of Sluice's stack")
	flags.StringVar(&f.region, "region", "", "AWS Region of Sluice's stack; else AWS_REGION, or the profile's")
	flags.StringVar(&f.profile, "profile", "", "profile of the AWS configuration; else AWS_PROFILE")
	flags.BoolFunc("local", "the local cloud that runs on this machine, which is also taken\nif it runs and nothing says otherwise; --local=false is AWS", func(text string) error {
		local := text == "true"
		if !local && text != "false" {
			return fmt.Errorf("want true or false, found %q", text)
		}
		f.local = &local
		return nil
	})
	flags.StringVar(&f.endpoint, "endpoint", "", "`URL` of a local cloud; else AWS_ENDPOINT_URL")
}

// target is the installation that a command works on, and ways to reach it.
type target struct {
	*installation.Installation

	AWS   aws.Config
	Local string       // endpoint of the local cloud; "" is AWS
	http  *http.Client // reaches function URLs
}

// find reaches the installation that the flags name. A local cloud that nobody named
// is told of on p.Err, so that nobody takes it for AWS, or AWS for it.
func (f *targetFlags) find(ctx context.Context, p Process) (*target, error) {
	t, err := f.reach(ctx, p)
	if err != nil {
		return nil, err
	}
	if t.Installation, err = installation.Find(ctx, t.AWS, f.stack); err != nil {
		return nil, err
	}
	if t.Local != "" {
		t.URL = strings.Replace(t.URL, "https://", "http://", 1)
	}
	return t, nil
}

// reach gives the account, before it is known whether Sluice is installed in it.
func (f *targetFlags) reach(ctx context.Context, p Process) (*target, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithSharedConfigProfile(f.profile), config.WithRegion(f.region),
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(awsclient.CallTimeout)),
		config.WithLogger(logging.Nop{})) // what the SDK would print says nothing to people
	if err != nil {
		return nil, usagef("read the AWS configuration: %w", err)
	}
	cfg.HTTPClient = awsclient.Whole(cfg.HTTPClient)
	t := &target{AWS: cfg, http: &http.Client{Timeout: 2 * awsclient.CallTimeout}}
	endpoint, given, err := f.localCloud(ctx, p)
	if err != nil {
		return nil, err
	}
	if endpoint != "" {
		if err := t.goLocal(endpoint, given); err != nil {
			return nil, err
		}
	}
	if t.AWS.Region == "" {
		return nil, usagef("no AWS Region is chosen: give --region, or set AWS_REGION")
	}
	return t, nil
}

// localCloud is the endpoint of the local cloud that is meant, "" where it is AWS, and
// whether its credentials come from outside too, as those of AWS_ENDPOINT_URL do.
func (f *targetFlags) localCloud(ctx context.Context, p Process) (endpoint string, given bool, err error) {
	named := f.region != "" || f.profile != ""
	switch {
	case f.local != nil && !*f.local:
		if f.endpoint != "" {
			return "", false, usagef("--local=false is AWS, and --endpoint is a local cloud; give one of them")
		}
		return "", false, nil
	case f.endpoint != "":
		return f.endpoint, false, nil
	case p.Getenv("AWS_ENDPOINT_URL") != "" && f.local == nil:
		return p.Getenv("AWS_ENDPOINT_URL"), true, nil
	case f.local == nil && named:
		return "", false, nil
	}
	endpoint, err = localcloud.Find(ctx)
	if f.local == nil {
		if errors.Is(err, localcloud.ErrNone) {
			return "", false, nil
		}
		if err == nil {
			_, _ = fmt.Fprintf(p.Err, "on the local cloud at %s; --local=false is AWS\n", endpoint) // nobody has to read it
		}
	}
	return endpoint, false, err
}

// goLocal has everything sent to a local cloud: AWS's APIs by the endpoint, and the hosts
// of function URLs, which it knows by their names.
func (t *target) goLocal(endpoint string, given bool) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" || u.Host == "" {
		return usagef("%q is not the URL of a local cloud, such as http://127.0.0.1:4600", endpoint)
	}
	t.Local, t.AWS.BaseEndpoint = endpoint, &endpoint
	if !given {
		t.AWS.Region = localcloud.Region
		t.AWS.Credentials = credentials.NewStaticCredentialsProvider(localcloud.AccessKey, localcloud.SecretKey, "")
	}
	dial := new(net.Dialer)
	t.http.Transport = &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dial.DialContext(ctx, network, u.Host)
	}}
	return nil
}

// client asks the installation at its URL.
func (t *target) client() installation.Client {
	return installation.Client{AWS: t.AWS, HTTP: t.http, URL: t.URL, Now: t.Now}
}

// onTime sets the steps' clock again: a local cloud's may run faster than this machine's,
// and somebody who watches sees it drift.
func (t *target) onTime(ctx context.Context, s *steps.Steps) error {
	if t.Local == "" {
		return nil
	}
	again, err := installation.Find(ctx, t.AWS, t.Stack)
	if err != nil {
		return err
	}
	t.Ahead, s.Now = again.Ahead, again.Now
	return nil
}

// world reaches what is not AWS, such as Slack; of a local cloud, its own stand-ins.
func (t *target) world() app.Doer {
	if t.Local == "" {
		return notify.HTTPClient()
	}
	return standIns{t.http}
}

// standIns are reached at the local cloud's port by their names, without TLS.
type standIns struct{ http *http.Client }

// Do sends a request.
func (s standIns) Do(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.URL.Scheme = "http"
	return s.http.Do(req)
}

// steps are Sluice's own, done from here, with the permissions of who calls.
func (t *target) steps(p Process) (*steps.Steps, error) {
	wired, err := app.New(app.World{
		AWS: t.AWS, HTTP: t.world(), Now: t.Now,
		Log: slog.New(slog.NewTextHandler(p.Err, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}, t.Settings)
	if err != nil {
		return nil, err
	}
	return wired.Steps, nil
}
