"""The referee's verdict (frictionless-py) on many packages, in one process a core.

Takes a line of JSON for each package on stdin, `{"folder": …, "adapt": […]}`, and answers with
one for each of its files: errors of the whole, and each data row's lines and errors. `adapt`
names what the descriptor or the file is changed by before the verdict, for a second hearing (see
second-hearing.ts); without any, the package is judged as it stands.
"""

import json
import os
import shutil
import sys
import tempfile
import warnings
from multiprocessing import Pool

import yaml
from frictionless import Check, Checklist, FrictionlessException, Package, Resource, system
from frictionless.formats.csv import parser as csv_parser

# No verdict may end early: each of these is a limit that would.
LIMIT_ERRORS = 10**9
DESCRIPTORS = ["datapackage.json", "datapackage.yaml", "datapackage.yml"]
DIALECT = {"quoteChar": '"', "doubleQuote": True, "skipInitialSpace": False}
HEADER = {"header": True, "headerRows": [1]}

real_reader = csv_parser.csv.reader


class Cells(list):
    """A row of the CSV reader that knows its lines: the referee itself tells row numbers only."""

    lines = [0, 0]


def reader_with_lines(source, **options):
    reader = real_reader(source, **options)
    before = 0
    for row in reader:
        cells = Cells(row)
        cells.lines = [before + 1, reader.line_num]
        before = reader.line_num
        yield cells


class Observed:
    """The module `csv` as the referee's parser sees it; only the lines are noted on the way."""

    reader = staticmethod(reader_with_lines)

    def __getattr__(self, name):
        import csv

        return getattr(csv, name)


csv_parser.csv = Observed()


class Trace(Check):
    """Sees every row that the referee sees, and changes none."""

    type = "trace"
    Errors = []

    def __init__(self, rows):
        super().__init__()
        object.__setattr__(self, "rows", rows)

    def validate_row(self, row):
        errors = [told(error) for error in row.errors]
        lines = getattr(row.cells, "lines", [row.row_number, row.row_number])
        told_of = {"number": row.row_number, "lines": lines, "errors": errors}
        self.rows.append({**told_of, "cells": texts(row)})
        yield from []


def texts(row):
    return [None if cell is None else str(cell) for cell in row.cells]


def told(error):
    """Type, field, note, cell: `field_name` is empty where an error is of no field."""
    field = getattr(error, "field_name", None)
    if error.type == "foreign-key":
        field = ", ".join(error.field_names)
    return [error.type, field or None, error.note, getattr(error, "cell", None)]


def judge(line):
    task = json.loads(line)
    warnings.simplefilter("ignore")
    try:
        return [json.dumps({"folder": task["folder"], **one}) for one in judge_package(**task)]
    except Exception as exception:
        fault = f"{type(exception).__name__}: {exception}"
        return [json.dumps({"folder": task["folder"], "resource": None, "fault": fault})]


def judge_package(folder, adapt=()):
    with tempfile.TemporaryDirectory(prefix="sluice-referee-") as scratch:
        descriptor = read_descriptor(folder)
        changed = [name for name in adapt if adaptations[name](descriptor, folder, scratch)]
        parts = apart(descriptor)
        base = scratch if os.listdir(scratch) else folder
        with system.use_context(trusted=False):
            yield from judge_parts(descriptor, parts, base, changed)


def judge_parts(descriptor, parts, base, changed):
    try:
        package = Package.from_descriptor(descriptor, basepath=base)
        package.to_descriptor(validate=True)
        errors = []
    except FrictionlessException as exception:
        errors = exception.to_errors()
    for name, part, path in parts:
        answer = {"resource": name, "path": path, "changed": changed}
        if errors:
            whole = [["package-error", None, error.note, None] for error in errors]
            yield {**answer, "errors": whole, "labels": [], "rows": []}
        else:
            yield {**answer, **judge_resource(package, part)}


def judge_resource(package, part):
    rows = []
    try:
        resource = package.get_resource(part)
        checklist = Checklist(checks=[Trace(rows)])
        report = resource.validate(checklist, limit_errors=LIMIT_ERRORS)
        errors = [*report.errors, *(error for task in report.tasks for error in task.errors)]
        # Rows tell their own errors; what is left is of the whole file.
        whole = [error for error in errors if not hasattr(error, "row_number")]
        labels = [label for task in report.tasks for label in task.labels]
        return {"errors": [told(error) for error in whole], "labels": labels, "rows": rows}
    except Exception as exception:
        fault = f"{type(exception).__name__}: {exception}"
        return {"errors": [["fault", None, fault, None]], "labels": [], "rows": rows}


def read_descriptor(folder):
    for name in DESCRIPTORS:
        path = os.path.join(folder, name)
        if os.path.exists(path):
            with open(path, encoding="utf-8-sig") as file:
                return json.load(file) if name.endswith(".json") else yaml.safe_load(file)
    raise FileNotFoundError(f"{folder}: no descriptor")


def apart(descriptor):
    """Each file of a list of paths is judged alone; the resource as a whole stays, as a parent."""
    parts = []
    for resource in list(descriptor["resources"]):
        paths = resource.get("path")
        if not isinstance(paths, list):
            parts.append([resource["name"], resource["name"], paths])
            continue
        if len(paths) == 1:
            resource["path"] = paths[0]
            parts.append([resource["name"], resource["name"], paths[0]])
            continue
        for i, path in enumerate(paths):
            part = json.loads(json.dumps({**resource, "path": path}))
            part["name"] = f"{resource['name']}-part-{i}"
            for key in foreign_keys(part):
                if not key.get("reference", {}).get("resource"):
                    key["reference"]["resource"] = resource["name"]
            descriptor["resources"].append(part)
            parts.append([resource["name"], part["name"], path])
    return parts


def foreign_keys(resource):
    schema = resource.get("schema")
    return schema.get("foreignKeys", []) if isinstance(schema, dict) else []


# What a second hearing may change; each says whether it changed anything.


def spell_dialect(descriptor, folder, scratch):
    """The referee guesses what a dialect leaves open; the standard has defaults."""
    changed = False
    for resource in descriptor["resources"]:
        dialect = resource.setdefault("dialect", {})
        if not isinstance(dialect, dict):
            continue
        path = str(resource.get("path"))
        tabs = resource.get("format") == "tsv" or path.replace(".gz", "").endswith(".tsv")
        # Comments above the header: row 1 is spelled only where there can be none.
        header = {} if "commentChar" in dialect or "commentRows" in dialect else HEADER
        defaults = {"delimiter": "\t" if tabs else ",", **DIALECT, **header}
        for name, value in defaults.items():
            if name not in dialect:
                dialect[name] = value
                changed = True
    return changed


def spell_encoding(descriptor, folder, scratch):
    changed = False
    for resource in descriptor["resources"]:
        if "encoding" not in resource:
            resource["encoding"] = "utf-8"
            changed = True
    return changed


def drop_constraints(descriptor, folder, scratch):
    """Takes out the constraints that the referee has not for the type of a field."""
    changed = False
    for resource in descriptor["resources"]:
        schema = resource.get("schema")
        for field in schema.get("fields", []) if isinstance(schema, dict) else []:
            known = system.select_field_class(field.get("type", "any")).supported_constraints
            for name in list(field.get("constraints", {})):
                if name not in known + ["unique"]:
                    del field["constraints"][name]
                    changed = True
    return changed


def declare_version(descriptor, folder, scratch):
    descriptor["$schema"] = "https://datapackage.org/profiles/2.0/datapackage.json"
    return True


def mend_bytes(descriptor, folder, scratch):
    """Puts U+FFFD where bytes are no character, as the referee ends at the first of them."""
    shutil.copytree(folder, scratch, dirs_exist_ok=True)
    changed = False
    for resource in descriptor["resources"]:
        paths = resource.get("path")
        for path in paths if isinstance(paths, list) else [paths]:
            changed = mend_file(resource, os.path.join(scratch, path)) or changed
    return changed


def mend_file(resource, path):
    import gzip

    gz = path.endswith(".gz")
    with (gzip.open if gz else open)(path, "rb") as file:
        body = file.read()
    encoding = resource.get("encoding", "utf-8")
    mended = body.decode(encoding, errors="replace").replace("\0", "\ufffd").encode(
        encoding, errors="replace"
    )
    if mended == body:
        return False
    with (gzip.open if gz else open)(path, "wb") as file:
        file.write(mended)
    return True


adaptations = {
    "dialect": spell_dialect,
    "encoding": spell_encoding,
    "constraints": drop_constraints,
    "version": declare_version,
    "bytes": mend_bytes,
}

if __name__ == "__main__":
    lines = [line for line in sys.stdin if line.strip()]
    with Pool(min(len(lines), os.cpu_count() or 1) or 1) as pool:
        for answers in pool.imap(judge, lines, chunksize=4):
            print("\n".join(answers), flush=True)
