package cloudformation

import "strings"

// keptHandler keeps what there is no service for here: where things stand in a
// network (all is reachable, as it is in a network that is set up right), keys,
// certificates, connections. Its properties are those that the type has.
func keptHandler(kind string) (handler, bool) {
	form, ok := keptForm(kind)
	if !ok {
		return handler{}, false
	}
	keep := func(r *request) (*created, error) {
		if err := r.schemas[r.kind].check(r.properties); err != nil {
			return nil, err
		}
		return form.of(r), nil
	}
	return puts(keep, stays).named(form.name), true
}

// kept is how resources of a type are named.
type kept struct {
	// name is the property with the resource's name, if it has one, and limit the
	// longest that one may be.
	name  string
	limit int
	// id begins the id of a resource that has no name.
	id string
	// arn is the service and resource of its ARN, with %s for its name or id, and
	// ref reports whether Ref gives that.
	arn string
	ref bool
	// attributes are those that give the id, and those that give the ARN.
	ids, arns []string
}

// keptForm finds the form of a type.
// AWS: CloudFormation template reference, Return values of each type.
func keptForm(kind string) (kept, bool) {
	switch kind {
	case "AWS::CertificateManager::Certificate":
		return kept{arn: "acm|certificate/%s", ref: true}, true
	case "AWS::CloudWatch::Dashboard":
		return kept{name: "DashboardName", limit: 255}, true
	case "AWS::CodeArtifact::Domain":
		return kept{name: "DomainName", limit: 50, arn: "codeartifact|domain/%s", ref: true, ids: []string{"Name"}, arns: []string{"Arn"}}, true
	case "AWS::CodeArtifact::Repository":
		return kept{name: "RepositoryName", limit: 100, arn: "codeartifact|repository/%s", ref: true, ids: []string{"Name"}, arns: []string{"Arn"}}, true
	case "AWS::CodeCommit::Repository":
		return kept{arn: "codecommit|%s", arns: []string{"Arn"}}, true
	case "AWS::CodeConnections::Connection":
		return kept{arn: "codeconnections|connection/%s", ref: true, arns: []string{"ConnectionArn"}}, true
	case "AWS::CodeStarConnections::Connection":
		return kept{arn: "codestar-connections|connection/%s", ref: true, arns: []string{"ConnectionArn"}}, true
	case "AWS::KMS::Alias":
		return kept{name: "AliasName", limit: 256}, true
	case "AWS::KMS::Key":
		return kept{arn: "kms|key/%s", ids: []string{"KeyId"}, arns: []string{"Arn"}}, true
	case "AWS::Logs::ResourcePolicy":
		return kept{name: "PolicyName", limit: 255}, true
	case "AWS::Route53::RecordSet":
		return kept{name: "Name", limit: 255}, true
	case "AWS::S3::BucketPolicy":
		return kept{}, true
	}
	return networkForm(kind)
}

func networkForm(kind string) (kept, bool) {
	switch kind {
	case "AWS::EC2::EIP":
		return kept{id: "eipalloc-", ids: []string{"AllocationId"}}, true
	case "AWS::EC2::InternetGateway":
		return kept{id: "igw-", ids: []string{"InternetGatewayId"}}, true
	case "AWS::EC2::NatGateway":
		return kept{id: "nat-", ids: []string{"NatGatewayId"}}, true
	case "AWS::EC2::Route":
		return kept{id: "r-"}, true
	case "AWS::EC2::RouteTable":
		return kept{id: "rtb-", ids: []string{"RouteTableId"}}, true
	case "AWS::EC2::SecurityGroup":
		return kept{id: "sg-", ids: []string{"GroupId"}}, true
	case "AWS::EC2::SecurityGroupEgress", "AWS::EC2::SecurityGroupIngress":
		return kept{id: "sgr-", ids: []string{"Id"}}, true
	case "AWS::EC2::Subnet":
		return kept{id: "subnet-", ids: []string{"SubnetId"}}, true
	case "AWS::EC2::SubnetRouteTableAssociation":
		return kept{id: "rtbassoc-", ids: []string{"Id"}}, true
	case "AWS::EC2::VPC":
		return kept{id: "vpc-", ids: []string{"VpcId"}}, true
	case "AWS::EC2::VPCEndpoint":
		return kept{id: "vpce-", ids: []string{"Id"}}, true
	case "AWS::EC2::VPCGatewayAttachment":
		return kept{id: "IGW|"}, true
	}
	return kept{}, false
}

// of gives the resource its id, ARN and attributes. The properties that can be asked
// for as attributes are so too.
func (k kept) of(r *request) *created {
	out := &created{attributes: map[string]string{}}
	for _, name := range []string{"AvailabilityZone", "CidrBlock", "VpcId", "KeyId"} {
		if p := r.properties.get(name); p != nil {
			out.attributes[name] = p.text
		}
	}
	id := k.identify(r)
	out.ref = id
	for _, name := range k.ids {
		out.attributes[name] = id
	}
	if service, resource, ok := strings.Cut(k.arn, "|"); ok {
		arn := r.arn(service, strings.Replace(resource, "%s", id, 1))
		for _, name := range k.arns {
			out.attributes[name] = arn
		}
		if k.ref {
			out.ref = arn
		}
	}
	switch r.kind {
	case "AWS::EC2::EIP":
		out.attributes["PublicIp"] = "203.0.113.10" // of a documentation range, RFC 5737
	case "AWS::CodeConnections::Connection", "AWS::CodeStarConnections::Connection":
		out.attributes["ConnectionStatus"] = "PENDING" // until a person completes it
	}
	return out
}

// identify is the resource's name or id.
func (k kept) identify(r *request) string {
	switch {
	case r.kind == "AWS::S3::BucketPolicy":
		return r.properties.get("Bucket").String()
	case r.kind == "AWS::CodeCommit::Repository" && r.was == nil:
		r.made = r.properties.get("RepositoryName").String()
	case k.name != "":
		return r.name(k.name, k.limit)
	case r.was != nil:
		r.made = r.was.name
	case k.id != "":
		r.made = k.id + r.ID(17)
	default:
		id := r.ID(32)
		r.made = id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:]
	}
	return r.made
}
