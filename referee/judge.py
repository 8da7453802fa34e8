"""The referee's verdict (frictionless-py) on many packages, in one process a core.

Takes a line of JSON for each package on stdin, `{"folder": …, "adapt": […]}`, and answers with
one for each of its files: errors of the whole, and each data row's lines and errors. `adapt`
names what is changed in the descriptor, the files (adaptations.py) or the referee (lacks.py,
keys.py) before the verdict, for a second hearing (see second-hearing.ts); without any, the package
is judged as it stands.
"""

import json
import os
import re
import sys
import tempfile
import warnings
from contextlib import ExitStack
from decimal import Decimal
from multiprocessing import Pool

import yaml
from adaptations import adaptations, inline_parts
from descriptors import leave_out_wrong, notes_of, resources_of
from frictionless import Check, Checklist, Package, system
from frictionless.formats.csv import parser as csv_parser
from keys import Keys
from lacks import lacks

# No verdict may end early: each of these is a limit that would.
LIMIT_ERRORS = 10**9
# No network: what is not in the package is no file of it.
REMOTE = re.compile(r"[a-z][a-z0-9+]+://", re.I)
DESCRIPTORS = ["datapackage.json", "datapackage.yaml", "datapackage.yml"]

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

    def __init__(self, rows, keys):
        super().__init__()
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "keys", keys)

    def validate_row(self, row):
        errors = list(self.keys.told(row))
        lines = getattr(row.cells, "lines", [row.row_number, row.row_number])
        told_of = {"number": row.row_number, "lines": lines, "errors": errors}
        values = {name: shown(row[name]) for name in row.field_names}
        self.rows.append({**told_of, "cells": texts(row), "values": values})
        yield from []


def texts(row):
    return [None if cell is None else str(cell) for cell in row.cells]


def shown(value):
    """A value as a text that is the same for equal ones of a type."""
    if isinstance(value, Decimal) and value.is_finite():
        return format(value.normalize(), "f")
    return None if value is None else str(value)


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
        paths = apart(descriptor, folder, adapt)
        for name, change in adaptations.items():
            if name in adapt:
                attempt(change, descriptor, base_of(folder, scratch), scratch)
        base = base_of(folder, scratch)
        with ExitStack() as changes, system.use_context(trusted=False):
            for name in adapt:
                if name in lacks:
                    changes.enter_context(lacks[name]())
            wrong = leave_out_wrong(descriptor, base) if "resource-alone" in adapt else {}
            yield from judge_parts(descriptor, paths, base, adapt, wrong)


def attempt(change, descriptor, base, scratch):
    """An odd descriptor may have no place for a change: it is heard as it is then."""
    try:
        change(descriptor, base, scratch)
    except (AttributeError, KeyError, OSError, TypeError, UnicodeError) as exception:
        print(f"{base}: {change.__name__}: {exception!r}", file=sys.stderr)


def base_of(folder, scratch):
    """Where the files are that are judged: copies, once one of them is changed."""
    return scratch if os.listdir(scratch) else folder


def judge_parts(descriptor, parts, base, adapt, wrong):
    try:
        package = Package.from_descriptor(descriptor, basepath=base)
        package.to_descriptor(validate=True)
        notes = []
    except Exception as exception:
        notes = notes_of(exception)
    for name, part, path in parts:
        answer = {"resource": name, "path": path}
        told_of = notes or wrong.get(id(part))
        if told_of:
            whole = [["package-error", None, note, None] for note in told_of]
            yield {**answer, "errors": whole, "labels": [], "rows": []}
        else:
            yield {**answer, **judge_resource(package, part["name"], adapt)}


def judge_resource(package, part, adapt):
    rows = []
    try:
        resource = package.get_resource(part)
        checklist = Checklist(checks=[Trace(rows, Keys(resource, adapt))])
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


def apart(descriptor, folder, adapt):
    """Each file of a list of paths is judged alone; the resource as a whole stays, as a parent.

    Each part: the name of its resource, the resource that is judged, the path.
    """
    parts = []
    if adapt or any(isinstance(one.get("path"), list) for one in resources_of(descriptor)):
        inline_parts(descriptor, folder)
    for resource in resources_of(descriptor):
        found = resource.get("path", resource.get("url"))
        paths = found if isinstance(found, list) else [found]
        paths = [path for path in paths if isinstance(path, str) and not REMOTE.match(path)]
        name = resource["name"] if isinstance(resource.get("name"), str) else ""
        if not isinstance(found, list) or len(paths) == 1:
            if paths and isinstance(found, list):
                resource["path"] = paths[0]
            parts += [[name, resource, path] for path in paths]
            continue
        for i, path in enumerate(paths):
            part = json.loads(json.dumps({**resource, "path": path}))
            part["name"] = f"{name}-part-{i}"
            for key in foreign_keys(part):
                if not key.get("reference", {}).get("resource"):
                    key["reference"]["resource"] = name
            descriptor["resources"].append(part)
            parts.append([name, part, path])
    return parts


def foreign_keys(resource):
    schema = resource.get("schema")
    return schema.get("foreignKeys", []) if isinstance(schema, dict) else []


if __name__ == "__main__":
    lines = [line for line in sys.stdin if line.strip()]
    with Pool(min(len(lines), os.cpu_count() or 1) or 1) as pool:
        for answers in pool.imap(judge, lines, chunksize=4):
            print("\n".join(answers), flush=True)
