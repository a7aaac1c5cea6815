package adopt

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/sluice-deploy/sluice/internal/awsclient"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Wanted says which deployment group is meant; what is "" may be any.
type Wanted struct {
	Application, Group string // of CodeDeploy
	Cluster, Service   string // that it deploys
}

// FindGroup asks CodeDeploy for the deployment group that is meant, of the compute
// platform ECS. NotFound where there is none, Refused where several may be meant, each
// with what to do.
func (c *CodeDeploy) FindGroup(ctx context.Context, client *codedeploy.Client, want Wanted) error {
	applications, err := want.applications(ctx, client)
	if err != nil {
		return err
	}
	var found []types.DeploymentGroupInfo
	for _, application := range applications {
		groups, err := groupsOfApplication(ctx, client, application, want.Group)
		if err != nil {
			return err
		}
		found = append(found, slices.DeleteFunc(groups, func(g types.DeploymentGroupInfo) bool { return !want.means(g) })...)
	}
	switch len(found) {
	case 0:
		return rollout.Errorf(rollout.KindNotFound, "CodeDeploy has no deployment group%s in %s; name another, or give what `aws deploy get-deployment-group` prints with --group",
			want, client.Options().Region)
	case 1:
		return c.take(found[0])
	}
	var names []string
	for _, g := range found {
		names = append(names, fmt.Sprintf("%s/%s for %s", aws.ToString(g.ApplicationName), aws.ToString(g.DeploymentGroupName), deploys(g)))
	}
	return rollout.Errorf(rollout.KindRefused, "CodeDeploy has %d deployment groups%s; say which with --application and --deployment-group, or by --service: %s",
		len(found), want, strings.Join(names, ", "))
}

// String says what is wanted, as it follows "deployment group".
func (w Wanted) String() string {
	text := " for ECS"
	if w.Group != "" {
		text = " " + w.Group + text
	}
	if w.Application != "" {
		text += " of the application " + w.Application
	}
	if w.Service != "" {
		text += " that deploys " + w.Cluster + "/" + w.Service
	}
	return text
}

// means reports whether a group may be the one that is wanted.
func (w Wanted) means(g types.DeploymentGroupInfo) bool {
	if g.ComputePlatform != types.ComputePlatformEcs || len(g.EcsServices) != 1 {
		return false
	}
	return w.Service == "" || deploys(g) == w.Cluster+"/"+w.Service
}

// deploys is the service that a group deploys, as CLUSTER/SERVICE.
func deploys(g types.DeploymentGroupInfo) string {
	cluster := aws.ToString(g.EcsServices[0].ClusterName)
	return cluster[strings.LastIndex(cluster, "/")+1:] + "/" + aws.ToString(g.EcsServices[0].ServiceName)
}

// applications are the one that is named, or all.
func (w Wanted) applications(ctx context.Context, client *codedeploy.Client) ([]string, error) {
	if w.Application != "" {
		return []string{w.Application}, nil
	}
	var all []string
	pages := codedeploy.NewListApplicationsPaginator(client, &codedeploy.ListApplicationsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, mayGive(awsclient.Wrap(err, "list CodeDeploy's applications"))
		}
		all = append(all, page.Applications...)
	}
	return all, nil
}

// groupsOfApplication are the group that is named, or all of an application.
func groupsOfApplication(ctx context.Context, client *codedeploy.Client, application, group string) ([]types.DeploymentGroupInfo, error) {
	var all []types.DeploymentGroupInfo
	pages := codedeploy.NewListDeploymentGroupsPaginator(client, &codedeploy.ListDeploymentGroupsInput{ApplicationName: &application})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if awsclient.Is(err, "ApplicationDoesNotExistException") {
			return nil, nil
		}
		if err != nil {
			return nil, mayGive(awsclient.Wrap(err, "list the deployment groups of CodeDeploy's application %s", application))
		}
		names := slices.DeleteFunc(page.DeploymentGroups, func(name string) bool { return group != "" && name != group })
		for batch := range slices.Chunk(names, maxBatch) {
			out, err := client.BatchGetDeploymentGroups(ctx, &codedeploy.BatchGetDeploymentGroupsInput{ApplicationName: &application, DeploymentGroupNames: batch})
			if err != nil {
				return nil, mayGive(awsclient.Wrap(err, "read the deployment groups of CodeDeploy's application %s", application))
			}
			all = append(all, out.DeploymentGroupsInfo...)
		}
	}
	return all, nil
}

// maxBatch is how many deployment groups AWS gives at once (AWS: CodeDeploy API Reference,
// BatchGetDeploymentGroups).
const maxBatch = 100

// mayGive says what whoever may not ask CodeDeploy can do.
func mayGive(err error) error {
	if rollout.KindOf(err) != rollout.KindDenied {
		return err
	}
	return fmt.Errorf("%w; who may can print it with `aws deploy get-deployment-group`, for --group", err)
}
