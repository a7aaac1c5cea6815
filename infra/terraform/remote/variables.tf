# Written by scripts/terraform.py from infra/remote.yaml: change that.

variable "name" {
  type        = string
  default     = "sluice-remote"
  description = "The stack's name"
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "Tags of the stack and of all that it makes"
}

variable "service" {
  type        = string
  description = "The stack of infra/service.yaml in this account and Region. Cluster, services, rule and roles are read from it, so none of them can be another's"
  validation {
    condition     = can(regex("^(?:[a-zA-Z][-a-zA-Z0-9]{0,127})$", var.service))
    error_message = "Service is the name of a stack."
  }
}

variable "bus" {
  type        = string
  description = "ARN of the default event bus of Sluice's account and Region"
  validation {
    condition     = can(regex("^(?:arn:aws[a-z-]*:events:[a-z0-9-]+:[0-9]{12}:event-bus/default)$", var.bus))
    error_message = "Bus is the ARN of the default event bus of Sluice's account and Region, as aws events describe-event-bus gives it; Sluice listens to no other."
  }
}

variable "sluice_stack" {
  type        = string
  default     = "sluice"
  description = "The name of Sluice's own stack"
  validation {
    condition     = can(regex("^(?:[a-zA-Z][-a-zA-Z0-9]{0,23})$", var.sluice_stack))
    error_message = "SluiceStack is a stack's name of at most 24 characters: what is longer would be cut in the names of the roles that are trusted."
  }
}

variable "role_name" {
  type        = string
  default     = "sluice-remote"
  description = "The name of the role, for the spec's field role. A second environment in one account takes another name. Not used where the account is Sluice's own"
  validation {
    condition     = can(regex("^(?:sluice-remote[A-Za-z0-9+=,.@_-]{0,51})$", var.role_name))
    error_message = "RoleName begins with sluice-remote, as Sluice may assume no other role, and is at most 64 long."
  }
}

variable "repository" {
  type        = string
  default     = ""
  description = "The ECR repository here whose pushes start a deployment. Empty where builds start it"
  validation {
    condition     = can(regex("^(?:([a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*)?)$", var.repository))
    error_message = "Repository is the name of an ECR repository, such as team/shop, or empty."
  }
}
