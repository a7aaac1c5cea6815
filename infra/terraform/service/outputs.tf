# Written by scripts/terraform.py from infra/service.yaml: change that.

output "cluster" {
  description = "The spec's cluster"
  value       = aws_cloudformation_stack.this.outputs["Cluster"]
}

output "blue_service" {
  description = "The spec's slot blue"
  value       = aws_cloudformation_stack.this.outputs["BlueService"]
}

output "green_service" {
  description = "The spec's slot green"
  value       = aws_cloudformation_stack.this.outputs["GreenService"]
}

output "blue_arn" {
  description = "ARN of the service of slot blue"
  value       = aws_cloudformation_stack.this.outputs["BlueArn"]
}

output "green_arn" {
  description = "ARN of the service of slot green"
  value       = aws_cloudformation_stack.this.outputs["GreenArn"]
}

output "rule" {
  description = "ARN of the weighted rule"
  value       = aws_cloudformation_stack.this.outputs["Rule"]
}

output "listener" {
  description = "ARN of the listener that the rule is in"
  value       = aws_cloudformation_stack.this.outputs["Listener"]
}

output "balancer" {
  description = "ARN of the load balancer"
  value       = lookup(aws_cloudformation_stack.this.outputs, "Balancer", null)
}

output "address" {
  description = "Where the app is reached; with a certificate, by a name of yours that leads here"
  value       = lookup(aws_cloudformation_stack.this.outputs, "Address", null)
}

output "blue_group" {
  description = "ARN of the target group of slot blue"
  value       = aws_cloudformation_stack.this.outputs["BlueGroup"]
}

output "green_group" {
  description = "ARN of the target group of slot green"
  value       = aws_cloudformation_stack.this.outputs["GreenGroup"]
}

output "family" {
  description = "Family of the task definitions"
  value       = aws_cloudformation_stack.this.outputs["Family"]
}

output "task_role" {
  description = "ARN of the role of the app itself"
  value       = aws_cloudformation_stack.this.outputs["TaskRole"]
}

output "execution_role" {
  description = "ARN of the role that starts tasks"
  value       = aws_cloudformation_stack.this.outputs["ExecutionRole"]
}

output "alarms" {
  description = "The spec's alarms, in which {slot} stands for blue and green"
  value       = aws_cloudformation_stack.this.outputs["Alarms"]
}

output "log" {
  description = "The app's log group"
  value       = aws_cloudformation_stack.this.outputs["Log"]
}
