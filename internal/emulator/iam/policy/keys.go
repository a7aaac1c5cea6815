package policy

import (
	"cmp"
	"strconv"
	"strings"
	"time"
)

// query is a request whose condition keys have values.
type query struct{ Request }

// values are those of a condition key, whatever its case.
func (q *query) values(key string) []string {
	for own, values := range q.Context {
		if strings.EqualFold(own, key) {
			return values
		}
	}
	if value := q.global(strings.ToLower(key)); value != "" {
		return []string{value}
	}
	return nil
}

// global is the value of a condition key that every request has.
// AWS: IAM User Guide, AWS global condition context keys.
func (q *query) global(key string) string {
	switch key {
	case "aws:requestedregion":
		return q.Region
	case "aws:resourceaccount":
		return q.ResourceAccount
	case "aws:securetransport": // the port of the local cloud stands for HTTPS
		return "true"
	case "aws:viaawsservice":
		return "false"
	case "aws:principalisawsservice":
		return strconv.FormatBool(q.Principal.Service != "")
	case "aws:currenttime":
		return q.Time.UTC().Format(time.RFC3339)
	case "aws:epochtime":
		return strconv.FormatInt(q.Time.Unix(), 10)
	case "aws:principalservicename":
		return q.Principal.Service
	}
	if q.Principal.Service != "" {
		return ""
	}
	return q.Principal.key(key)
}

// key is the value of a condition key that tells of who asks.
func (p Principal) key(key string) string {
	switch key {
	case "aws:principalarn":
		return cmp.Or(p.Role, p.ARN) // not the session's
	case "aws:principalaccount":
		return p.Account
	case "aws:principalorgid":
		return p.Organization
	case "aws:userid":
		return p.UserID
	case "aws:principaltype":
		return p.kind()
	case "aws:federatedprovider":
		return p.Provider
	case "aws:multifactorauthpresent":
		if p.Role != "" {
			return "false"
		}
	case "aws:username":
		if p.kind() == "User" {
			return p.ARN[strings.LastIndexByte(p.ARN, '/')+1:]
		}
	}
	return ""
}

func (p Principal) kind() string {
	switch {
	case p.ARN == "":
		return "Anonymous"
	case p.Role != "":
		return "AssumedRole"
	case strings.HasSuffix(p.ARN, ":root"):
		return "Account"
	}
	return "User"
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
// as nobody here has signed in with a second factor.
func knownGlobalKey(name string) bool {
	if tag, key, has := strings.Cut(name, "/"); has {
		return key != "" && (tag == "principaltag" || tag == "requesttag" || tag == "resourcetag")
	}
	switch name {
	case "calledvia", "calledviafirst", "calledvialast", "currenttime", "epochtime", "federatedprovider",
		"multifactorauthage", "multifactorauthpresent", "principalaccount", "principalarn", "principalisawsservice",
		"principalorgid", "principalservicename", "principaltype", "requestedregion", "resourceaccount", "securetransport",
		"sourceaccount", "sourcearn", "sourceidentity", "sourceowner", "tagkeys", "userid", "username", "viaawsservice":
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
