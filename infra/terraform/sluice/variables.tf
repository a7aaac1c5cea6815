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

variable "approvals" {
  type        = string
  default     = "slack"
  description = "Where people say yes or no. slack: in Slack, which also tells them what happens; SlackSecret is needed. url: only through the URL for callers of AWS whom IAM knows (output DecideUrl)."
  validation {
    condition     = contains(["slack", "url"], var.approvals)
    error_message = "approvals is one of slack, url."
  }
}

variable "slack_secret" {
  type        = string
  default     = ""
  description = "ARN of the secret with Slack's \"signingSecret\" and \"botToken\" in JSON (docs/slack.md)."
  validation {
    condition     = can(regex("^(?:|arn:[a-z0-9-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[a-zA-Z0-9/_+=.@-]{1,100}-[a-zA-Z0-9]{6})$", var.slack_secret))
    error_message = "SlackSecret is the whole ARN of a secret in Secrets Manager, with the six characters at its end, or empty. The secret's name has at most 100 characters."
  }
}

variable "alarm_topic" {
  type        = string
  default     = ""
  description = "ARN of the SNS topic that hears when Sluice itself is in trouble (docs/runbook.md). Empty tells nobody."
  validation {
    condition     = can(regex("^(?:|arn:[a-z0-9-]+:sns:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9_-]+)$", var.alarm_topic))
    error_message = "AlarmTopic is the ARN of an SNS topic that is not FIFO, or empty."
  }
}

variable "log_retention" {
  type        = number
  default     = 90
  description = "Days that the logs are kept."
  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention)
    error_message = "log_retention is one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."
  }
}

variable "kms_key" {
  type        = string
  default     = ""
  description = "ARN of the KMS key that encrypts table, dead letters and logs; docs/parameters.md has what its policy must allow. Empty takes the keys that AWS owns."
  validation {
    condition     = can(regex("^(?:|arn:[a-z0-9-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+)$", var.kms_key))
    error_message = "KmsKey is the ARN of a key (not of an alias), or empty."
  }
}

variable "tracing" {
  type        = string
  default     = "Active"
  description = "Whether X-Ray records functions and the state machine (Active), or only what a caller traces (PassThrough)."
  validation {
    condition     = contains(["Active", "PassThrough"], var.tracing)
    error_message = "tracing is one of Active, PassThrough."
  }
}

variable "reserved_concurrency" {
  type        = number
  default     = 0
  description = "Executions that are set aside for each of the four functions of the way back, so that nothing else in the account can starve them; the URL that Slack calls may then use as many and no more. 0 sets nothing aside. Lambda keeps 100 for everything else, so the account needs 100 and five times this; a new account has 10 and can set nothing aside."
  validation {
    condition     = var.reserved_concurrency >= 0
    error_message = "reserved_concurrency is at least 0."
  }
  validation {
    condition     = var.reserved_concurrency <= 100
    error_message = "reserved_concurrency is at most 100."
  }
}

variable "version" {
  type        = string
  default     = "unknown"
  description = "What is installed, for people to read (output Version). make deploy sets it."
  validation {
    condition     = can(regex("^(?:[a-zA-Z0-9._+-]{1,100})$", var.version))
    error_message = "Version is up to 100 letters, digits, dots, dashes, plus signs and underscores."
  }
}

variable "rules" {
  type        = string
  default     = ""
  description = "ARNs of the listener rules whose weights Sluice may change (output Rule of infra/service.yaml), with commas. Empty: any rule of an Application Load Balancer of the account."
  validation {
    condition     = can(regex("^(?:|arn:[a-z0-9-]+:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:listener-rule/app/[^/]+/[0-9a-f]+/[0-9a-f]+/[0-9a-f]+)$", var.rules))
    error_message = "Rules is ARNs of listener rules of Application Load Balancers, with commas between them, or empty."
  }
}

variable "services" {
  type        = string
  default     = ""
  description = "ARNs of the ECS services that Sluice may read and change, both slots of each environment, with commas. Empty: any service of the account."
  validation {
    condition     = can(regex("^(?:|arn:[a-z0-9-]+:ecs:[a-z0-9-]+:[0-9]{12}:service/[^/]+/[^/]+)$", var.services))
    error_message = "Services is ARNs of ECS services with their clusters' names in them, with commas between them, or empty."
  }
}

variable "task_roles" {
  type        = string
  default     = ""
  description = "ARNs of the roles that Sluice may give to tasks, the task roles and execution roles of all apps, with commas. Empty: any role of the account that trusts ECS tasks."
  validation {
    condition     = can(regex("^(?:|arn:[a-z0-9-]+:iam::[0-9]{12}:role/.+)$", var.task_roles))
    error_message = "TaskRoles is ARNs of IAM roles, with commas between them, or empty."
  }
}
