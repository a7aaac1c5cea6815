#!/usr/bin/env python3
"""Write template.yaml as the plain CloudFormation that AWS SAM makes of it.

The transform is the one that AWS runs (aws-sam-translator). Code and the state
machine's definition are taken to be in a bucket, where `aws cloudformation
package` puts them. SAM looks at the partition of the Region, so there is one
output for each Region that is named.

    python3 scripts/sam.py template.yaml FOLDER cn-north-1    # writes FOLDER/cn-north-1.json
"""

import json
import pathlib
import sys

import boto3
from cfnlint.decode.cfn_yaml import load
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator


def packaged(template):
    """The template as `aws cloudformation package` leaves it."""
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        for local in ("CodeUri", "DefinitionUri"):
            if local in properties:
                properties[local] = f"s3://packages/{name}"
    return template


def main():
    if len(sys.argv) < 4:
        sys.exit("usage: sam.py TEMPLATE FOLDER REGION...")
    text = json.dumps(load(sys.argv[1]))
    for region in sys.argv[3:]:
        template = packaged(json.loads(text))
        parameters = {name: p.get("Default", "x") for name, p in template.get("Parameters", {}).items()}
        translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=region))
        plain = json.dumps(translator.translate(template, parameters), indent=1)
        (pathlib.Path(sys.argv[2]) / f"{region}.json").write_text(plain + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
