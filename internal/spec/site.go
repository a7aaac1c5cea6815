package spec

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// site reads where an environment is. ARNs that it names lie in its region and in
// the account of its role, where it names those.
func (r *reader) site(o object, env *rollout.Environment) {
	if region := o.get("region"); region.given() {
		env.Region = r.matching(region, regionPattern, wantRegion)
	}
	if role := o.get("role"); role.given() {
		env.Role = r.matching(role, rolePattern, wantRole)
	}
	arn := func(p place, pattern *regexp.Regexp, want string) string {
		text := r.matching(p, pattern, want)
		r.inside(p, text, *env)
		return text
	}
	env.Cluster = arn(o.get("cluster"), clusterPattern, wantCluster)
	env.Slots = r.slots(o.get("slots"), serviceFields(), func(p place) string { return r.matching(p, servicePattern, wantService) })
	if rule := o.get("listenerRule"); rule.given() {
		env.ListenerRule = arn(rule, listenerRulePattern, wantListenerRule)
	}
	if groups := o.get("targetGroups"); groups.given() {
		env.TargetGroups = r.slots(groups, targetGroupFields(), func(p place) string { return arn(p, targetGroupPattern, wantTargetGroup) })
	}
}

// inside checks that an ARN is in the environment's region and account; a name is
// anyway.
func (r *reader) inside(p place, arn string, env rollout.Environment) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return
	}
	if env.Region != "" && parts[3] != env.Region {
		r.add(p, fmt.Sprintf("%q", arn), "an ARN in the environment's region "+env.Region)
	}
	if env.Role != "" && parts[4] != account(env.Role) {
		r.add(p, fmt.Sprintf("%q", arn), "an ARN in the account of the environment's role, "+account(env.Role))
	}
}

// account is the account in an ARN, "" if there is no ARN.
func account(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return ""
}

// slots reads one name for each slot; the two must differ.
func (r *reader) slots(p place, f fields, read func(place) string) rollout.Names {
	o := r.object(p, f)
	if !o.ok {
		return rollout.Names{}
	}
	names := rollout.Names{Blue: read(o.get("blue")), Green: read(o.get("green"))}
	if names.Blue != "" && names.Blue == names.Green {
		r.add(o.get("green"), fmt.Sprintf("%q", names.Green), "another name than that of blue")
	}
	return names
}
