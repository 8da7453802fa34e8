"""S3 -> Lambda -> COPY, as most would write it in an hour: one table, the header names the columns.

`handler` is the function. Run as a script it loads local files in its place:
    python function.py postgres://… sales.csv sales.csv
"""

import csv
import io
import os
import sys
import urllib.parse

import psycopg

TABLE = """CREATE TABLE IF NOT EXISTS sales (
  sale_id bigint PRIMARY KEY, sold_at timestamp, drink text, price numeric(8, 2))"""


def handler(event, context):
    import boto3

    s3 = boto3.client("s3")
    for record in event["Records"]:
        bucket = record["s3"]["bucket"]["name"]
        key = urllib.parse.unquote_plus(record["s3"]["object"]["key"])
        load(s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode("utf-8"))


def load(text):
    columns = next(csv.reader(io.StringIO(text)))
    names = ", ".join(f'"{name}"' for name in columns)
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        with connection.cursor() as cursor:
            cursor.execute(TABLE)
            with cursor.copy(f"COPY sales ({names}) FROM STDIN (FORMAT csv, HEADER)") as copy:
                copy.write(text)


if __name__ == "__main__":
    os.environ["DATABASE_URL"] = sys.argv[1]
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8", newline="") as file:
            load(file.read())
