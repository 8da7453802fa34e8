"""What dlt and a hand-written function make of the same small CSVs.

docs/explanation/first-ten-minutes.md has what was seen. To see it again:

    python3 -m venv v
    v/bin/pip install "dlt[postgres]==1.31.0" pandas==3.1.1 "psycopg[binary]==3.3.9"
    DATABASE_URL=postgres://… v/bin/python bench/newcomer/compare.py
"""

import os
import tempfile
import uuid
from pathlib import Path

# State of earlier runs must not count; and nobody is to be called.
os.environ["DLT_DATA_DIR"] = tempfile.mkdtemp()
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"

import function  # noqa: E402
import psycopg  # noqa: E402
import with_dlt  # noqa: E402

URL = os.environ["DATABASE_URL"]
HEAD = "sale_id,sold_at,drink,price\n"
GOOD = HEAD + "1,2026-03-02 08:01:00,espresso,6.50\n2,2026-03-02 08:02:30,mocha,12.00\n"
LETTER = GOOD + "5,2026-03-03 08:05:00,espresso,6.5O\n7,2026-03-03 08:09:41,mocha,12.00\n"
FINE = HEAD + "3,2026-03-02 08:02:55,espresso,6.505\n"
DAY = HEAD + "3,2026-03-02,espresso,6.50\n"
SHORTER = HEAD + "1,2026-03-02 08:01:00,espresso,7.50\n"
COUPON = "sale_id,price,drink,sold_at,coupon\n10,6.50,tea,2026-04-01 08:01:00,SPRING\n"

typed = {"columns": with_dlt.TYPES}
merge = {**typed, "write_disposition": "merge", "primary_key": "sale_id"}

CASES = {
    "a good file": [GOOD],
    "the same file again": [GOOD, GOOD],
    "a letter in a number": [GOOD, LETTER],
    "three digits of a price": [FINE],
    "a day for a moment": [DAY],
    "a newer version with a row less": [GOOD, SHORTER],
    "the older version comes last": [SHORTER, GOOD],
    "another order, one more column": [GOOD, COUPON],
}


def by_function(texts):
    os.environ["DATABASE_URL"] = URL
    with psycopg.connect(URL, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS sales")
    for text in texts:
        function.load(text)


def by_dlt(name, texts, **how):
    for text in texts:
        folder = Path(tempfile.mkdtemp())
        (folder / "sales.csv").write_text(text)
        with_dlt.load(URL, folder, name, **how)


def rows(table):
    with psycopg.connect(URL) as connection:
        cursor = connection.execute(f"SELECT * FROM {table} ORDER BY 1")
        names = [column.name for column in cursor.description]
        kept = [i for i, name in enumerate(names) if not name.startswith("_dlt")]
        return [{names[i]: str(row[i]) for i in kept} for row in cursor]


def tell(what, table, run):
    fault = ""
    try:
        run()
    except Exception as error:
        fault = f"fails: {type(error).__name__}: {str(error).splitlines()[0]}"
    try:
        found = rows(table)
    except psycopg.errors.UndefinedTable:
        found = ["no table"]
    print(f"  {what}: {fault}", *found, sep="\n    ")


for title, texts in CASES.items():
    print(f"{title}:")
    tell("function", "sales", lambda: by_function(texts))
    for way, how in {"dlt": {}, "dlt, typed": typed, "dlt, typed, merge": merge}.items():
        name = f"t_{uuid.uuid4().hex[:8]}"
        tell(way, f"{name}.sales", lambda: by_dlt(name, texts, **how))
