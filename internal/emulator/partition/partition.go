// Package partition knows AWS's partitions: which one a Region is in, and how ARNs and
// hosts are written there.
//
// The names of service principals are the same in all of them: what of AWS is used here
// is lambda.amazonaws.com in China too (AWS: the transform that AWS runs,
// aws-sam-translator, IAMRolePolicies, has one name for all Regions; EC2 and EMR are the
// services that differ, and they are not emulated).
package partition

import (
	"regexp"
	"strings"
)

// The partitions that are emulated.
const (
	AWS      = "aws"
	China    = "aws-cn"
	GovCloud = "aws-us-gov"
)

// The forms of the names of Regions. Source: botocore, partitions.json, regionRegex.
var (
	awsRegion   = regexp.MustCompile(`^(us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+$`)
	chinaRegion = regexp.MustCompile(`^cn-\w+-\d+$`)
	govRegion   = regexp.MustCompile(`^us-gov-\w+-\d+$`)
)

// Known reports whether a name is a Region's, of a partition that is emulated.
func Known(region string) bool {
	return awsRegion.MatchString(region) || chinaRegion.MatchString(region) || govRegion.MatchString(region)
}

// Of is the partition of a Region that is Known.
func Of(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return China
	case strings.HasPrefix(region, "us-gov-"):
		return GovCloud
	}
	return AWS
}

// Domain is what the hosts of AWS's APIs and resources end with in a Region
// (CloudFormation's AWS::URLSuffix). Source: botocore, partitions.json, dnsSuffix.
func Domain(region string) string {
	if Of(region) == China {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// Hosts reports whether a host is one of AWS's APIs or resources, in any partition.
func Hosts(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, ".amazonaws.com") || strings.HasSuffix(name, ".amazonaws.com.cn")
}

// HasFunctionURLs reports whether Lambda gives functions URLs in the partition.
// AWS: Getting Started with Amazon Web Services in China, Lambda; GovCloud (US) User
// Guide, Lambda: neither has them.
func HasFunctionURLs(region string) bool { return Of(region) == AWS }

// ARN is that of a resource of an account in a Region.
func ARN(service, region, account, resource string) string {
	return "arn:" + Of(region) + ":" + service + ":" + region + ":" + account + ":" + resource
}

// Global is the ARN of a resource that is of no Region, such as a role. The Region says
// the partition. A bucket's has no account either.
func Global(service, region, account, resource string) string {
	return "arn:" + Of(region) + ":" + service + "::" + account + ":" + resource
}

// IAM is the ARN of a user, a role, a policy or an account ("root").
func IAM(region, account, resource string) string { return Global("iam", region, account, resource) }

// OfARN is the partition that an ARN names; "" for what is no ARN of a partition that is
// emulated.
func OfARN(arn string) string {
	prefix, rest, _ := strings.Cut(arn, ":")
	switch name, _, more := strings.Cut(rest, ":"); {
	case prefix != "arn" || !more:
		return ""
	case name == AWS || name == China || name == GovCloud:
		return name
	}
	return ""
}

// IsOf reports whether an ARN is one of a service in the partition of a Region.
func IsOf(arn, service, region string) bool {
	return strings.HasPrefix(arn, "arn:"+Of(region)+":"+service+":")
}

// SameRoot is the ARN of an account itself, in the partition that another ARN names.
func SameRoot(arn, account string) string { return "arn:" + OfARN(arn) + ":iam::" + account + ":root" }
