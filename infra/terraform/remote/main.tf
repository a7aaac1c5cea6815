# Written by scripts/terraform.py from infra/remote.yaml: change that.

resource "aws_cloudformation_stack" "this" {
  name          = var.name
  template_body = file("${path.module}/../../remote.yaml")
  capabilities  = ["CAPABILITY_NAMED_IAM"]
  tags          = var.tags

  parameters = {
    Service     = var.service
    Bus         = var.bus
    SluiceStack = var.sluice_stack
    RoleName    = var.role_name
    Repository  = var.repository
  }
}
