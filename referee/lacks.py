"""What a second hearing changes in the referee itself: parts of the standard that it lacks.

Each is a context manager, so that the next package is judged by the referee as it is. See
second-hearing.ts for the reasons.
"""

import re
from contextlib import ExitStack, contextmanager
from datetime import datetime

from dateutil.parser import parse
from frictionless import fields, helpers
from frictionless.schema import field as constraints

BOUNDS = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]


@contextmanager
def replaced(owner, name, make):
    before = getattr(owner, name)
    setattr(owner, name, make(before))
    try:
        yield
    finally:
        setattr(owner, name, before)


def group_char():
    """Takes the group character out of an integer as the referee does of a number."""

    def make(before):
        def create_value_reader(self):
            read, char = before(self), self.custom.get("groupChar")
            if not char:
                return read
            return lambda cell: read(cell.replace(char, "") if isinstance(cell, str) else cell)

        return create_value_reader

    return replaced(fields.IntegerField, "create_value_reader", make)


class Items(list):
    """A list that may be in a set; equal ones have the same length."""

    def __hash__(self):
        return len(self)


class Members(dict):
    def __hash__(self):
        return len(self)


def hashable():
    def make(before):
        def create_value_reader(self):
            read = before(self)

            def reader(cell):
                value = read(cell)
                kinds = {list: Items, dict: Members}
                return kinds[type(value)](value) if type(value) in kinds else value

            return reader

        return create_value_reader

    stack = ExitStack()
    for kind in [fields.ArrayField, fields.ObjectField, fields.GeojsonField, fields.ListField]:
        stack.enter_context(replaced(kind, "create_value_reader", make))
    return stack


# Years and months that no part of a text can be taken from by chance; a month alone is its first.
TODAYS = [datetime(1931, 2, 1), datetime(1947, 5, 1)]


def one_reading(cell, part):
    """What dateutil reads whatever today is and whether days or months come first; else None."""
    # What begins with the year goes on with the month; dateutil would take the day there, too.
    orders = [False] if re.match(r"\d{4}", cell) else [False, True]
    found = [
        part(parse(cell, default=today, dayfirst=days, yearfirst=years), today)
        for today in TODAYS
        for days in orders
        for years in orders
    ]
    return found[0] if all(one == found[0] for one in found) else None


def of_date(value, today):
    return value.date() if value.timetz() == today.time() else None


def of_time(value, today):
    return value.timetz() if value.date() == today.date() and value.tzinfo is None else None


def of_datetime(value, today):
    return value


def unguessed():
    """A text of the format `any` is a value where it can be read in one way only."""
    stack = ExitStack()
    for kind, part in [
        (fields.DateField, of_date),
        (fields.TimeField, of_time),
        (fields.DatetimeField, of_datetime),
    ]:
        stack.enter_context(replaced(kind, "create_value_reader", reading(part)))
    return stack


def reading(part):
    def make(before):
        def create_value_reader(self):
            if self.format != "any":
                return before(self)

            def reader(cell):
                try:
                    return one_reading(cell, part)
                except Exception:
                    return None

            return reader

        return create_value_reader

    return make


def unequal_offsets():
    """A value and a bound of which one has no offset cannot be compared: nothing is said."""

    def make(before):
        def check(constraint, cell):
            try:
                return before(constraint, cell)
            except TypeError:
                return True

        return check

    stack = ExitStack()
    for name in BOUNDS:
        stack.enter_context(replaced(constraints, f"check_{name}", make))
    return stack


def untrimmed():
    """The header's labels as they stand, blanks around them included."""

    def make(before):
        return lambda cells: ["" if cell is None else str(cell) for cell in cells]

    return replaced(helpers, "stringify_label", make)


lacks = {
    "label-with-blanks": untrimmed,
    "integer-group-char": group_char,
    "unhashable": hashable,
    "format-any": unguessed,
    "bound-without-an-offset": unequal_offsets,
}
