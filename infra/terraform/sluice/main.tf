# Written by scripts/terraform.py from template.yaml: change that.

resource "aws_cloudformation_stack" "this" {
  name         = var.name
  template_url = var.template_url
  capabilities = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
  tags         = var.tags

  parameters = {
    SlackSecret = var.slack_secret
  }
}
