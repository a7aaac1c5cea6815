#!/usr/bin/env python3
"""Write the service models that the emulator's wire layer reads.

For every line "<model> <Operation>" of operations.txt this takes the operation
and all shapes it reaches from botocore's service model, drops what neither the
codecs nor the validation need (documentation above all), and writes one compact
JSON file per service beside operations.txt. The same botocore gives the same
bytes.

    pip install -r scripts/requirements-models.txt
    python3 scripts/models.py            # writes internal/emulator/wire/models
    python3 scripts/models.py --out DIR  # writes elsewhere
"""

import argparse
import json
import pathlib
import sys

import botocore
from botocore.loaders import Loader

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "internal/emulator/wire/models"

METADATA = (
    "apiVersion", "awsQueryCompatible", "endpointPrefix", "jsonVersion", "protocol", "protocols",
    "serviceId", "signingName", "targetPrefix", "xmlNamespace",
)
SHAPE = (
    "type", "required", "min", "max", "pattern", "enum", "exception", "error", "fault", "flattened",
    "locationName", "payload", "sensitive", "streaming", "timestampFormat", "union", "xmlNamespace",
)
MEMBER = (
    "shape", "location", "locationName", "queryName", "flattened", "streaming", "timestampFormat",
    "xmlAttribute", "xmlNamespace",
)
OPERATION = ("http", "httpChecksum")
INPUT_OUTPUT = ("shape", "locationName", "resultWrapper", "xmlNamespace")

README = """# AWS service models

`operations.txt` lists the operations that the emulator answers, one `<model> <Operation>` a line. The JSON files are
made from it by `scripts/models.py`; change the list and run the script, never the files.

The JSON files are excerpts of the service models in botocore {version}
(https://github.com/boto/botocore), Copyright Amazon.com, Inc. or its affiliates, licensed under the Apache License 2.0
(https://www.apache.org/licenses/LICENSE-2.0). Changed: reduced to the operations listed, without documentation.
"""


def listed(folder):
    """The operations of each model, as operations.txt lists them."""
    operations = {}
    for number, line in enumerate((folder / "operations.txt").read_text().splitlines(), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        if len(words) != 2:
            sys.exit(f"operations.txt:{number}: want '<model> <Operation>', got '{line}'")
        operations.setdefault(words[0], set()).add(words[1])
    return operations


def picked(source, keys):
    return {key: source[key] for key in keys if key in source}


def trimmed_shape(shape):
    kept = picked(shape, SHAPE)
    if "members" in shape:
        kept["members"] = {name: picked(member, MEMBER) for name, member in shape["members"].items()}
    for element in ("member", "key", "value"):
        if isinstance(shape.get(element), dict):
            kept[element] = picked(shape[element], MEMBER)
    return kept


def references(shape):
    for member in shape.get("members", {}).values():
        yield member["shape"]
    for element in ("member", "key", "value"):
        if element in shape:
            yield shape[element]["shape"]


def trimmed_operation(operation):
    kept = picked(operation, OPERATION)
    for side in ("input", "output"):
        if side in operation:
            kept[side] = picked(operation[side], INPUT_OUTPUT)
    kept["errors"] = sorted(error["shape"] for error in operation.get("errors", []))
    return kept


def trimmed_model(model, names):
    """The part of a service model that the named operations need."""
    unknown = sorted(names - model["operations"].keys())
    if unknown:
        sys.exit(f"operations.txt: {model['metadata']['serviceId']} has no operation {', '.join(unknown)}")
    operations = {name: trimmed_operation(model["operations"][name]) for name in names}
    shapes = {}
    wanted = [op[side]["shape"] for op in operations.values() for side in ("input", "output") if side in op]
    wanted += [error for op in operations.values() for error in op["errors"]]
    while wanted:
        name = wanted.pop()
        if name not in shapes:
            shapes[name] = trimmed_shape(model["shapes"][name])
            wanted += references(shapes[name])
    return {
        "metadata": picked(model["metadata"], METADATA),
        "operations": operations,
        "shapes": shapes,
        "others": {name: other(model, name) for name in model["operations"] if name not in names},
    }


def other(model, name):
    """What it takes to recognise an operation that is not emulated, and to refuse it by its name."""
    if not model["metadata"]["protocol"].startswith("rest"):
        return {}
    operation = model["operations"][name]
    shape = model["shapes"].get(operation.get("input", {}).get("shape"), {})
    members = shape.get("members", {})
    needs = [members[member]["locationName"] for member in shape.get("required", [])
             if members[member].get("location") in ("header", "querystring")]
    return {"http": operation["http"], "needs": needs}


def main():
    parser = argparse.ArgumentParser(description="Write the emulator's service models.")
    parser.add_argument("--out", type=pathlib.Path, default=FOLDER, help="the folder to write to")
    out = parser.parse_args().out
    loader = Loader()
    for name, operations in sorted(listed(FOLDER).items()):
        model = trimmed_model(loader.load_service_model(name, "service-2"), operations)
        text = json.dumps(model, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        (out / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    (out / "README.md").write_text(README.format(version=botocore.__version__), encoding="utf-8")


if __name__ == "__main__":
    main()
