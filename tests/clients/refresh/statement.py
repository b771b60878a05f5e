"""One INSERT of Spark whose tasks take longer than the keys live that it began with."""

from __future__ import annotations

import time
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql.functions import udf

from keys import SETTINGS, client_with, create_table, refusal, report, seconds_left, vended

TASKS = 40
AT_ONCE = 2


def main() -> None:
    table = create_table("statement")
    # the statement is given the same ones: they are kept for all who may do the same
    first = vended(table)
    assert refusal(lambda: client_with(first).list_objects_v2(Bucket=table.bucket, Prefix=f"{table.folder}/")) is None
    spark = session()
    nap = SETTINGS["seconds"] / TASKS * AT_ONCE

    def slowly(number: int) -> int:
        time.sleep(nap)
        return number

    spark.range(0, TASKS, 1, TASKS).createOrReplaceTempView("numbers")
    spark.udf.register("slowly", udf(slowly, "long"))
    started = time.monotonic()
    spark.sql("INSERT INTO demo.statement.t SELECT slowly(id) FROM numbers")
    took, rows = time.monotonic() - started, spark.sql("SELECT count(DISTINCT id) FROM demo.statement.t").first()[0]
    said = refusal(lambda: client_with(first).list_objects_v2(Bucket=table.bucket, Prefix=f"{table.folder}/"))
    report({
        f"one INSERT of Spark wrote {rows} of {TASKS} rows in {took:.0f} s": rows == TASKS and took > SETTINGS["valid_seconds"],
        f"the first key, over for {-seconds_left(first):.0f} s, is refused by MinIO: {said}": bool(said) and seconds_left(first) < 0,
    })
    spark.stop()


def session() -> SparkSession:
    jars = ",".join(str(jar) for jar in Path(SETTINGS["jars"]).glob("*.jar"))
    settings = {
        "spark.jars": jars,
        "spark.driver.memory": "1g",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": SETTINGS["folder"],
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.catalog.demo": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.demo.cache-enabled": "false",
        # one file for each task, written when the task has run
        "spark.sql.adaptive.enabled": "false",
    }
    settings |= {f"spark.sql.catalog.demo.{name}": value for name, value in SETTINGS["catalog"].items()}
    builder = SparkSession.builder.master(f"local[{AT_ONCE}]").appName("refresh")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


main()
