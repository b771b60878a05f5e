"""A pytest plugin that redirects PyIceberg's integration tests to the catalog under test."""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path
from typing import Any

import pytest
from pyiceberg.catalog.rest import RestCatalog
from pyspark.sql import SparkSession

SETTINGS = json.loads(os.environ["POINTING"])
THEIR_CATALOG = "http://localhost:8181"
OTHER_SYSTEMS = {"session_catalog_hive", "hive_catalog", "memory_catalog", "sqlite_catalog_memory", "sqlite_catalog_file"}

# Left out, with the reason. A test whose id contains the key is not run.
NOT_OURS = {
    "rest_test_catalog": "the same as rest_catalog, by another setting",
    "test_rest_scan_planning_integration.py": "server-side planning is not offered yet",
    "test_hive_migration.py": "needs a Hive metastore",
    "test_duckdb_url_import": "downloads a DuckDB extension",
    "test_sanitize_character_partitioned_avro_bug": "downloads a DuckDB extension",
    "with_valid_upcast": "expects an older PyArrow, where a UUID is read as bytes",
    "test_object_storage_data_files": "expects the location <warehouse>/<namespace>/<table>",
    "test_merge_manifests_file_content": "expects the location <warehouse>/<namespace>/<table>",
    "test_rest_custom_namespace_separator": "expects a server that announces . as its namespace separator",
    "test_inspect_refs": "expects names in the order of Java's hash map",
    "test_daft_": "reads by Daft, which is not installed; the catalog sees what PyIceberg sends",
    "test_ray_": "reads by Ray, which is not installed; the catalog sees what PyIceberg sends",
}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "integration: needs a catalog")
    config.addinivalue_line("markers", "unmarked: has no mark")
    for name in ("s3", "adls", "gcs", "benchmark", "parametrize"):
        config.addinivalue_line("markers", f"{name}: theirs")
    _redirect_catalogs()
    _redirect_spark()


def pytest_sessionstart(session: pytest.Session) -> None:
    if not session.config.option.collectonly:
        _provision(Path(SETTINGS["provision"]))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    kept = [item for item in items if not _left_out(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def _left_out(item: pytest.Item) -> bool:
    uses = set(getattr(item, "fixturenames", ()))
    if callspec := getattr(item, "callspec", None):
        uses |= {str(getattr(value, "name", "")) for value in callspec.params.values()}
    return bool(uses & (OTHER_SYSTEMS | NOT_OURS.keys())) or any(part in item.nodeid for part in NOT_OURS)


def _redirect_catalogs() -> None:
    original = RestCatalog.__init__

    def redirected(self: RestCatalog, name: str, **properties: str) -> None:
        ours = SETTINGS["catalog"] if properties.get("uri", "").startswith(THEIR_CATALOG) else {}
        original(self, name, **{**properties, **ours})

    RestCatalog.__init__ = redirected


def _redirect_spark() -> None:
    """A Spark Connect server in this process stands in for theirs."""
    original = SparkSession.Builder.remote

    def local(builder: Any, _url: str) -> Any:
        builder = original(builder, "local[2]")
        for name, value in _spark_settings().items():
            builder = builder.config(name, value)
        return builder

    SparkSession.Builder.remote = local


def _spark_settings() -> dict[str, str]:
    catalog = "spark.sql.catalog.rest"
    settings = {
        "spark.jars": ",".join(str(p) for p in Path(SETTINGS["jars"]).glob("*.jar")),
        "spark.driver.memory": "2g",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.ansi.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.defaultCatalog": "rest",
        catalog: "org.apache.iceberg.spark.SparkCatalog",
        f"{catalog}.type": "rest",
        f"{catalog}.cache-enabled": "false",
    }
    own = ("uri", "warehouse", "s3.access-key-id", "s3.secret-access-key")
    return settings | {f"{catalog}.{name}": SETTINGS["catalog"][name] for name in own}


def _provision(script: Path) -> None:
    """Runs the script that fills the catalog for the tests, less its second catalog, which is Hive's."""
    tree = ast.parse(script.read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "catalogs":
            kept = [(k, v) for k, v in zip(node.value.keys, node.value.values) if k.value == "rest"]
            node.value.keys, node.value.values = map(list, zip(*kept))
    exec(compile(tree, str(script), "exec"), {"__name__": "provision"})
