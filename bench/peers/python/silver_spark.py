"""CSV → Parquet by Spark, with a schema, so that the file is read once."""

from pyspark.sql import functions as f
from spark import schema, session
from task import clock, task

spark = session()
with clock():
    frame = spark.read.csv(task["file"], schema=schema(task["columns"]), header=True)
    keys = []
    if day := task.get("partitionBy"):
        keys = ["year", "month"]
        frame = frame.withColumns({"year": f.year(day), "month": f.month(day)})
    frame.write.parquet(f"{task['out']}/spark", partitionBy=keys)
spark.stop()
