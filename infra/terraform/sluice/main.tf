# Written by scripts/terraform.py from template.yaml: change that.

resource "aws_cloudformation_stack" "this" {
  name         = var.name
  template_url = var.template_url
  capabilities = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
  tags         = var.tags

  parameters = {
    Approvals           = var.approvals
    SlackSecret         = var.slack_secret
    AlarmTopic          = var.alarm_topic
    LogRetention        = tostring(var.log_retention)
    KmsKey              = var.kms_key
    Tracing             = var.tracing
    ReservedConcurrency = tostring(var.reserved_concurrency)
    Version             = var.version
    Rules               = var.rules
    Services            = var.services
    TaskRoles           = var.task_roles
  }
}
