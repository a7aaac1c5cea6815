package policy

import (
	"strconv"
	"strings"
	"time"
)

// query is a request with the values of its condition keys, by their names in lower
// case: the case of a key does not matter.
type query struct {
	Request

	context map[string][]string
}

func (q *query) values(key string) []string { return q.context[strings.ToLower(key)] }

// newQuery works out the global condition keys.
// AWS: IAM User Guide, AWS global condition context keys.
func newQuery(r Request) *query {
	q := &query{Request: r, context: make(map[string][]string, len(r.Context)+16)}
	for key, values := range r.Context {
		q.context[strings.ToLower(key)] = values
	}
	set := func(key, value string) {
		if value != "" {
			q.context[key] = []string{value}
		}
	}
	who := r.Principal
	isService := who.Service != ""
	set("aws:requestedregion", r.Region)
	set("aws:resourceaccount", r.ResourceAccount)
	set("aws:securetransport", "true") // the port of the local cloud stands for HTTPS
	set("aws:viaawsservice", "false")
	set("aws:principalisawsservice", strconv.FormatBool(isService))
	set("aws:currenttime", r.Time.UTC().Format(time.RFC3339))
	set("aws:epochtime", strconv.FormatInt(r.Time.Unix(), 10))
	if isService {
		set("aws:principalservicename", who.Service)
		return q
	}
	set("aws:principalarn", who.ARN)
	set("aws:principalaccount", who.Account)
	set("aws:principalorgid", who.Organization)
	set("aws:userid", who.UserID)
	switch {
	case who.ARN == "":
		set("aws:principaltype", "Anonymous")
	case who.Role != "":
		set("aws:principaltype", "AssumedRole")
		set("aws:principalarn", who.Role) // not the session's
		set("aws:multifactorauthpresent", "false")
	case strings.HasSuffix(who.ARN, ":root"):
		set("aws:principaltype", "Account")
	default:
		set("aws:principaltype", "User")
		set("aws:username", who.ARN[strings.LastIndexByte(who.ARN, '/')+1:])
	}
	return q
}

// checkKey refuses a condition key that has no meaning here: a global one without a
// value, and one of a service that is not known. What a key of a known service means
// is the service's own.
func checkKey(key string) error {
	prefix, name, prefixed := strings.Cut(key, ":")
	switch {
	case !prefixed || name == "":
		return malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
	case strings.EqualFold(prefix, "aws"):
		if !knownGlobalKey(strings.ToLower(name)) {
			return malformed("Condition key %s is not emulated", key)
		}
	case strings.Contains(prefix, "."): // an OpenID Connect provider's
	case !knownPrefix(strings.ToLower(prefix)):
		return malformed("Condition key %s has a prefix that is not known", key)
	}
	return nil
}

// knownGlobalKey tells the global keys that a request has here, or rightly has not,
// as nobody here has signed in with a second factor or by another provider.
func knownGlobalKey(name string) bool {
	if tag, key, has := strings.Cut(name, "/"); has {
		return key != "" && (tag == "principaltag" || tag == "requesttag" || tag == "resourcetag")
	}
	switch name {
	case "calledvia", "calledviafirst", "calledvialast", "currenttime", "epochtime", "federatedprovider",
		"multifactorauthage", "multifactorauthpresent", "principalaccount", "principalarn", "principalisawsservice",
		"principalorgid", "principalservicename", "principaltype", "requestedregion", "resourceaccount", "securetransport",
		"sourceaccount", "sourcearn", "sourceidentity", "tagkeys", "userid", "username", "viaawsservice":
		return true
	}
	return false
}

// knownPrefix tells the services whose condition keys may stand in a policy.
func knownPrefix(prefix string) bool {
	switch prefix {
	case "application-autoscaling", "autoscaling", "cloudwatch", "codebuild", "codecommit", "codedeploy", "codepipeline",
		"dynamodb", "ec2", "ecr", "ecs", "elasticloadbalancing", "events", "iam", "kms", "lambda", "logs", "s3", "saml",
		"scheduler", "secretsmanager", "sns", "sqs", "ssm", "states", "sts", "xray":
		return true
	}
	return false
}
