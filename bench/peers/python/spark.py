"""The session of all scripts of Spark, and its types."""

from pyspark.sql import SparkSession
from pyspark.sql import types as t

TYPES = {
    "integer": t.LongType(),
    "number": t.DecimalType(12, 2),
    "string": t.StringType(),
    "date": t.DateType(),
}


def session():
    return (
        SparkSession.builder.master("local[2]")
        .config("spark.driver.memory", "8g")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.parquet.compression.codec", "zstd")
        .getOrCreate()
    )


def schema(columns):
    return t.StructType([t.StructField(name, TYPES[kind]) for name, kind in columns])
