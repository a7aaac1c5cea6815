# Written by scripts/terraform.py from infra/github.yaml: change that.

resource "aws_cloudformation_stack" "this" {
  name          = var.name
  template_body = file("${path.module}/../../github.yaml")
  capabilities  = ["CAPABILITY_NAMED_IAM"]
  tags          = var.tags

  parameters = {
    App         = var.app
    Repository  = var.repository
    Branch      = var.branch
    Environment = var.environment
    Provider    = var.provider
    Images      = var.images
    SluiceStack = var.sluice_stack
    KeepImages  = tostring(var.keep_images)
  }
}
