"""Each CSV of a folder → a Parquet file and rows of Postgres, with a commit for each; no checks."""

from pathlib import Path

import duckdb
import psycopg
from task import clock, task

COLUMNS = ", ".join(task["types"])

duck = duckdb.connect()
with psycopg.connect(task["url"]) as connection, connection.cursor() as cursor, clock():
    for file in sorted(Path(task["folder"]).glob("*.csv")):
        rows = duck.read_csv(str(file), header=True, columns=task["types"])
        rows.write_parquet(f"{task['out']}/{file.stem}.parquet", compression="zstd")
        with cursor.copy(f"COPY bench.lineitem ({COLUMNS}) FROM STDIN (FORMAT csv, HEADER)") as copy:
            copy.write(file.read_bytes())
        connection.commit()
