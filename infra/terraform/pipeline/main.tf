# Written by scripts/terraform.py from infra/pipeline.yaml: change that.

resource "aws_cloudformation_stack" "this" {
  name          = var.name
  template_body = file("${path.module}/../../pipeline.yaml")
  capabilities  = ["CAPABILITY_NAMED_IAM"]
  tags          = var.tags

  parameters = {
    App           = var.app
    Container     = var.container
    Connection    = var.connection
    Repository    = var.repository
    Branch        = var.branch
    Buildspec     = var.buildspec
    Architecture  = var.architecture
    Deploy        = var.deploy
    SluiceStack   = var.sluice_stack
    KeepImages    = tostring(var.keep_images)
    KeepArtifacts = tostring(var.keep_artifacts)
    LogRetention  = tostring(var.log_retention)
    Domain        = var.domain
    Packages      = var.packages
  }
}
