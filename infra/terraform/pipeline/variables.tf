# Written by scripts/terraform.py from infra/pipeline.yaml: change that.

variable "name" {
  type        = string
  default     = "pipeline"
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

variable "container" {
  type        = string
  default     = "web"
  description = "The container of the task definition that the image is for"
  validation {
    condition     = can(regex("^(?:[A-Za-z0-9_-]{1,255})$", var.container))
    error_message = "Container is a container's name of letters, digits, hyphens and underscores."
  }
}

variable "connection" {
  type        = string
  default     = ""
  description = "The connection to GitHub, GitLab or Bitbucket, made in the console, where somebody has to agree to it. Empty takes Repository for one of CodeCommit"
  validation {
    condition     = can(regex("^(?:|arn:aws[a-z-]*:(codeconnections|codestar-connections):[a-z0-9-]+:[0-9]{12}:connection/[0-9a-f-]{36})$", var.connection))
    error_message = "Connection is the ARN of a connection of CodeConnections, or empty for CodeCommit."
  }
}

variable "repository" {
  type        = string
  description = "The repository with the source"
  validation {
    condition     = can(regex("^(?:[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*)$", var.repository))
    error_message = "Repository is owner/name as GitHub, GitLab and Bitbucket say it, or the name of one in CodeCommit."
  }
}

variable "branch" {
  type        = string
  default     = "main"
  description = "The branch whose pushes start the pipeline"
  validation {
    condition     = can(regex("^(?:[^\\s*?\\[\\]{}!\\\\]+)$", var.branch))
    error_message = "Branch is one branch, without wildcards."
  }
}

variable "buildspec" {
  type        = string
  default     = "buildspec.yml"
  description = "Where the build is written down in the repository. Begin with a copy of infra/buildspec.yml"
  validation {
    condition     = can(regex("^(?:[^/\\s]\\S*\\.ya?ml)$", var.buildspec))
    error_message = "Buildspec is the path of a YAML file in the repository."
  }
}

variable "architecture" {
  type        = string
  default     = "X86_64"
  description = "What the image is built for, the same as in the service's stack"
  validation {
    condition     = contains(["X86_64", "ARM64"], var.architecture)
    error_message = "architecture is one of X86_64, ARM64."
  }
}

variable "deploy" {
  type        = string
  default     = "stage"
  description = "How the image comes to Sluice. stage: a last stage starts the deployment and ends as it does, after at most 24 hours; the spec's trigger is codepipeline. event: the build puts Sluice's event, and the pipeline ends with the build; the trigger is event or codebuild. Never both"
  validation {
    condition     = contains(["stage", "event"], var.deploy)
    error_message = "deploy is one of stage, event."
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

variable "keep_artifacts" {
  type        = number
  default     = 30
  description = "Days that what stages hand to each other is kept"
  validation {
    condition     = var.keep_artifacts >= 1
    error_message = "keep_artifacts is at least 1."
  }
}

variable "log_retention" {
  type        = number
  default     = 30
  description = "Days that the builds' log is kept"
  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention)
    error_message = "log_retention is one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."
  }
}

variable "domain" {
  type        = string
  default     = ""
  description = "The CodeArtifact domain that the build takes packages from, if any"
  validation {
    condition     = can(regex("^(?:([a-z][a-z0-9-]{0,48}[a-z0-9])?)$", var.domain))
    error_message = "Domain is the name of a CodeArtifact domain in this account and Region, or empty."
  }
}

variable "packages" {
  type        = string
  default     = ""
  description = "The CodeArtifact repository in Domain"
  validation {
    condition     = can(regex("^(?:([A-Za-z0-9][A-Za-z0-9._-]{1,99})?)$", var.packages))
    error_message = "Packages is the name of a CodeArtifact repository in Domain, or empty."
  }
}
