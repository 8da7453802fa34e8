"""What a second hearing takes out of a descriptor: what decides about no row.

See second-hearing.ts for the reasons, and adaptations.py for what is changed besides.
"""

import copy
import os
import re
import shutil

from frictionless import Package

# All that is not here says nothing about the text of a cell, or where it is.
OF_PACKAGE = ["$schema", "resources"]
OF_RESOURCE = [
    *["name", "path", "url", "data", "format", "encoding", "dialect", "schema", "compression"],
    *["bytes", "hash"],
]
OF_SCHEMA = [
    *["$schema", "fields", "fieldsMatch", "missingValues", "primaryKey", "uniqueKeys"],
    "foreignKeys",
]
NOT_OF_FIELD = ["title", "description", "example", "examples", "rdfType", "categories", "unit"]
NAME = re.compile(r"[-a-z0-9._/]+")


def resources_of(descriptor):
    """Those that have the form of one."""
    found = descriptor.get("resources") if isinstance(descriptor, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def keep(part, names):
    for name in list(part):
        if name not in names:
            del part[name]


def strip_metadata(descriptor, folder, scratch):
    keep(descriptor, OF_PACKAGE)
    if not isinstance(descriptor.get("$schema"), str):
        descriptor.pop("$schema", None)
    names = {}
    for i, resource in enumerate(resources_of(descriptor)):
        # A property that is null is one that is not given.
        keep(resource, [name for name in OF_RESOURCE if resource.get(name) is not None])
        name = resource.get("name")
        if isinstance(name, str) and name and not NAME.fullmatch(name):
            # Two of the same name stay two of the same name.
            resource["name"] = names.setdefault(name, f"resource-{i}-renamed")
        schema = resource.get("schema")
        if isinstance(schema, dict):
            keep(schema, OF_SCHEMA)
            for name in ["primaryKey", "uniqueKeys", "foreignKeys"]:
                # An empty key is none.
                if not schema.get(name):
                    schema.pop(name, None)
            for field in schema.get("fields", []):
                for name in NOT_OF_FIELD:
                    field.pop(name, None)
    for resource in resources_of(descriptor):
        rename_parents(resource, names)
    return True


def rename_parents(resource, names):
    schema = resource.get("schema")
    for key in schema.get("foreignKeys", []) if isinstance(schema, dict) else []:
        parent = key.get("reference", {}).get("resource")
        if parent in names:
            key["reference"]["resource"] = names[parent]


def lower_format(descriptor, folder, scratch):
    changed = False
    for resource in resources_of(descriptor):
        found = resource.get("format")
        if isinstance(found, str) and found != found.lower():
            resource["format"] = found.lower()
            changed = True
    return changed


def plain_paths(descriptor, folder, scratch):
    """Files without a `#` or `?` in their names, which it takes for parts of a URL."""
    changed = False
    for resource in resources_of(descriptor):
        path = resource.get("path")
        if not isinstance(path, str) or not re.search(r"[#?]", path):
            continue
        if not os.listdir(scratch):
            shutil.copytree(folder, scratch, dirs_exist_ok=True)
        resource["path"] = re.sub(r"[#?]", "-", path)
        to = os.path.join(scratch, resource["path"])
        os.makedirs(os.path.dirname(to), exist_ok=True)
        shutil.copyfile(os.path.join(scratch, path), to)
        changed = True
    return changed


def leave_out_wrong(descriptor, base):
    """Takes out each resource that is wrong in a package of its own.

    Returns the remarks of each, by the id of its dictionary.
    """
    wrong = {}
    for resource in resources_of(descriptor):
        alone = copy.deepcopy(resource)
        if isinstance(alone.get("schema"), dict):
            # The parents are not there.
            alone["schema"].pop("foreignKeys", None)
        try:
            only = {**descriptor, "resources": [alone]}
            Package.from_descriptor(only, basepath=base).to_descriptor(validate=True)
        except Exception as exception:
            wrong[id(resource)] = notes_of(exception)
    left = [one for one in resources_of(descriptor) if id(one) not in wrong]
    if left:
        descriptor["resources"] = left
    return wrong if left else {}


def notes_of(exception):
    """What the referee says of a descriptor that it does not take; it fails at odd ones."""
    if hasattr(exception, "to_errors"):
        return [error.note for error in exception.to_errors()]
    return [f"{type(exception).__name__}: {exception}"]
