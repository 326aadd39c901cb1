# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""check_schema.py SCHEMAS NAME FILE...: each file is one JSON object that fits
SCHEMAS/NAME.schema.json."""

import json
import pathlib
import sys

import jsonschema


def main():
    folder, name, *files = sys.argv[1:]
    schema = json.loads((pathlib.Path(folder) / f"{name}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    problems = []
    for file in files:
        for error in validator.iter_errors(json.loads(pathlib.Path(file).read_text())):
            place = "/".join(map(str, error.absolute_path)) or "the object"
            problems.append(f"{file}: {place}: {error.message[:300]}")
    if problems:
        sys.exit("\n".join(problems))


main()
