package actions

// services is the table, in the order of the alphabet. A row that has nothing is an
// action on "*".
func services() map[string]service {
	return map[string]service{
		"application-autoscaling": {"application-autoscaling", autoscaling()},
		"cloudformation":          {"cloudformation", cloudFormation()},
		"cloudwatch":              {"cloudwatch", cloudWatch()},
		"codebuild":               {"codebuild", codeBuild()},
		"codedeploy":              {"codedeploy", codeDeploy()},
		"codepipeline":            {"codepipeline", codePipeline()},
		"dynamodb":                {"dynamodb", dynamoDB()},
		"ecr":                     {"ecr", ecr()},
		"ecs":                     {"ecs", ecs()},
		"elbv2":                   {"elasticloadbalancing", elb()},
		"events":                  {"events", events()},
		"iam":                     {"iam", iam()},
		"lambda":                  {"lambda", lambda()},
		"logs":                    {"logs", logs()},
		"s3":                      {"s3", s3()},
		"apigatewayv2":            {"apigateway", apiGateway()},
		"scheduler":               {"scheduler", scheduler()},
		"secretsmanager":          {"secretsmanager", secretsManager()},
		"sns":                     {"sns", sns()},
		"sqs":                     {"sqs", sqs()},
		"ssm":                     {"ssm", ssm()},
		"stepfunctions":           {"states", states()},
		"sts":                     {"sts", sts()},
	}
}

func autoscaling() map[string]operation {
	return map[string]operation{
		"DeleteScalingPolicy":      {needs: scalableTarget("DeleteScalingPolicy")},
		"DeregisterScalableTarget": {needs: scalableTarget("DeregisterScalableTarget")},
		"DescribeScalableTargets":  {},
		"DescribeScalingPolicies":  {},
		"PutScalingPolicy":         {needs: scalableTarget("PutScalingPolicy")},
		"RegisterScalableTarget":   {needs: scalableTarget("RegisterScalableTarget")},
	}
}

// A stack is asked for by its name, with any id, or by its ARN. What a stack creates is
// asked for as its role or its caller, operation by operation.
func cloudFormation() map[string]operation {
	stack, role := "{StackName:stack|stack/*}", map[string][]string{"cloudformation.amazonaws.com": {"RoleARN"}}
	return map[string]operation{
		"CreateChangeSet":             {on: stack, pass: role},
		"CreateStack":                 {on: stack, pass: role},
		"DeleteChangeSet":             {on: stack},
		"DeleteStack":                 {on: stack, pass: role},
		"DescribeChangeSet":           {on: stack},
		"DescribeStackEvents":         {on: stack},
		"DescribeStackResource":       {on: stack},
		"DescribeStackResources":      {on: stack},
		"DescribeStacks":              {on: stack},
		"ExecuteChangeSet":            {on: stack},
		"GetStackPolicy":              {on: stack},
		"GetTemplate":                 {on: stack},
		"GetTemplateSummary":          {on: stack},
		"ListChangeSets":              {on: stack},
		"ListExports":                 {},
		"ListStackResources":          {on: stack},
		"ListStacks":                  {},
		"SetStackPolicy":              {on: stack},
		"UpdateStack":                 {on: stack, pass: role},
		"UpdateTerminationProtection": {on: stack},
		"ValidateTemplate":            {},
	}
}

func cloudWatch() map[string]operation {
	return map[string]operation{
		"DeleteAlarms":         {on: "alarm:{AlarmNames}"},
		"DescribeAlarmHistory": {on: "alarm:{AlarmName|*}"},
		"DescribeAlarms":       {needs: describeAlarms},
		"GetMetricData":        {},
		"GetMetricStatistics":  {},
		"ListMetrics":          {},
		"PutCompositeAlarm":    {on: "alarm:{AlarmName}"},
		"PutMetricAlarm":       {on: "alarm:{AlarmName}"},
		"PutMetricData":        {with: map[string]string{"cloudwatch:namespace": "Namespace"}},
		"SetAlarmState":        {on: "alarm:{AlarmName}"},
	}
}

func codeBuild() map[string]operation {
	return map[string]operation{
		"BatchGetBuilds":       {on: "project/{Ids:project}"},
		"BatchGetProjects":     {on: "project/{Names:name}"},
		"CreateProject":        {on: "project/{Name}", pass: map[string][]string{"codebuild.amazonaws.com": {"ServiceRole"}}},
		"DeleteProject":        {on: "project/{Name:name}"},
		"ListBuildsForProject": {on: "project/{ProjectName:name}"},
		"ListProjects":         {},
		"StartBuild":           {on: "project/{ProjectName:name}"},
		"StopBuild":            {on: "project/{Id:project}"},
	}
}

func codeDeploy() map[string]operation {
	application, group := "application:{ApplicationName}", "deploymentgroup:{ApplicationName}/{DeploymentGroupName}"
	return map[string]operation{
		"BatchGetDeploymentGroups": {on: "deploymentgroup:{ApplicationName}/{DeploymentGroupNames}"},
		"CreateApplication":        {on: application},
		"CreateDeploymentGroup":    {on: group, pass: map[string][]string{"codedeploy.amazonaws.com": {"ServiceRoleArn"}}},
		"DeleteApplication":        {on: application},
		"DeleteDeploymentGroup":    {on: group},
		"GetApplication":           {on: application},
		"GetDeploymentGroup":       {on: group},
		"ListApplications":         {},
		"ListDeploymentGroups":     {on: application},
	}
}

func codePipeline() map[string]operation {
	return map[string]operation{
		"CreatePipeline":         {on: "{Pipeline.Name}", pass: map[string][]string{"codepipeline.amazonaws.com": {"Pipeline.RoleArn"}}},
		"DeletePipeline":         {on: "{Name}"},
		"GetPipeline":            {on: "{Name}"},
		"GetPipelineExecution":   {on: "{PipelineName}"},
		"GetPipelineState":       {on: "{Name}"},
		"ListActionExecutions":   {on: "{PipelineName}"},
		"ListPipelines":          {},
		"PutApprovalResult":      {on: "{PipelineName}/{StageName}/{ActionName}"},
		"PutJobFailureResult":    {},
		"PutJobSuccessResult":    {},
		"RetryStageExecution":    {on: "{PipelineName}/{StageName}"},
		"StartPipelineExecution": {on: "{Name}"},
		"StopPipelineExecution":  {on: "{PipelineName}"},
	}
}

// There is no action of the name of a transaction: its parts are asked for one by one.
// AWS: DynamoDB Developer Guide, Using IAM with DynamoDB transactions.
func dynamoDB() map[string]operation {
	return map[string]operation{
		"BatchGetItem":       {needs: batchGet},
		"BatchWriteItem":     {needs: batchWrite},
		"CreateTable":        {on: "table/{TableName:name}"},
		"DeleteItem":         {needs: deleteItem},
		"DeleteTable":        {on: "table/{TableName:name}"},
		"DescribeTable":      {on: "table/{TableName:name}"},
		"DescribeTimeToLive": {on: "table/{TableName:name}"},
		"GetItem":            {needs: getItem},
		"ListTables":         {},
		"PutItem":            {needs: putItem},
		"Query":              {needs: query},
		"Scan":               {needs: scan},
		"TransactGetItems":   {needs: transactGet},
		"TransactWriteItems": {needs: transactWrite},
		"UpdateItem":         {needs: updateItem},
		"UpdateTable":        {on: "table/{TableName:name}"},
		"UpdateTimeToLive":   {on: "table/{TableName:name}"},
	}
}

// A group is asked for as a stream of it without a name, as AWS's refusals show: policies
// have to end in ":*".
func logs() map[string]operation {
	group, stream := "log-group:{LogGroupName}:log-stream:", "log-group:{LogGroupName}:log-stream:{LogStreamName}"
	return map[string]operation{
		"CreateLogGroup":        {on: group, also: tagged("CreateLogGroup", group)},
		"CreateLogStream":       {on: stream},
		"DeleteLogGroup":        {on: group},
		"DeleteRetentionPolicy": {on: group},
		"DescribeLogGroups":     {on: "log-group::log-stream:"},
		"DescribeLogStreams":    {needs: logGroup("DescribeLogStreams")},
		"FilterLogEvents":       {needs: logGroup("FilterLogEvents")},
		"PutLogEvents":          {on: stream},
		"PutRetentionPolicy":    {on: group},
	}
}

func ecr() map[string]operation {
	return map[string]operation{
		"BatchGetImage":          {needs: repositories("BatchGetImage", "RepositoryName")},
		"CompleteLayerUpload":    {needs: repositories("CompleteLayerUpload", "RepositoryName")},
		"CreateRepository":       {needs: repositories("CreateRepository", "RepositoryName")},
		"DeleteRepository":       {needs: repositories("DeleteRepository", "RepositoryName")},
		"DescribeImages":         {needs: repositories("DescribeImages", "RepositoryName")},
		"DescribeRepositories":   {needs: repositories("DescribeRepositories", "RepositoryNames")},
		"GetAuthorizationToken":  {},
		"GetRepositoryPolicy":    {needs: repositories("GetRepositoryPolicy", "RepositoryName")},
		"GetDownloadUrlForLayer": {needs: repositories("GetDownloadUrlForLayer", "RepositoryName")},
		"InitiateLayerUpload":    {needs: repositories("InitiateLayerUpload", "RepositoryName")},
		"PutImage":               {needs: repositories("PutImage", "RepositoryName")},
		"SetRepositoryPolicy":    {needs: repositories("SetRepositoryPolicy", "RepositoryName")},
		"UploadLayerPart":        {needs: repositories("UploadLayerPart", "RepositoryName")},
	}
}

// A task definition is asked for by its family, with any revision; the roles that its
// tasks get are passed to ECS's tasks.
// AWS: ECS Developer Guide, Grant permission to tag resources on creation.
func ecs() map[string]operation {
	tasks := map[string][]string{"ecs-tasks.amazonaws.com": {"TaskRoleArn", "ExecutionRoleArn"}}
	service, cluster := "service/{Cluster:name|default}/{Service:name}", map[string]string{"ecs:cluster": "Cluster"}
	return map[string]operation{
		"CreateCluster": {on: "cluster/{ClusterName|default}", also: tagged("CreateCluster", "cluster/{ClusterName|default}")},
		"CreateService": {
			on: "service/{Cluster:name|default}/{ServiceName}", with: cluster,
			pass: map[string][]string{"ecs.amazonaws.com": {"Role"}},
			also: tagged("CreateService", "service/{Cluster:name|default}/{ServiceName}"),
		},
		"DeleteCluster":            {on: "cluster/{Cluster:name}"},
		"DeleteService":            {on: service, with: cluster},
		"DeregisterTaskDefinition": {},
		"DescribeClusters":         {on: "cluster/{Clusters:name|default}"},
		"DescribeServices":         {on: "service/{Cluster:name|default}/{Services:name}", with: cluster},
		"DescribeTaskDefinition":   {},
		"DescribeTasks":            {on: "task/{Cluster:name|default}/{Tasks:name}", with: cluster},
		"ListClusters":             {},
		"ListServices":             {with: cluster},
		"ListTagsForResource":      {on: "{ResourceArn}"},
		"ListTaskDefinitions":      {},
		"ListTasks":                {on: "container-instance/{Cluster:name|default}/*", with: cluster},
		"RegisterTaskDefinition": {
			on: "task-definition/{Family}:*", pass: tasks, also: tagged("RegisterTaskDefinition", "task-definition/{Family}:*"),
		},
		"StopTask":              {on: "task/{Cluster:name|default}/{Task:name}", with: cluster},
		"TagResource":           {on: "{ResourceArn}"},
		"UntagResource":         {on: "{ResourceArn}"},
		"UpdateClusterSettings": {on: "cluster/{Cluster:name}"},
		"UpdateService":         {on: service, with: cluster},
	}
}

func elb() map[string]operation {
	return map[string]operation{
		"AddTags":                       {on: "{ResourceArns}"},
		"CreateListener":                {on: "{LoadBalancerArn}"},
		"CreateLoadBalancer":            {on: "loadbalancer/app/{Name}/*"},
		"CreateRule":                    {on: "{ListenerArn}"},
		"CreateTargetGroup":             {on: "targetgroup/{Name}/*"},
		"DeleteListener":                {on: "{ListenerArn}"},
		"DeleteLoadBalancer":            {on: "{LoadBalancerArn}"},
		"DeleteRule":                    {on: "{RuleArn}"},
		"DeleteTargetGroup":             {on: "{TargetGroupArn}"},
		"DeregisterTargets":             {on: "{TargetGroupArn}"},
		"DescribeListeners":             {},
		"DescribeLoadBalancers":         {},
		"DescribeRules":                 {},
		"DescribeTags":                  {},
		"DescribeTargetGroupAttributes": {},
		"DescribeTargetGroups":          {},
		"DescribeTargetHealth":          {},
		"ModifyListener":                {on: "{ListenerArn}"},
		"ModifyRule":                    {on: "{RuleArn}"},
		"ModifyTargetGroup":             {on: "{TargetGroupArn}"},
		"ModifyTargetGroupAttributes":   {on: "{TargetGroupArn}"},
		"RegisterTargets":               {on: "{TargetGroupArn}"},
		"SetRulePriorities":             {on: "{RulePriorities.RuleArn}"},
		"SetSecurityGroups":             {on: "{LoadBalancerArn}"},
		"SetSubnets":                    {on: "{LoadBalancerArn}"},
	}
}

// A rule of another bus than the default one has the bus in its ARN.
func events() map[string]operation {
	return map[string]operation{
		"CreateEventBus":    {on: "event-bus/{Name}"},
		"DeleteEventBus":    {on: "event-bus/{Name}"},
		"DeleteRule":        {needs: rule("DeleteRule", "Name")},
		"DescribeEventBus":  {on: "event-bus/{Name:name|default}"},
		"DescribeRule":      {needs: rule("DescribeRule", "Name")},
		"DisableRule":       {needs: rule("DisableRule", "Name")},
		"EnableRule":        {needs: rule("EnableRule", "Name")},
		"ListEventBuses":    {},
		"ListRules":         {},
		"ListTargetsByRule": {needs: rule("ListTargetsByRule", "Rule")},
		"PutEvents":         {needs: putEvents},
		"PutPermission":     {}, // unconfirmed: whether it takes the bus
		"PutRule":           {needs: rule("PutRule", "Name"), pass: map[string][]string{"events.amazonaws.com": {"RoleArn"}}},
		"PutTargets":        {needs: putTargets},
		"RemovePermission":  {}, // unconfirmed: whether it takes the bus
		"RemoveTargets":     {needs: rule("RemoveTargets", "Rule")},
		"TestEventPattern":  {},
	}
}

func iam() map[string]operation {
	role, policy := "{RoleName:role}", map[string]string{"iam:PolicyARN": "PolicyArn"}
	return map[string]operation{
		"AttachRolePolicy":            {on: role, with: policy},
		"CreateOpenIDConnectProvider": {needs: providers("CreateOpenIDConnectProvider")},
		"CreatePolicy":                {on: "policy{Path|/}{PolicyName}"},
		"CreatePolicyVersion":         {on: "{PolicyArn}"},
		"CreateRole":                  {on: "role{Path|/}{RoleName}"},
		"DeleteOpenIDConnectProvider": {on: "{OpenIDConnectProviderArn}"},
		"DeletePolicy":                {on: "{PolicyArn}"},
		"DeletePolicyVersion":         {on: "{PolicyArn}"},
		"DeleteRole":                  {on: role},
		"DeleteRolePolicy":            {on: role},
		"DetachRolePolicy":            {on: role, with: policy},
		"GetOpenIDConnectProvider":    {on: "{OpenIDConnectProviderArn}"},
		"GetPolicy":                   {on: "{PolicyArn}"},
		"GetPolicyVersion":            {on: "{PolicyArn}"},
		"GetRole":                     {on: role},
		"GetRolePolicy":               {on: role},
		"ListAttachedRolePolicies":    {on: role},
		"ListPolicyVersions":          {on: "{PolicyArn}"},
		"ListRolePolicies":            {on: role},
		"ListRoles":                   {},
		"PutRolePolicy":               {on: role},
		"SimulatePrincipalPolicy":     {on: "{PolicySourceArn}"},
		"UpdateAssumeRolePolicy":      {on: role},
		"CreateUser":                  {on: "user{Path|/}{UserName}"},
		"DeleteUser":                  {on: "user/{UserName}"},
		"GetUser":                     {on: "user/{UserName}"},
		"ListUsers":                   {},
	}
}

func lambda() map[string]operation {
	function := "function:{FunctionName:function}"
	return map[string]operation{
		"AddPermission":                   {on: function},
		"CreateAlias":                     {on: function},
		"CreateFunction":                  {on: function, pass: map[string][]string{"lambda.amazonaws.com": {"Role"}}},
		"CreateFunctionUrlConfig":         {on: function},
		"DeleteAlias":                     {on: function},
		"DeleteFunction":                  {on: function},
		"DeleteFunctionConcurrency":       {on: function},
		"DeleteFunctionEventInvokeConfig": {on: function},
		"DeleteFunctionUrlConfig":         {on: function},
		"GetAlias":                        {on: function},
		"GetFunction":                     {on: function},
		"GetFunctionConcurrency":          {on: function},
		"GetFunctionConfiguration":        {on: function},
		"GetFunctionEventInvokeConfig":    {on: function},
		"GetFunctionUrlConfig":            {on: function},
		"GetPolicy":                       {on: function},
		"Invoke":                          {needs: invoke},
		"ListAliases":                     {on: function},
		"ListFunctionUrlConfigs":          {on: function},
		"ListVersionsByFunction":          {on: function},
		"PublishVersion":                  {on: function},
		"PutFunctionConcurrency":          {on: function},
		"UpdateAlias":                     {on: function},
		"UpdateFunctionCode":              {on: function},
		"UpdateFunctionConfiguration":     {on: function, pass: map[string][]string{"lambda.amazonaws.com": {"Role"}}},
		"ListFunctions":                   {},
		"PutFunctionEventInvokeConfig":    {on: function},
		"RemovePermission":                {on: function},
		"UpdateFunctionUrlConfig":         {on: function},
	}
}

// AWS: Amazon S3 User Guide, Required permissions for Amazon S3 API operations.
func s3() map[string]operation {
	return map[string]operation{
		"CreateBucket":  {on: "{Bucket}"},
		"DeleteBucket":  {on: "{Bucket}"},
		"DeleteObject":  {on: "{Bucket}/{Key}"},
		"GetObject":     {on: "{Bucket}/{Key}"},
		"HeadBucket":    {as: "ListBucket", on: "{Bucket}"},
		"HeadObject":    {as: "GetObject", on: "{Bucket}/{Key}"},
		"ListBuckets":   {as: "ListAllMyBuckets"},
		"ListObjectsV2": {as: "ListBucket", on: "{Bucket}", with: map[string]string{"s3:prefix": "Prefix", "s3:delimiter": "Delimiter"}},
		"PutObject":     {on: "{Bucket}/{Key}"},
	}
}

// What is done to an API asks for the HTTP method, on the path of what it is done to.
// AWS: Service Authorization Reference, API Gateway Management V2.
func apiGateway() map[string]operation {
	own := func(method, path string) operation { return operation{as: method, on: path} }
	return map[string]operation{
		"CreateApi":         own("POST", "/apis"),
		"CreateIntegration": own("POST", "/apis/{ApiId}/integrations"),
		"CreateRoute":       own("POST", "/apis/{ApiId}/routes"),
		"CreateStage":       own("POST", "/apis/{ApiId}/stages"),
		"DeleteApi":         own("DELETE", "/apis/{ApiId}"),
		"DeleteIntegration": own("DELETE", "/apis/{ApiId}/integrations/{IntegrationId}"),
		"DeleteRoute":       own("DELETE", "/apis/{ApiId}/routes/{RouteId}"),
		"DeleteStage":       own("DELETE", "/apis/{ApiId}/stages/{StageName}"),
		"GetApi":            own("GET", "/apis/{ApiId}"),
	}
}

func scheduler() map[string]operation {
	schedule, group := "schedule/{GroupName|default}/{Name}", "schedule-group/{Name}"
	role := map[string][]string{"scheduler.amazonaws.com": {"Target.RoleArn"}}
	return map[string]operation{
		"CreateSchedule":      {on: schedule, pass: role},
		"CreateScheduleGroup": {on: group},
		"DeleteSchedule":      {on: schedule},
		"DeleteScheduleGroup": {on: group},
		"GetSchedule":         {on: schedule},
		"GetScheduleGroup":    {on: group},
		"ListScheduleGroups":  {},
		"ListSchedules":       {},
		"UpdateSchedule":      {on: schedule, pass: role},
	}
}

// The ARN of a secret ends in characters that are drawn when it is created; what is
// asked for by a name that there is not yet has none. Unconfirmed: how AWS names it.
func secretsManager() map[string]operation {
	return map[string]operation{
		"CreateSecret":   {on: "{Name:secret}"},
		"DeleteSecret":   {on: "{SecretId:secret}"},
		"DescribeSecret": {on: "{SecretId:secret}"},
		"GetSecretValue": {on: "{SecretId:secret}", with: map[string]string{"secretsmanager:VersionStage": "VersionStage", "secretsmanager:VersionId": "VersionId"}},
		"PutSecretValue": {on: "{SecretId:secret}"},
	}
}

func sns() map[string]operation {
	return map[string]operation{
		"CreateTopic":              {on: "{Name}"},
		"DeleteTopic":              {on: "{TopicArn}"},
		"GetTopicAttributes":       {on: "{TopicArn}"},
		"ListSubscriptionsByTopic": {on: "{TopicArn}"},
		"ListTopics":               {},
		"Publish":                  {needs: publish},
		"SetTopicAttributes":       {on: "{TopicArn}"},
		"Subscribe":                {on: "{TopicArn}", with: map[string]string{"sns:Protocol": "Protocol", "sns:Endpoint": "Endpoint"}},
		"Unsubscribe":              {on: "{SubscriptionArn:topic}"},
	}
}

func sqs() map[string]operation {
	return map[string]operation{
		"CreateQueue":        {on: "{QueueName}"},
		"DeleteMessage":      {on: "{QueueUrl:name}"},
		"DeleteQueue":        {on: "{QueueUrl:name}"},
		"GetQueueAttributes": {on: "{QueueUrl:name}"},
		"GetQueueUrl":        {on: "{QueueName}"},
		"ListQueues":         {},
		"PurgeQueue":         {on: "{QueueUrl:name}"},
		"ReceiveMessage":     {on: "{QueueUrl:name}"},
		"SendMessage":        {on: "{QueueUrl:name}"},
		"SetQueueAttributes": {on: "{QueueUrl:name}"},
	}
}

func ssm() map[string]operation {
	return map[string]operation{
		"DeleteParameter":     {on: "parameter/{Name:path}"},
		"GetParameter":        {on: "parameter/{Name:path}"},
		"GetParameters":       {on: "parameter/{Names:path}"},
		"GetParametersByPath": {on: "parameter/{Path:path}"},
		"PutParameter":        {on: "parameter/{Name:path}"},
	}
}

// A task token tells nobody whose it is: what sends one back is asked for on everything.
func states() map[string]operation {
	machine, execution := "{StateMachineArn}", "{ExecutionArn}"
	role := map[string][]string{"states.amazonaws.com": {"RoleArn"}}
	return map[string]operation{
		"CreateStateMachine":               {on: "stateMachine:{Name}", pass: role},
		"DeleteStateMachine":               {on: machine},
		"DescribeExecution":                {on: execution},
		"DescribeStateMachine":             {on: machine},
		"DescribeStateMachineForExecution": {on: execution},
		"GetExecutionHistory":              {on: execution},
		"ListExecutions":                   {on: machine},
		"ListStateMachines":                {},
		"RedriveExecution":                 {on: execution},
		"SendTaskFailure":                  {},
		"SendTaskHeartbeat":                {},
		"SendTaskSuccess":                  {},
		"StartExecution":                   {on: machine},
		"StopExecution":                    {on: execution},
		"UpdateStateMachine":               {on: machine, pass: role},
		"ValidateStateMachineDefinition":   {},
	}
}

// STS decides itself who may assume a role, with the role's trust policy; everybody may
// ask who they are (AWS: STS API Reference, GetCallerIdentity).
func sts() map[string]operation {
	return map[string]operation{
		"AssumeRole":                {free: true},
		"AssumeRoleWithWebIdentity": {free: true},
		"GetCallerIdentity":         {free: true},
	}
}
