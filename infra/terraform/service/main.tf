# Written by scripts/terraform.py from infra/service.yaml: change that.

resource "aws_cloudformation_stack" "this" {
  name          = var.name
  template_body = file("${path.module}/../../service.yaml")
  capabilities  = ["CAPABILITY_NAMED_IAM"]

  # What Sluice owns after the first day, no later update takes back.
  policy_body = file("${path.module}/../../service-policy.json")

  tags = var.tags

  parameters = {
    App                   = var.app
    Environment           = var.environment
    Image                 = var.image
    Port                  = tostring(var.port)
    HealthPath            = var.health_path
    Architecture          = var.architecture
    Cpu                   = var.cpu
    Memory                = var.memory
    Tasks                 = tostring(var.tasks)
    MaxTasks              = tostring(var.max_tasks)
    CpuPercent            = tostring(var.cpu_percent)
    RequestsPerTask       = tostring(var.requests_per_task)
    MaxErrorPercent       = tostring(var.max_error_percent)
    MaxLatency            = tostring(var.max_latency)
    Alarms                = var.alarms
    Vpc                   = var.vpc
    Subnets               = join(",", var.subnets)
    TaskSubnets           = join(",", var.task_subnets)
    Scheme                = var.scheme
    Certificate           = var.certificate
    Listener              = var.listener
    BalancerSecurityGroup = var.balancer_security_group
    Priority              = tostring(var.priority)
    PathPattern           = var.path_pattern
    HostHeader            = var.host_header
    LogRetention          = tostring(var.log_retention)
    TaskPolicy            = var.task_policy
    Exec                  = tostring(var.exec)
    ContainerInsights     = var.container_insights
  }
}
