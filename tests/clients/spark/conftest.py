"""One Spark session for all tests, one namespace for each."""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.fs
import pytest
from pyspark.sql import Row, SparkSession

SETTINGS = json.loads(os.environ["SPARK_SCENARIO"])


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    jars = ",".join(str(p) for p in Path(SETTINGS["jars"]).glob("*.jar"))
    builder = (
        SparkSession.builder.master("local[2]")
        .appName("scenario")
        .config("spark.jars", jars)
        .config("spark.driver.memory", "2g")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.warehouse.dir", SETTINGS["folder"])
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions")
        .config("spark.sql.catalog.demo", "org.apache.iceberg.spark.SparkCatalog")
        .config("spark.sql.catalog.demo.cache-enabled", "false")
        .config("spark.sql.defaultCatalog", "demo")
    )
    if hosts := SETTINGS.get("hosts"):
        builder = builder.config("spark.driver.extraJavaOptions", f"-Djdk.net.hosts.file={hosts}")
    for name, value in SETTINGS["catalog"].items():
        builder = builder.config(f"spark.sql.catalog.demo.{name}", value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.fixture
def sql(spark: SparkSession) -> Iterator[Callable[[str], list[Row]]]:
    """Runs one statement in a namespace of its own, which is the current one and which `@.` names in full.

    Metadata tables and branches need the full name: Spark takes the `t` of `t.files` for a namespace.
    """
    namespace = f"ns_{uuid.uuid4().hex[:8]}"
    spark.sql(f"CREATE NAMESPACE {namespace}")
    spark.sql(f"USE demo.{namespace}")
    yield lambda statement: spark.sql(statement.replace("@.", f"{namespace}.")).collect()
    spark.sql("USE demo")
    for view in spark.sql(f"SHOW VIEWS IN {namespace}").collect():
        if not view.isTemporary:
            spark.sql(f"DROP VIEW {namespace}.`{view.viewName}`")
    for table in spark.sql(f"SHOW TABLES IN {namespace}").collect():
        spark.sql(f"DROP TABLE {namespace}.`{table.tableName}`")
    spark.sql(f"DROP NAMESPACE {namespace}")


@pytest.fixture
def files_below() -> Callable[[str], list[str]]:
    """Lists the files below a table's location, on disk or in the bucket."""

    def below(location: str) -> list[str]:
        scheme, _, path = location.partition("://") if "://" in location else ("file", "", location.removeprefix("file:"))
        system = pyarrow.fs.LocalFileSystem() if scheme == "file" else _store(SETTINGS["store"])
        # a filesystem of Azure stands before its account
        path = re.sub(r"^([^/@]+)@[^/]+", r"\1", path)
        selector = pyarrow.fs.FileSelector(path, recursive=True, allow_not_found=True)
        return [f.path for f in system.get_file_info(selector) if f.is_file]

    return below


def _store(at: dict[str, str]) -> pyarrow.fs.FileSystem:
    match at["kind"]:
        case "s3":
            return pyarrow.fs.S3FileSystem(
                access_key=at["access_key"], secret_key=at["secret_key"], endpoint_override=at["endpoint"], region=at["region"]
            )
        case "gcs":
            scheme, _, endpoint = at["endpoint"].partition("://")
            return pyarrow.fs.GcsFileSystem(anonymous=True, scheme=scheme, endpoint_override=endpoint)
        case "azure":
            return pyarrow.fs.AzureFileSystem(
                account_name=at["account"],
                account_key=at["key"],
                blob_storage_authority=at["authority"],
                dfs_storage_authority=at["authority"],
                blob_storage_scheme="http",
                dfs_storage_scheme="http",
            )
    raise ValueError(at["kind"])
