# Written by scripts/terraform.py from infra/service.yaml: change that.

variable "name" {
  type        = string
  default     = "service"
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
  description = "The app, as sluice.yaml names it"
  validation {
    condition     = can(regex("^(?:[a-z][a-z0-9-]{0,20})$", var.app))
    error_message = "App is a lower-case letter, then at most 20 lower-case letters, digits and hyphens; with Environment it is at most 25 long, as a target group's name has 32 characters."
  }
}

variable "environment" {
  type        = string
  default     = "production"
  description = "The environment, as sluice.yaml names it"
  validation {
    condition     = can(regex("^(?:[a-z][a-z0-9-]{0,20})$", var.environment))
    error_message = "Environment is a lower-case letter, then at most 20 lower-case letters, digits and hyphens."
  }
}

variable "image" {
  type        = string
  description = "The image that the first slot starts with, by tag or digest. Tasks may pull from its repository and no other"
  validation {
    condition     = can(regex("^(?:[0-9]{12}\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com(\\.cn)?/[a-z0-9][a-z0-9._/-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|@sha256:[0-9a-f]{64}))$", var.image))
    error_message = "Image is one of a private ECR repository, by tag or digest, such as 123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:3f2c1e0."
  }
}

variable "port" {
  type        = number
  default     = 8080
  description = "The port that the container listens on"
  validation {
    condition     = var.port >= 1
    error_message = "port is at least 1."
  }
  validation {
    condition     = var.port <= 65535
    error_message = "port is at most 65535."
  }
}

variable "health_path" {
  type        = string
  default     = "/healthz"
  description = "The path that answers 200 when the app is well"
  validation {
    condition     = can(regex("^(?:/\\S*)$", var.health_path))
    error_message = "HealthPath is a path that begins with a slash, without spaces."
  }
}

variable "architecture" {
  type        = string
  default     = "X86_64"
  description = "What the image is built for. ARM64 costs about a fifth less on Fargate"
  validation {
    condition     = contains(["X86_64", "ARM64"], var.architecture)
    error_message = "architecture is one of X86_64, ARM64."
  }
}

variable "cpu" {
  type        = string
  default     = "256"
  description = "CPU units of a task, 1024 a vCPU"
  validation {
    condition     = contains(["256", "512", "1024", "2048", "4096", "8192", "16384"], var.cpu)
    error_message = "cpu is one of 256, 512, 1024, 2048, 4096, 8192, 16384."
  }
}

variable "memory" {
  type        = string
  default     = "512"
  description = "Memory of a task in MiB. Fargate takes certain values with each Cpu, and ECS refuses the others"
  validation {
    condition     = can(regex("^(?:[0-9]{3,6})$", var.memory))
    error_message = "Memory is in MiB, such as 512 or 2048."
  }
}

variable "tasks" {
  type        = number
  default     = 2
  description = "Tasks that the slot with the traffic has at least"
  validation {
    condition     = var.tasks >= 1
    error_message = "tasks is at least 1."
  }
}

variable "max_tasks" {
  type        = number
  default     = 6
  description = "Tasks that a slot has at most; not below Tasks"
  validation {
    condition     = var.max_tasks >= 1
    error_message = "max_tasks is at least 1."
  }
}

variable "cpu_percent" {
  type        = number
  default     = 60
  description = "The mean CPU use, in percent, that autoscaling keeps a slot's tasks at"
  validation {
    condition     = var.cpu_percent >= 10
    error_message = "cpu_percent is at least 10."
  }
  validation {
    condition     = var.cpu_percent <= 95
    error_message = "cpu_percent is at most 95."
  }
}

variable "requests_per_task" {
  type        = number
  default     = 0
  description = "The requests a minute that autoscaling gives each task. 0 scales by CPU only"
  validation {
    condition     = var.requests_per_task >= 0
    error_message = "requests_per_task is at least 0."
  }
}

variable "max_error_percent" {
  type        = number
  default     = 1
  description = "Share of failed requests that is red when exceeded, in percent"
  validation {
    condition     = var.max_error_percent >= 0
    error_message = "max_error_percent is at least 0."
  }
  validation {
    condition     = var.max_error_percent <= 99
    error_message = "max_error_percent is at most 99."
  }
}

variable "max_latency" {
  type        = number
  default     = 0.5
  description = "Mean response time that is red when exceeded, in seconds"
  validation {
    condition     = var.max_latency >= 0.001
    error_message = "max_latency is at least 0.001."
  }
}

variable "alarms" {
  type        = string
  default     = ""
  description = "What the names of the alarms begin with; without it, the app. Two environments in one account and Region take two, as an alarm's name is there once"
  validation {
    condition     = can(regex("^(?:[a-zA-Z0-9-]{0,60})$", var.alarms))
    error_message = "Alarms is at most 60 letters, digits and hyphens."
  }
}

variable "vpc" {
  type        = string
  default     = ""
  description = "The VPC to stand in. Empty makes one with two public subnets"
  validation {
    condition     = can(regex("^(?:|vpc-[0-9a-f]+)$", var.vpc))
    error_message = "Vpc is the ID of a VPC, such as vpc-0a1b2c3d, or empty."
  }
}

variable "subnets" {
  type        = list(string)
  default     = []
  description = "Subnets of Vpc for the load balancer, in two availability zones or more, and for the tasks unless TaskSubnets is given"
  validation {
    condition     = can(regex("^(?:|subnet-[0-9a-f]+(,subnet-[0-9a-f]+)+)$", join(",", var.subnets)))
    error_message = "Subnets is two or more subnet IDs with commas between them and no spaces, or empty."
  }
}

variable "task_subnets" {
  type        = list(string)
  default     = []
  description = "Private subnets of Vpc for the tasks, with a way to ECR, S3 and CloudWatch Logs by a NAT gateway or endpoints. Tasks there get no public address"
  validation {
    condition     = can(regex("^(?:|subnet-[0-9a-f]+(,subnet-[0-9a-f]+)*)$", join(",", var.task_subnets)))
    error_message = "TaskSubnets is one or more subnet IDs with commas between them and no spaces, or empty."
  }
}

variable "scheme" {
  type        = string
  default     = "internet-facing"
  description = "Whether the load balancer that the stack makes is reached from the internet"
  validation {
    condition     = contains(["internet-facing", "internal"], var.scheme)
    error_message = "scheme is one of internet-facing, internal."
  }
}

variable "certificate" {
  type        = string
  default     = ""
  description = "Certificate for HTTPS on port 443; port 80 then redirects there. Empty serves plain HTTP on port 80, which is for trying"
  validation {
    condition     = can(regex("^(?:|arn:aws[a-z-]*:(acm:[a-z0-9-]+|iam:):[0-9]{12}:(certificate|server-certificate)/.+)$", var.certificate))
    error_message = "Certificate is the ARN of a certificate of ACM in this Region, or of IAM, or empty."
  }
}

variable "listener" {
  type        = string
  default     = ""
  description = "A listener that is there, to put the rule into. Empty makes a load balancer. What alarms and autoscaling call the load balancer is taken from this ARN"
  validation {
    condition     = can(regex("^(?:|arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:listener/app/[^/]+/[0-9a-f]+/[0-9a-f]+)$", var.listener))
    error_message = "Listener is the ARN of a listener of an Application Load Balancer, or empty."
  }
}

variable "balancer_security_group" {
  type        = string
  default     = ""
  description = "With Listener, the security group of its load balancer, which the tasks let in"
  validation {
    condition     = can(regex("^(?:|sg-[0-9a-f]+)$", var.balancer_security_group))
    error_message = "BalancerSecurityGroup is the ID of a security group, such as sg-0a1b2c3d, or empty."
  }
}

variable "priority" {
  type        = number
  default     = 10
  description = "The rule's priority in its listener, where no other rule has the same"
  validation {
    condition     = var.priority >= 1
    error_message = "priority is at least 1."
  }
  validation {
    condition     = var.priority <= 50000
    error_message = "priority is at most 50000."
  }
}

variable "path_pattern" {
  type        = string
  default     = "/*"
  description = "The paths that the rule takes"
  validation {
    condition     = can(regex("^(?:/[^ ]{0,127})$", var.path_pattern))
    error_message = "PathPattern is a path that begins with a slash, in which * and ? are wildcards."
  }
}

variable "host_header" {
  type        = string
  default     = ""
  description = "The host name that the rule takes. Empty takes every host"
  validation {
    condition     = can(regex("^(?:[A-Za-z0-9.*?-]{0,128})$", var.host_header))
    error_message = "HostHeader is a host name, in which * and ? are wildcards, or empty."
  }
}

variable "log_retention" {
  type        = number
  default     = 30
  description = "Days that the app's log is kept"
  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention)
    error_message = "log_retention is one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."
  }
}

variable "task_policy" {
  type        = string
  default     = ""
  description = "A policy with what the app itself may do. Empty lets it do nothing in AWS"
  validation {
    condition     = can(regex("^(?:|arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+)$", var.task_policy))
    error_message = "TaskPolicy is the ARN of an IAM policy, or empty."
  }
}

variable "exec" {
  type        = bool
  default     = false
  description = "Whether people may open a shell in tasks (ECS Exec)"
}

variable "container_insights" {
  type        = string
  default     = "disabled"
  description = "CloudWatch Container Insights of the cluster, which is charged for by metric"
  validation {
    condition     = contains(["disabled", "enabled", "enhanced"], var.container_insights)
    error_message = "container_insights is one of disabled, enabled, enhanced."
  }
}
