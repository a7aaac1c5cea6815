package emulator_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator"
	"github.com/sluice-deploy/sluice/internal/emulator/cloudformation"
	"github.com/sluice-deploy/sluice/internal/emulator/loop"
)

const service = `
Parameters:
  Port: {Type: Number, Default: 8080}
Resources:
  Net: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  Subnet: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.0.0.0/24, AvailabilityZone: !Select [0, !GetAZs ""]}}
  Other: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.0.1.0/24, AvailabilityZone: !Select [1, !GetAZs ""]}}
  Logs: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: 14}}
  Images: {Type: AWS::ECR::Repository, Properties: {ImageTagMutability: IMMUTABLE}}
  Builds: {Type: AWS::S3::Bucket}
  Level: {Type: AWS::SSM::Parameter, Properties: {Name: /shop/level, Type: String, Value: info}}
  Password: {Type: AWS::SecretsManager::Secret, Properties: {GenerateSecretString: {PasswordLength: 20, SecretStringTemplate: '{"user":"shop"}', GenerateStringKey: password}}}
  Runner:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "sts:AssumeRole", Principal: {Service: ecs-tasks.amazonaws.com}}]}
      ManagedPolicyArns: [arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy]
      Policies:
        - PolicyName: secrets
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - {Effect: Allow, Action: "secretsmanager:GetSecretValue", Resource: !Ref Password}
              - {Effect: Allow, Action: "ssm:GetParameters", Resource: !Sub "arn:aws:ssm:${AWS::Region}:${AWS::AccountId}:parameter/shop/level"}
  Balancer: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Subnets: [!Ref Subnet, !Ref Other]}}
  Blue:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties:
      VpcId: !Ref Net
      Port: !Ref Port
      Protocol: HTTP
      TargetType: ip
      HealthCheckPath: /health
      TargetGroupAttributes: [{Key: deregistration_delay.timeout_seconds, Value: 30}]
  Green: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {VpcId: !Ref Net, Port: !Ref Port, Protocol: HTTP, TargetType: ip}}
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties: {LoadBalancerArn: !Ref Balancer, Port: 80, Protocol: HTTP, DefaultActions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: 404}}]}
  Rule:
    Type: AWS::ElasticLoadBalancingV2::ListenerRule
    Properties:
      ListenerArn: !Ref Listener
      Priority: 10
      Conditions: [{Field: path-pattern, Values: ["/*"]}]
      Actions:
        - Type: forward
          ForwardConfig: {TargetGroups: [{TargetGroupArn: !Ref Blue, Weight: "100"}, {TargetGroupArn: !Ref Green, Weight: 0}]}
  Cluster: {Type: AWS::ECS::Cluster, Properties: {ClusterName: production}}
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: web
      RequiresCompatibilities: [FARGATE]
      NetworkMode: awsvpc
      Cpu: 256
      Memory: 512
      ExecutionRoleArn: !GetAtt Runner.Arn
      ContainerDefinitions:
        - Name: web
          Image: !Sub "${Images.RepositoryUri}:1"
          PortMappings: [{ContainerPort: !Ref Port}]
          Secrets:
            - {Name: LEVEL, ValueFrom: !Sub "arn:aws:ssm:${AWS::Region}:${AWS::AccountId}:parameter/shop/level"}
            - {Name: PASSWORD, ValueFrom: !Sub "${Password}:password::"}
          LogConfiguration: {LogDriver: awslogs, Options: {awslogs-group: !Ref Logs, awslogs-region: !Ref "AWS::Region", awslogs-stream-prefix: web}}
  BlueService:
    Type: AWS::ECS::Service
    DependsOn: Rule
    Properties:
      ServiceName: shop-blue
      Cluster: !Ref Cluster
      TaskDefinition: !Ref Task
      LaunchType: FARGATE
      DesiredCount: 2
      NetworkConfiguration: {AwsvpcConfiguration: {Subnets: [!Ref Subnet]}}
      LoadBalancers: [{ContainerName: web, ContainerPort: !Ref Port, TargetGroupArn: !Ref Blue}]
  Scaling:
    Type: AWS::ApplicationAutoScaling::ScalableTarget
    Properties:
      ServiceNamespace: ecs
      ScalableDimension: ecs:service:DesiredCount
      ResourceId: !Sub "service/${Cluster}/${BlueService.Name}"
      MinCapacity: 2
      MaxCapacity: 8
      RoleARN: !GetAtt Runner.Arn
  Errors:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: shop-blue-5xx
      ComparisonOperator: GreaterThanThreshold
      EvaluationPeriods: 1
      Threshold: 2.5
      TreatMissingData: notBreaching
      Metrics:
        - {Id: share, Expression: 100 * errors / requests}
        - {Id: errors, ReturnData: false, MetricStat: {Stat: Sum, Period: 60, Metric: {Namespace: AWS/ApplicationELB, MetricName: HTTPCode_Target_5XX_Count, Dimensions: [{Name: LoadBalancer, Value: !GetAtt Balancer.LoadBalancerFullName}, {Name: TargetGroup, Value: !GetAtt Blue.TargetGroupFullName}]}}}
        - {Id: requests, ReturnData: false, MetricStat: {Stat: Sum, Period: 60, Metric: {Namespace: AWS/ApplicationELB, MetricName: RequestCount, Dimensions: [{Name: LoadBalancer, Value: !GetAtt Balancer.LoadBalancerFullName}, {Name: TargetGroup, Value: !GetAtt Blue.TargetGroupFullName}]}}}
  Any: {Type: AWS::CloudWatch::CompositeAlarm, Properties: {AlarmName: shop, AlarmRule: !Sub "ALARM(${Errors})"}}
Outputs:
  Blue: {Value: !Ref Blue}
  Rule: {Value: !Ref Rule}
  Password: {Value: !Ref Password}
  Host: {Value: !GetAtt Balancer.DNSName}
`

func TestServiceComesUpFromTemplate(t *testing.T) {
	t.Parallel()
	c := emulator.New(loop.NewVirtual(start), emulator.Options{})
	t.Cleanup(c.Close)
	loaded, err := cloudformation.Load("service.yaml", []byte(service))
	if err != nil {
		t.Fatal(err)
	}
	stack, err := c.Deploy(loaded, emulator.Deployment{StackName: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	c.RunFor(5 * time.Minute)
	config := c.Config("AKIDEXAMPLE")

	services, err := ecs.NewFromConfig(config).DescribeServices(t.Context(), &ecs.DescribeServicesInput{Cluster: new("production"), Services: []string{"shop-blue"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := services.Services[0]; got.RunningCount != 2 || got.Deployments[0].RolloutState != "COMPLETED" {
		t.Errorf("running %d, rollout %s; want 2, COMPLETED; events: %v", got.RunningCount, got.Deployments[0].RolloutState, got.Events)
	}
	balancing := elbv2.NewFromConfig(config)
	health, err := balancing.DescribeTargetHealth(t.Context(), &elbv2.DescribeTargetHealthInput{TargetGroupArn: new(stack.Outputs["Blue"])})
	if err != nil {
		t.Fatal(err)
	}
	states := []string{}
	for _, target := range health.TargetHealthDescriptions {
		states = append(states, string(target.TargetHealth.State))
	}
	if diff := cmp.Diff([]string{"healthy", "healthy"}, states); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
	rules, err := balancing.DescribeRules(t.Context(), &elbv2.DescribeRulesInput{RuleArns: []string{stack.Outputs["Rule"]}})
	if err != nil {
		t.Fatal(err)
	}
	if got := *rules.Rules[0].Actions[0].ForwardConfig.TargetGroups[0].Weight; got != 100 {
		t.Errorf("weight of blue = %d, want 100, which the template gives as text", got)
	}
	alarms, err := cloudwatch.NewFromConfig(config).DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"shop-blue-5xx"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(alarms.MetricAlarms) != 1 || alarms.MetricAlarms[0].StateValue != "OK" {
		t.Errorf("alarms = %+v, want one, OK", alarms.MetricAlarms)
	}
	scaling, err := applicationautoscaling.NewFromConfig(config).DescribeScalableTargets(t.Context(), &applicationautoscaling.DescribeScalableTargetsInput{ServiceNamespace: scalingtypes.ServiceNamespaceEcs})
	if err != nil {
		t.Fatal(err)
	}
	if len(scaling.ScalableTargets) != 1 || *scaling.ScalableTargets[0].MaxCapacity != 8 {
		t.Errorf("scalable targets = %+v, want one up to 8", scaling.ScalableTargets)
	}
	secret, err := secretsmanager.NewFromConfig(config).GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: new(stack.Outputs["Password"])})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(*secret.SecretString, `{"password":"`) || !strings.HasSuffix(*secret.SecretString, `","user":"shop"}`) {
		t.Errorf("secret = %s, want a user and a password", *secret.SecretString)
	}
}

func TestDeployTellsWhatAServiceRefused(t *testing.T) {
	t.Parallel()
	c := emulator.New(loop.NewVirtual(start), emulator.Options{})
	t.Cleanup(c.Close)
	loaded, err := cloudformation.Load("bad.yaml", []byte(`
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties: {KeySchema: [{AttributeName: id, KeyType: SORT}]}
`))
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Deploy(loaded, emulator.Deployment{StackName: "bad", Files: fstest.MapFS{}})
	for _, want := range []string{"template bad.yaml: line 3: resource Table (AWS::DynamoDB::Table): CreateTable: ValidationException: ", "SORT"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want %q in it", err, want)
		}
	}
}
