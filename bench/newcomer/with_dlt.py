"""CSV files into Postgres with dlt, as its own tutorial does it: a filesystem source, read_csv.

    python with_dlt.py postgres://… folder-of-csvs
"""

import sys

import dlt
from dlt.sources.filesystem import filesystem, read_csv

TYPES = {
    "sale_id": {"data_type": "bigint"},
    "sold_at": {"data_type": "timestamp"},
    "price": {"data_type": "decimal", "precision": 8, "scale": 2},
}


def load(url, folder, name="cafe", reader=None, contract=None, **hints):
    files = filesystem(bucket_url=f"file://{folder}", file_glob="*.csv")
    sales = (files | read_csv(**(reader or {}))).with_name("sales")
    if hints:
        sales.apply_hints(**hints)
    pipeline = dlt.pipeline(
        name, destination=dlt.destinations.postgres(url), dataset_name=name
    )
    pipeline.run(sales, schema_contract=contract)


if __name__ == "__main__":
    load(sys.argv[1], sys.argv[2])
