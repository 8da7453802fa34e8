"""What a second hearing changes in the descriptor and the files; each says whether it did.

See second-hearing.ts for the reasons, and lacks.py for what is changed in the referee itself.
"""

import gzip
import os
import shutil
import subprocess

import yaml
from descriptors import lower_format, plain_paths, resources_of, strip_metadata
from frictionless import system

DIALECT = {"quoteChar": '"', "doubleQuote": True, "skipInitialSpace": False}
HEADER = {"header": True, "headerRows": [1]}


def inline_parts(descriptor, folder):
    """Parts that stand in files of their own, so that they can be changed."""
    for resource in resources_of(descriptor):
        for name in ["schema", "dialect"]:
            part = resource.get(name)
            # A part that is not there, or elsewhere, is the referee's to complain of.
            if isinstance(part, str) and os.path.isfile(os.path.join(folder, part)):
                with open(os.path.join(folder, part), encoding="utf-8-sig") as file:
                    resource[name] = yaml.safe_load(file)


def fields_of(resource):
    schema = resource.get("schema")
    return schema.get("fields", []) if isinstance(schema, dict) else []


def paths_of(resource):
    paths = resource.get("path")
    return paths if isinstance(paths, list) else [paths]


def spell_dialect(descriptor, folder, scratch):
    """The referee guesses what a dialect leaves open; the standard has defaults."""
    changed = False
    for resource in resources_of(descriptor):
        dialect = resource.setdefault("dialect", {})
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
    for resource in resources_of(descriptor):
        if "encoding" not in resource:
            resource["encoding"] = "utf-8"
            changed = True
    return changed


def drop_constraints(descriptor, folder, scratch):
    """Takes out the constraints that the referee has not for the type of a field."""
    changed = False
    for field in [field for resource in resources_of(descriptor) for field in fields_of(resource)]:
        known = system.select_field_class(field.get("type", "any")).supported_constraints
        for name in list(field.get("constraints", {})):
            if name not in known + ["unique"]:
                del field["constraints"][name]
                changed = True
    return changed


def declare_version(descriptor, folder, scratch):
    descriptor["$schema"] = "https://datapackage.org/profiles/2.0/datapackage.json"
    return True


def group_alternatives(descriptor, folder, scratch):
    """The referee sets ^ before a pattern and $ behind it, which bind closer than `|`."""
    changed = False
    for field in [field for resource in resources_of(descriptor) for field in fields_of(resource)]:
        constraints = field.get("constraints", {})
        if "|" in constraints.get("pattern", ""):
            constraints["pattern"] = f"(?:{constraints['pattern']})"
            changed = True
    return changed


def find_header(descriptor, folder, scratch):
    """A header below comments is in the first row that is none."""
    changed = False
    for resource in resources_of(descriptor):
        dialect = resource.get("dialect", {})
        comment, numbers = dialect.get("commentChar"), dialect.get("commentRows", [])
        rows = dialect.get("headerRows", [1])
        if dialect.get("header") is False or not (comment or numbers) or len(rows) > 1:
            continue
        lines = text_of(resource, folder).splitlines()
        skipped = [n in numbers or bool(comment and line.startswith(comment))
                   for n, line in enumerate(lines, start=1)]
        found = next((n for n, is_one in enumerate(skipped, start=1)
                      if n >= rows[0] and not is_one), None)
        if found and found != rows[0]:
            dialect["headerRows"] = [found]
            changed = True
    return changed


def text_of(resource, folder):
    path = os.path.join(folder, paths_of(resource)[0])
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
        return file.read().decode(resource.get("encoding", "utf-8"), "replace").lstrip("\ufeff")


def add_null_sequence(descriptor, folder, scratch):
    changed = False
    for resource in resources_of(descriptor):
        dialect = resource.get("dialect", {})
        if "nullSequence" not in dialect:
            continue
        schema = resource["schema"]
        schema.setdefault("missingValues", [""])
        for part in [schema, *fields_of(resource)]:
            if "missingValues" in part:
                part["missingValues"] = [*bare(part["missingValues"]), dialect["nullSequence"]]
        changed = True
    return changed


def bare(missing):
    return [one["value"] if isinstance(one, dict) else one for one in missing]


def mend_bytes(descriptor, folder, scratch):
    """Puts U+FFFD where bytes are no character, as the referee ends at the first of them."""
    if folder != scratch:
        shutil.copytree(folder, scratch, dirs_exist_ok=True)
    changed = False
    for resource in resources_of(descriptor):
        for path in paths_of(resource):
            if mend_file(resource, os.path.join(scratch, path)):
                forget_stored(resource)
                changed = True
    return changed


def mend_file(resource, path):
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


def forget_stored(resource):
    """Size and hash are those of the file as it was."""
    resource.pop("bytes", None)
    resource.pop("hash", None)


def unpack_zst(descriptor, folder, scratch):
    shutil.copytree(folder, scratch, dirs_exist_ok=True)
    changed = False
    for resource in resources_of(descriptor):
        path = resource.get("path")
        if not isinstance(path, str) or not path.endswith(".zst"):
            continue
        script = "process.stdout.write(zlib.zstdDecompressSync(fs.readFileSync(process.argv[1])))"
        command = [os.environ["SLUICE_NODE"], "-e", script, os.path.join(folder, path)]
        body = subprocess.run(command, capture_output=True, check=True).stdout
        resource["path"] = path[: -len(".zst")]
        with open(os.path.join(scratch, resource["path"]), "wb") as file:
            file.write(body)
        forget_stored(resource)
        changed = True
    return changed


# Unpacking comes before what is done to the text; a part's file is named by its own path.
adaptations = {
    "metadata": strip_metadata,
    "format-in-capitals": lower_format,
    "zst": unpack_zst,
    "path-of-a-url": plain_paths,
    "comment-above-the-header": find_header,
    "dialect": spell_dialect,
    "encoding": spell_encoding,
    "constraints": drop_constraints,
    "version": declare_version,
    "pattern-of-alternatives": group_alternatives,
    "null-sequence": add_null_sequence,
    "bytes": mend_bytes,
}
