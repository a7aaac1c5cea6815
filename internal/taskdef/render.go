package taskdef

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// view is what a template sees beside its functions.
type view struct {
	App         string
	Environment string
	Slot        hole
	Region      hole
	Account     hole
	Partition   hole
	Release     release
}

// release is what a template sees of a release, which is not there yet.
type release struct {
	Number, Name, Commit hole

	containers []string
}

// Image is the image of one of the spec's containers.
func (r release) Image(container string) (hole, error) {
	if !slices.Contains(r.containers, container) {
		return hole{}, fmt.Errorf("%q is none of the spec's containers; it has %s", container, strings.Join(r.containers, ", "))
	}
	return hole{rollout.HoleImage(container)}, nil
}

// hole stands for a value that is not known yet. It is a struct, so that a template
// that compares it fails instead of finding it different.
type hole struct{ rollout.Hole }

func viewOf(spec rollout.Spec, env rollout.Environment) view {
	return view{
		App: spec.App, Environment: env.Name,
		Slot: hole{rollout.HoleSlot}, Region: hole{rollout.HoleRegion}, Account: hole{rollout.HoleAccount}, Partition: hole{rollout.HolePartition},
		Release: release{
			Number: hole{rollout.HoleNumber}, Name: hole{rollout.HoleName}, Commit: hole{rollout.HoleCommit},
			containers: slices.Sorted(maps.Keys(spec.Containers)),
		},
	}
}

// render executes the file's text as a template. The error begins with its place.
func (f Files) render(text string, v view) (string, error) {
	if before, _, found := strings.Cut(text, rollout.HoleMark); found {
		return "", fmt.Errorf(":%d: found %s, which Sluice keeps for itself", 1+strings.Count(before, "\n"), rollout.HoleMark)
	}
	t, err := template.New("").Option("missingkey=error").Funcs(template.FuncMap{
		"env": f.env, "ssm": parameter, "secret": secret,
	}).Parse(text)
	var out strings.Builder
	if err == nil {
		err = t.Execute(&out, v)
	}
	if err != nil {
		return "", errors.New(plain(err.Error()))
	}
	return out.String(), nil
}

// env is the value of an environment variable, as it stands within quotes.
func (f Files) env(name string) (string, error) {
	value := f.Getenv(name)
	switch {
	case value == "":
		return "", fmt.Errorf("the environment variable %s is not set", name)
	case strings.Contains(value, rollout.HoleMark):
		return "", fmt.Errorf("the environment variable %s has %s in it, which Sluice keeps for itself", name, rollout.HoleMark)
	}
	quoted, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("quote the environment variable %s: %w", name, err)
	}
	return string(quoted[1 : len(quoted)-1]), nil
}

// Names in SSM and Secrets Manager (AWS: Systems Manager API Reference, PutParameter;
// Secrets Manager API Reference, CreateSecret). ECS finds a secret only by its whole
// ARN, with the hyphen and six characters that Secrets Manager puts behind the name
// (AWS re:Post, troubleshoot secrets in ECS tasks; aws/aws-cdk issue 20744). What
// follows the first colon is a key in it, a stage and a version (AWS: ECS Developer
// Guide, Secrets Manager secrets in environment variables).
var (
	parameterPattern = regexp.MustCompile(`^/?[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*$`)
	secretPattern    = regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]{1,512}-[A-Za-z0-9]{6}(?::[^:"\\\s]*:[^:"\\\s]*:[^:"\\\s]*)?$`)
)

// parameter is where ECS finds a parameter of SSM in the environment's account and Region.
func parameter(name string) (string, error) {
	if !parameterPattern.MatchString(name) {
		return "", fmt.Errorf("%q is not the name of a parameter such as /shop/database", name)
	}
	return fmt.Sprintf("arn:%s:ssm:%s:%s:parameter/%s",
		rollout.HolePartition, rollout.HoleRegion, rollout.HoleAccount, strings.TrimPrefix(name, "/")), nil
}

// secret is where ECS finds a secret of the environment's account and Region.
func secret(name string) (string, error) {
	if !secretPattern.MatchString(name) {
		return "", fmt.Errorf("%q is not the end of a secret's ARN such as shop/database-a1B2c3, nor one with a key, such as shop/database-a1B2c3:password::; "+
			"`aws secretsmanager describe-secret` tells the six characters behind its name, without which ECS does not find it", name)
	}
	return fmt.Sprintf("arn:%s:secretsmanager:%s:%s:secret:%s",
		rollout.HolePartition, rollout.HoleRegion, rollout.HoleAccount, name), nil
}

// How text/template words its errors: the place, what failed, and why.
var (
	placePattern = regexp.MustCompile(`^template: (:\d+(?::\d+)?): (?s)(.*)$`)
	atPattern    = regexp.MustCompile(`^executing "" at <(?s)(.*?)>: (?:error calling \w+: )?(.*)$`)
)

// plain is an error of text/template for people.
func plain(message string) string {
	found := placePattern.FindStringSubmatch(message)
	if found == nil {
		return ": " + message
	}
	place, why := found[1], strings.NewReplacer(" in type taskdef.release", " of the release", " in type taskdef.view", "").Replace(found[2])
	if at := atPattern.FindStringSubmatch(why); at != nil {
		if why = at[2]; strings.Contains(why, "taskdef.hole") {
			why = "this is known only when a release is rolled out, so it cannot be compared"
		}
		why = "{{ " + at[1] + " }}: " + why
	}
	return place + ": " + why
}
