# Written by scripts/terraform.py from infra/github.yaml: change that.

variable "name" {
  type        = string
  default     = "github"
  description = "The stack's name"
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "Tags of the stack and of all that it makes"
}

variable "app" {
  type        = string
  default     = "shop"
  description = "The app, as sluice.yaml names it. The repository of its images has the same name"
  validation {
    condition     = can(regex("^(?:[a-z][a-z0-9-]{0,23})$", var.app))
    error_message = "App is a lower-case letter, then at most 23 lower-case letters, digits and hyphens, as in sluice.yaml."
  }
}

variable "repository" {
  type        = string
  description = "The GitHub repository whose workflow may assume the role"
  validation {
    condition     = can(regex("^(?:[A-Za-z0-9-]+/[A-Za-z0-9._-]+)$", var.repository))
    error_message = "Repository is owner/name, such as example/shop, without wildcards."
  }
}

variable "branch" {
  type        = string
  default     = "main"
  description = "The branch whose workflow may assume the role. Not used where Environment is given"
  validation {
    condition     = can(regex("^(?:[A-Za-z0-9._/-]+)$", var.branch))
    error_message = "Branch is one branch, without wildcards."
  }
}

variable "environment" {
  type        = string
  default     = ""
  description = "The environment of the GitHub repository that the job has to be in, instead of a branch; its protection rules then say which branches may"
  validation {
    condition     = can(regex("^(?:[A-Za-z0-9._-]*)$", var.environment))
    error_message = "Environment is the name of an environment of the GitHub repository, or empty."
  }
}

variable "provider" {
  type        = string
  default     = ""
  description = "The account's OIDC provider of GitHub Actions. An account has it once; empty makes it"
  validation {
    condition     = can(regex("^(?:|arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/token\\.actions\\.githubusercontent\\.com)$", var.provider))
    error_message = "Provider is the ARN of the account's OIDC provider of GitHub Actions, or empty to make it."
  }
}

variable "images" {
  type        = string
  default     = ""
  description = "The ECR repository in this account and Region to push to, where there is one. Empty makes one of the app's name"
  validation {
    condition     = can(regex("^(?:([a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*)?)$", var.images))
    error_message = "Images is the name of an ECR repository, such as team/shop, or empty to make one."
  }
}

variable "sluice_stack" {
  type        = string
  default     = "sluice"
  description = "The name of Sluice's own stack, in this account and Region"
  validation {
    condition     = can(regex("^(?:[a-zA-Z][-a-zA-Z0-9]{0,127})$", var.sluice_stack))
    error_message = "SluiceStack is the name of a stack."
  }
}

variable "keep_images" {
  type        = number
  default     = 30
  description = "How many images are kept, besides those in use"
  validation {
    condition     = var.keep_images >= 2
    error_message = "keep_images is at least 2."
  }
  validation {
    condition     = var.keep_images <= 900
    error_message = "keep_images is at most 900."
  }
}
