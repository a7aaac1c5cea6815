# Written by scripts/terraform.py from template.yaml: change that.

output "version" {
  description = "What is installed."
  value       = aws_cloudformation_stack.this.outputs["Version"]
}

output "slack_url" {
  description = "Slack's interactivity request URL; `sluice slack manifest` writes it into the app's manifest."
  value       = lookup(aws_cloudformation_stack.this.outputs, "SlackUrl", null)
}

output "decide_url" {
  description = "Where callers of AWS decide, signed by IAM."
  value       = aws_cloudformation_stack.this.outputs["DecideUrl"]
}

output "api" {
  description = "The HTTP API that stands in for function URLs."
  value       = lookup(aws_cloudformation_stack.this.outputs, "Api", null)
}

output "build" {
  description = "The function that CodePipeline's Lambda action calls."
  value       = aws_cloudformation_stack.this.outputs["Build"]
}

output "machine" {
  description = "The state machine, one execution a rollout."
  value       = aws_cloudformation_stack.this.outputs["Machine"]
}

output "table" {
  description = "The table with all that Sluice knows. It outlives the stack."
  value       = aws_cloudformation_stack.this.outputs["Table"]
}

output "logs" {
  description = "The log group of functions and state machine."
  value       = aws_cloudformation_stack.this.outputs["Logs"]
}

output "dead_letters" {
  description = "The queue of events that could not be followed."
  value       = aws_cloudformation_stack.this.outputs["DeadLetters"]
}

output "dead_letters_arn" {
  description = "DeadLettersArn"
  value       = aws_cloudformation_stack.this.outputs["DeadLettersArn"]
}

output "recover" {
  description = "Recover"
  value       = aws_cloudformation_stack.this.outputs["Recover"]
}

output "approval" {
  description = "Approval"
  value       = aws_cloudformation_stack.this.outputs["Approval"]
}

output "notify" {
  description = "Notify"
  value       = aws_cloudformation_stack.this.outputs["Notify"]
}

output "deadman_role" {
  description = "DeadmanRole"
  value       = aws_cloudformation_stack.this.outputs["DeadmanRole"]
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
