#!/usr/bin/env python3
"""Write the Terraform modules of infra/terraform from the templates.

A module is one aws_cloudformation_stack around a template: its variables are the
template's parameters, its outputs the template's outputs. So the templates are
the one source. `terraform fmt` gives the files their form.

    python3 scripts/terraform.py
"""

import json
import pathlib
import re
import subprocess

from cfnlint.decode.cfn_yaml import load

ROOT = pathlib.Path(__file__).resolve().parent.parent
TEMPLATES = {"sluice": "template.yaml"} | {name: f"infra/{name}.yaml" for name in ("service", "remote", "pipeline", "github")}

# Strings of the templates that are lists here.
LISTS = {"Subnets", "TaskSubnets"}

HEADER = "# Written by scripts/terraform.py from {template}: change that.\n\n"

VERSIONS = """terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}
"""

COMMON = """variable "name" {{
  type        = string
  default     = {default}
  description = "The stack's name"
}}

variable "tags" {{
  type        = map(string)
  default     = {{}}
  description = "Tags of the stack and of all that it makes"
}}
"""

# Code and state machine are files beside template.yaml, which no provider puts into a bucket.
PACKAGED = """
variable "template_url" {
  type        = string
  description = "https URL of the packaged template in S3: what `aws cloudformation package` wrote, uploaded (docs/install.md)"
  validation {
    condition     = can(regex("^https://.+", var.template_url))
    error_message = "template_url is the https URL of a template in S3. template.yaml itself has local code paths and cannot be deployed."
  }
}
"""


def snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def quoted(text):
    """A string of HCL, in which ${ and %{ would begin a template."""
    return json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


def type_of(name, parameter):
    if name in LISTS:
        return "list(string)"
    if parameter["Type"] == "Number":
        return "number"
    if sorted(map(str, parameter.get("AllowedValues", []))) in (["false", "true"], ["False", "True"]):
        return "bool"
    return "string"


def default_of(kind, value):
    if kind == "list(string)":
        return json.dumps([v for v in str(value).split(",") if v])
    if kind == "string":
        return quoted(str(value))
    return str(value).lower()


def sentence(name, parameter, otherwise):
    return quoted(str(parameter.get("ConstraintDescription", otherwise)).rstrip(".") + ".")


def validations(name, kind, parameter):
    var = f"var.{snake(name)}"
    text = f'join(",", {var})' if kind == "list(string)" else var
    if "AllowedPattern" in parameter:
        pattern = quoted(f"^(?:{parameter['AllowedPattern']})$")
        yield f"can(regex({pattern}, {text}))", sentence(name, parameter, f"{name} does not have the form that it needs")
    if "AllowedValues" in parameter and kind != "bool":
        values = parameter["AllowedValues"]
        listed = ", ".join(quoted(str(v)) if kind == "string" else str(v) for v in values)
        yield f"contains([{listed}], {var})", quoted(f"{snake(name)} is one of {', '.join(map(str, values))}.")
    for key, sign, words in (("MinValue", ">=", "at least"), ("MaxValue", "<=", "at most")):
        if key in parameter:
            yield f"{var} {sign} {parameter[key]}", quoted(f"{snake(name)} is {words} {parameter[key]}.")


def variable(name, parameter):
    kind = type_of(name, parameter)
    lines = [f'variable "{snake(name)}" {{', f"type = {kind}"]
    if "Default" in parameter:
        lines.append(f"default = {default_of(kind, parameter['Default'])}")
    lines.append(f"description = {quoted(str(parameter.get('Description', name)))}")
    for condition, message in validations(name, kind, parameter):
        lines += ["validation {", f"condition = {condition}", f"error_message = {message}", "}"]
    return "\n".join([*lines, "}"]) + "\n"


def value(name, parameter):
    kind, var = type_of(name, parameter), f"var.{snake(name)}"
    if kind == "list(string)":
        return f'join(",", {var})'
    return var if kind == "string" else f"tostring({var})"


def main_of(module, template, parameters):
    lines = [
        'resource "aws_cloudformation_stack" "this" {',
        "name = var.name",
        "template_url = var.template_url" if module == "sluice" else f'template_body = file("${{path.module}}/../../{module}.yaml")',
        'capabilities = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]' if module == "sluice" else 'capabilities = ["CAPABILITY_NAMED_IAM"]',
    ]
    if module == "service":
        lines += ["", "# What Sluice owns after the first day, no later update takes back.",
                  'policy_body = file("${path.module}/../../service-policy.json")', ""]
    lines += ["tags = var.tags", "", "parameters = {"]
    lines += [f"{name} = {value(name, parameter)}" for name, parameter in parameters.items()]
    return "\n".join([*lines, "}", "}"]) + "\n"


def output(name, body):
    described = quoted(str(body.get("Description", name)))
    read = f"aws_cloudformation_stack.this.outputs[\"{name}\"]"
    if "Condition" in body:
        read = f'lookup(aws_cloudformation_stack.this.outputs, "{name}", null)'
    return f'output "{snake(name)}" {{\ndescription = {described}\nvalue = {read}\n}}\n'


def write(module, template):
    body = json.loads(json.dumps(load(str(ROOT / template))))
    folder = ROOT / "infra/terraform" / module
    folder.mkdir(parents=True, exist_ok=True)
    parameters, outputs = body.get("Parameters", {}), body.get("Outputs", {})
    default = quoted("sluice-remote" if module == "remote" else module)
    variables = COMMON.format(default=default) + (PACKAGED if module == "sluice" else "")
    variables += "".join("\n" + variable(name, p) for name, p in parameters.items())
    header = HEADER.format(template=template)
    (folder / "versions.tf").write_text(header + VERSIONS)
    (folder / "variables.tf").write_text(header + variables)
    (folder / "main.tf").write_text(header + main_of(module, template, parameters))
    (folder / "outputs.tf").write_text(header + "\n".join(output(name, o) for name, o in outputs.items()))


def main():
    for module, template in TEMPLATES.items():
        write(module, template)
    subprocess.run(["terraform", "fmt", "-recursive", str(ROOT / "infra/terraform")], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
