"""Keys as the standard has them, over the values that the referee read; for a second hearing."""


class Keys:
    """The keys of one file: a row's errors, given those that the referee tells of it."""

    def __init__(self, resource, adapt):
        primary = tuple(resource.schema.primary_key) if "primary-key" in adapt else ()
        unique = resource.schema.custom.get("uniqueKeys", []) if "unique-keys" in adapt else []
        self.primary = primary
        self.keys = [("primary-key", primary)] if primary else []
        # A unique key of the same fields as the primary one is the same key.
        others = [key for key in unique if set(key) != set(primary)]
        self.keys += [("unique-error", tuple(key)) for key in others]
        self.is_sql = "foreign-key-part-null" in adapt
        self.seen = {key: {} for key in self.keys}

    def told(self, row):
        for error in row.errors:
            if error.type == "primary-key" and self.primary:
                continue
            # In SQL a key of which a part is null points to nothing.
            if error.type == "foreign-key" and self.is_sql:
                if any(row[name] is None for name in error.field_names):
                    continue
            field = getattr(error, "field_name", None)
            if error.type == "foreign-key":
                field = ", ".join(error.field_names)
            yield [error.type, field or None, error.note, getattr(error, "cell", None)]
        if any(error.type == "blank-row" for error in row.errors):
            return
        for key in self.keys:
            yield from self.of(key, row)

    def of(self, key, row):
        rule, names = key
        if not all(name in row.field_names for name in names):
            return
        values = tuple(row[name] for name in names)
        label = ", ".join(names)
        if rule == "primary-key" and any(name in row.blank_cells for name in names):
            yield [rule, label, "a part of it is missing", None]
        # A part that is null, or no value of its type, makes no key.
        if any(value is None for value in values):
            return
        try:
            before = self.seen[key].get(values)
        except TypeError:
            return
        self.seen[key][values] = row.row_number
        if before:
            yield [rule, label, f"the same as in the row at position {before}", None]
