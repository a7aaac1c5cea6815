# Written by scripts/terraform.py from infra/remote.yaml: change that.

output "role" {
  description = "ARN of the role, for the spec's field role"
  value       = lookup(aws_cloudformation_stack.this.outputs, "Role", null)
}

output "account" {
  description = "The account that Sluice's stack has to let send to its bus"
  value       = aws_cloudformation_stack.this.outputs["Account"]
}

output "unsent" {
  description = "URL of the queue with events that Sluice's bus did not take"
  value       = aws_cloudformation_stack.this.outputs["Unsent"]
}
