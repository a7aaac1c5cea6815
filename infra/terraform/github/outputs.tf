# Written by scripts/terraform.py from infra/github.yaml: change that.

output "role" {
  description = "ARN of the role, for the workflow's variable AWS_ROLE"
  value       = aws_cloudformation_stack.this.outputs["Role"]
}

output "images" {
  description = "The repository of the images, for the workflow's variable IMAGES and the spec's containers"
  value       = aws_cloudformation_stack.this.outputs["Images"]
}

output "provider" {
  description = "ARN of the OIDC provider, for the next such stack"
  value       = aws_cloudformation_stack.this.outputs["Provider"]
}
