"""A folder of CSVs → Parquet by Structured Streaming, with a checkpoint, until all is taken."""

from spark import schema, session
from task import clock, task

spark = session()
with clock():
    frame = spark.readStream.csv(task["folder"], schema=schema(task["columns"]), header=True)
    query = (
        frame.writeStream.format("parquet")
        .option("checkpointLocation", f"{task['out']}/checkpoint")
        .trigger(availableNow=True)
        .start(f"{task['out']}/rows")
    )
    query.awaitTermination()
spark.stop()
