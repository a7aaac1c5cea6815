# Written by scripts/terraform.py from template.yaml: change that.

output "table" {
  description = "Table"
  value       = aws_cloudformation_stack.this.outputs["Table"]
}

output "machine" {
  description = "Machine"
  value       = aws_cloudformation_stack.this.outputs["Machine"]
}

output "dead_letters" {
  description = "DeadLetters"
  value       = aws_cloudformation_stack.this.outputs["DeadLetters"]
}

output "recover" {
  description = "Recover"
  value       = aws_cloudformation_stack.this.outputs["Recover"]
}

output "deadman_role" {
  description = "DeadmanRole"
  value       = aws_cloudformation_stack.this.outputs["DeadmanRole"]
}

output "approval" {
  description = "Approval"
  value       = aws_cloudformation_stack.this.outputs["Approval"]
}

output "notify" {
  description = "Notify"
  value       = aws_cloudformation_stack.this.outputs["Notify"]
}

output "answers" {
  description = "Answers"
  value       = aws_cloudformation_stack.this.outputs["Answers"]
}

output "notices" {
  description = "Notices"
  value       = aws_cloudformation_stack.this.outputs["Notices"]
}

output "decisions" {
  description = "Decisions"
  value       = aws_cloudformation_stack.this.outputs["Decisions"]
}

output "decide_url" {
  description = "DecideUrl"
  value       = aws_cloudformation_stack.this.outputs["DecideUrl"]
}

output "slack_url" {
  description = "SlackUrl"
  value       = lookup(aws_cloudformation_stack.this.outputs, "SlackUrl", null)
}
