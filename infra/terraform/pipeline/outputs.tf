# Written by scripts/terraform.py from infra/pipeline.yaml: change that.

output "pipeline" {
  description = "The pipeline"
  value       = aws_cloudformation_stack.this.outputs["Pipeline"]
}

output "project" {
  description = "The CodeBuild project, for the spec's trigger codebuild"
  value       = aws_cloudformation_stack.this.outputs["Project"]
}

output "images" {
  description = "The repository of the images, for the spec's containers"
  value       = aws_cloudformation_stack.this.outputs["Images"]
}

output "images_arn" {
  description = "ARN of that repository"
  value       = aws_cloudformation_stack.this.outputs["ImagesArn"]
}

output "artifacts" {
  description = "The bucket with what stages hand to each other"
  value       = aws_cloudformation_stack.this.outputs["Artifacts"]
}
