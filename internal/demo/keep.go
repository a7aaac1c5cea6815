package demo

import (
	"context"
	"fmt"
	"io"
	"text/template"

	"github.com/sluice-deploy/sluice/internal/localcloud"
)

// guide is what is printed when the cloud stays.
type guide struct {
	Endpoint, Region, Machine, Table, Cluster, App, Image, AccessKey, SecretKey, Balancer, Page, Logs string
}

const guideText = `
The local cloud goes on; Ctrl-C ends it and the app's processes.
  endpoint       {{.Endpoint}}
  the app        {{.Balancer}}
  Slack          {{.Page}}

Look into it with the aws CLI:
  export AWS_ENDPOINT_URL={{.Endpoint}} AWS_REGION={{.Region}} AWS_DEFAULT_REGION={{.Region}} AWS_ACCESS_KEY_ID={{.AccessKey}} AWS_SECRET_ACCESS_KEY={{.SecretKey}}
  aws stepfunctions list-executions --state-machine-arn {{.Machine}}
  aws ecs describe-services --cluster {{.Cluster}} --services {{.App}}-blue {{.App}}-green
  aws cloudwatch describe-alarms --alarm-name-prefix {{.App}}-
  aws dynamodb scan --table-name {{.Table}} --max-items 5
{{- if .Logs}}
What Sluice's functions print:
  curl {{.Logs}}
{{- end}}

Look at it as at Sluice on AWS:
  sluice status
  sluice explain {{.App}} production

Roll out something else: push an image (it runs as a good version) and deploy it; approve it at the page of Slack once it
has gone through staging, as Ada or Bob.
  aws ecr put-image --repository-name {{.App}} --image-tag v4 --image-manifest-media-type application/vnd.oci.image.manifest.v1+json --image-manifest '{"schemaVersion":2,"annotations":{"version":"v4"}}'
  sluice deploy {{.App}} --image {{.Image}}:v4 --author dana@example.com
  sluice watch {{.App}} production
or put an event as a build does: the same build is never rolled out twice, and none is while an alarm is red.
  sluice emit events/sluice-build-succeeded.json

`

// keep leaves the cloud running until the context ends, and goes on telling what
// happens in lines.
func (w *world) keep(ctx context.Context, o Options, server *localcloud.Server, watching *watcher) error {
	logs := ""
	if w.processes {
		logs = server.Endpoint + localcloud.LogsPath
	}
	if err := writeGuide(o.Out, guide{
		Logs:     logs,
		Endpoint: server.Endpoint, Region: w.Region, Machine: w.Settings.Machine, Table: w.Settings.Table,
		Cluster: w.production.spec.Cluster, App: w.spec.App, Image: w.spec.Containers["web"],
		AccessKey: localcloud.AccessKey, SecretKey: localcloud.SecretKey, Balancer: w.production.load.URL,
		Page: server.Page,
	}); err != nil {
		return err
	}
	return watching.follow(ctx, nil, plain{o.Out})
}

func writeGuide(out io.Writer, g guide) error {
	t, err := template.New("guide").Parse(guideText)
	if err != nil {
		return fmt.Errorf("read the guide: %w", err)
	}
	if err := t.Execute(out, g); err != nil {
		return fmt.Errorf("write the guide: %w", err)
	}
	return nil
}
