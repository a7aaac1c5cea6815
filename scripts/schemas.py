#!/usr/bin/env python3
"""Write what the emulated CloudFormation knows of resource types.

For every type of types.txt this takes from CloudFormation's resource provider
schemas, as cfn-lint carries them, the names of its properties and which of them
cannot change without replacing the resource.

    pip install -r scripts/requirements-tests.txt
    python3 scripts/schemas.py
"""

import json
import pathlib
from importlib import metadata

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "internal/emulator/cloudformation/schemas"

README = """# Resource types

`types.txt` lists the resource types that the emulated CloudFormation creates. `schemas.json` is made from it by
`scripts/schemas.py`; change the list and run the script, never the file.

It is an excerpt of CloudFormation's resource provider schemas (Copyright Amazon.com, Inc. or its affiliates) as
cfn-lint {version} carries them (https://github.com/aws-cloudformation/cfn-lint, licensed under MIT-0): the names of a
type's properties, and the paths of those that only a new resource can have (`createOnlyProperties` and
`conditionalCreateOnlyProperties`).
"""


def path(pointer):
    return pointer.removeprefix("/properties/").replace("/", ".")


def excerpt(name):
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", name).schema
    read_only = {path(p) for p in schema.get("readOnlyProperties", [])}
    replaced = schema.get("createOnlyProperties", []) + (schema.get("conditionalCreateOnlyProperties") or [])
    return {
        "properties": sorted(set(schema["properties"]) - read_only),
        "replaced": sorted({path(p) for p in replaced} - read_only),
    }


def main():
    names = (FOLDER / "types.txt").read_text().split()
    text = json.dumps({name: excerpt(name) for name in sorted(names)}, indent=1)
    (FOLDER / "schemas.json").write_text(text + "\n", encoding="utf-8")
    (FOLDER / "README.md").write_text(README.format(version=metadata.version("cfn-lint")), encoding="utf-8")


if __name__ == "__main__":
    main()
