"""CSV → Parquet by pandas: read_csv with dtypes, by its fastest engine, and to_parquet by pyarrow.

Data with bad cells cannot be read with dtypes: they are read as text then, and made numbers and
dates with errors="coerce", as pandas' guide has it.
"""

import pandas as pd
import pyarrow as pa
from task import clock, task

TYPES = {
    "integer": "int64",
    "number": "float64",
    "string": "string",
    "date": pd.ArrowDtype(pa.date32()),
}


def read():
    kinds = dict(task["columns"])
    dtype = {name: TYPES[kind] for name, kind in kinds.items()}
    return pd.read_csv(task["file"], engine="pyarrow", dtype=dtype)


def read_tolerantly():
    frame = pd.read_csv(task["file"], dtype="string", on_bad_lines="skip")
    for name, kind in task["columns"]:
        if kind == "integer":
            frame[name] = pd.to_numeric(frame[name], errors="coerce").astype("Int64")
        if kind == "number":
            frame[name] = pd.to_numeric(frame[name], errors="coerce")
        if kind == "date":
            frame[name] = pd.to_datetime(frame[name], format="%Y-%m-%d", errors="coerce")
    return frame


with clock():
    frame = read_tolerantly() if task["tolerant"] else read()
    if day := task.get("partitionBy"):
        days = pd.to_datetime(frame[day])
        frame = frame.assign(year=days.dt.year, month=days.dt.month)
        frame.to_parquet(task["out"], compression="zstd", partition_cols=["year", "month"])
    else:
        frame.to_parquet(f"{task['out']}/pandas.parquet", compression="zstd", index=False)
