"""CSV → a table by pandas' to_sql: as it is, or by the COPY of its guide's recipe.

https://pandas.pydata.org/docs/user_guide/io.html#insertion-method

As it is, SQLAlchemy has psycopg send INSERTs in one go: measured, ten times as fast as
method="multi", which writes thousands of parameters into one statement.
"""

import csv
from io import StringIO

import pandas as pd
from sqlalchemy import create_engine, text
from task import clock, task

CHUNK = 50_000


def by_copy(table, connection, keys, rows):
    target = f"{table.schema}.{table.name}"
    buffer = StringIO()
    csv.writer(buffer).writerows(rows)
    with connection.connection.cursor() as cursor:
        with cursor.copy(f"COPY {target} ({', '.join(keys)}) FROM STDIN WITH CSV") as copy:
            copy.write(buffer.getvalue())


engine = create_engine(task["url"].replace("postgresql://", "postgresql+psycopg://", 1))
before, *after = task["merge"] or [None]
name = "beside" if before else task["table"]
days = [column for column in task["columns"] if column.endswith("date")]
with clock(), engine.begin() as connection:
    if before:
        connection.execute(text(before))
    # An iterator, so that the whole file need not fit the memory.
    chunks = pd.read_csv(task["file"], parse_dates=days, chunksize=CHUNK)
    for frame in chunks:
        frame.to_sql(
            name,
            connection,
            schema="bench",
            if_exists="append",
            index=False,
            chunksize=CHUNK,
            method=by_copy if task["copy"] else None,
        )
    for statement in after:
        connection.execute(text(statement))
