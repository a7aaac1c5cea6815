package cloudformation

// networkCreator keeps what says where things stand in a network: all is
// reachable here, as it is in a network that is set up right.
func networkCreator(kind string) creator {
	var prefix string
	attributes := []string{}
	switch kind {
	case "AWS::EC2::VPC":
		prefix, attributes = "vpc-", []string{"VpcId"}
	case "AWS::EC2::Subnet":
		prefix, attributes = "subnet-", []string{"SubnetId"}
	case "AWS::EC2::SecurityGroup":
		prefix, attributes = "sg-", []string{"GroupId"}
	case "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress":
		prefix, attributes = "sgr-", []string{"Id"}
	case "AWS::EC2::InternetGateway":
		prefix, attributes = "igw-", []string{"InternetGatewayId"}
	case "AWS::EC2::NatGateway":
		prefix, attributes = "nat-", []string{"NatGatewayId"}
	case "AWS::EC2::EIP":
		prefix, attributes = "eipalloc-", []string{"AllocationId"}
	case "AWS::EC2::VPCGatewayAttachment":
		prefix = "IGW|"
	case "AWS::EC2::RouteTable":
		prefix, attributes = "rtb-", []string{"RouteTableId"}
	case "AWS::EC2::Route":
		prefix = "r-"
	case "AWS::EC2::SubnetRouteTableAssociation":
		prefix, attributes = "rtbassoc-", []string{"Id"}
	case "AWS::EC2::VPCEndpoint":
		prefix, attributes = "vpce-", []string{"Id"}
	default:
		return nil
	}
	return func(r *request) (*created, error) { return keepInNetwork(r, prefix, attributes), nil }
}

// keepInNetwork gives the resource an id, which some attributes also give, and
// the properties that can be asked for as attributes.
func keepInNetwork(r *request, prefix string, ids []string) *created {
	id := prefix + r.ID(17)
	attributes := map[string]string{}
	for _, name := range []string{"AvailabilityZone", "CidrBlock", "VpcId"} {
		if p := r.properties.get(name); p != nil {
			attributes[name] = p.text
		}
	}
	for _, name := range ids {
		attributes[name] = id
	}
	return &created{id, attributes}
}
