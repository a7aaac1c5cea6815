# Written by scripts/terraform.py from template.yaml: change that.

variable "name" {
  type        = string
  default     = "sluice"
  description = "The stack's name"
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "Tags of the stack and of all that it makes"
}

variable "template_url" {
  type        = string
  description = "https URL of the packaged template in S3: what `aws cloudformation package` wrote, uploaded (docs/install.md)"
  validation {
    condition     = can(regex("^https://.+", var.template_url))
    error_message = "template_url is the https URL of a template in S3. template.yaml itself has local code paths and cannot be deployed."
  }
}

variable "slack_secret" {
  type        = string
  default     = ""
  description = "ARN of the secret with Slack's \"signingSecret\" and \"botToken\" in JSON (docs/slack.md). Empty: nobody is asked or told in Slack."
}
