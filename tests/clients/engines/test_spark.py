"""Spark as docs/engines.md sets it up, with each credential as a catalog of its own in one session."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest
from documented import properties
from lake import LAKE, OPEN, TOLD
from paths import CLIENTS
from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession
from services.keycloak import HASTY, HASTY_TOKEN_SECONDS, LEEWAY_SECONDS, STRANGER

WHOAMI = "/management/v1/whoami"


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    builder = (
        SparkSession.builder.master("local[2]")
        .appName("engines")
        .config("spark.driver.memory", "1g")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.warehouse.dir", TOLD["folder"])
    )
    blocks = {"open": OPEN("Spark"), "lake": LAKE.settings("Spark")}
    blocks |= {"theirs": LAKE.settings("Spark", STRANGER), "hasty": LAKE.settings("Spark", HASTY)}
    for catalog, block in blocks.items():
        settings = properties(block)
        settings["spark.jars"] = _jars_of(settings.pop("spark.jars.packages"))
        for name, value in settings.items():
            builder = builder.config(name.replace("spark.sql.catalog.lake", f"spark.sql.catalog.{catalog}"), value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


def _jars_of(packages: str) -> str:
    """Those that have been resolved already; the page must name their versions."""
    version = ElementTree.parse(CLIENTS / "spark/pom.xml").findtext(".//{*}iceberg.version")
    found = []
    for package in packages.split(","):
        _, artifact, named = package.split(":")
        assert named == version, f"the page names {package}, the suites run {version}"
        found.append(str(Path(TOLD["jars"]) / f"{artifact}-{version}.jar"))
    return ",".join(found)


@pytest.fixture(scope="session", autouse=True)
def first_step(spark: SparkSession) -> tuple[str, float]:
    """A write with tokens that live for seconds, before all tests; a token made just after it, and when both count no more."""
    spark.sql("CREATE NAMESPACE lake.marathon")
    spark.sql("CREATE TABLE lake.marathon.steps (id BIGINT) USING iceberg")
    LAKE.give("modify", HASTY, "marathon", "steps")
    spark.sql("INSERT INTO hasty.marathon.steps VALUES (1)")
    beside = LAKE.token_of(HASTY)
    assert LAKE.call("GET", WHOAMI, beside)[0] == 200
    return beside, time.monotonic() + HASTY_TOKEN_SECONDS + LEEWAY_SECONDS + 2


@pytest.mark.parametrize("catalog", ["open", "lake"])
def test_it_creates_writes_and_reads(spark: SparkSession, catalog: str) -> None:
    spark.sql(f"CREATE NAMESPACE {catalog}.sparks")
    spark.sql(f"CREATE TABLE {catalog}.sparks.words (id BIGINT, word STRING) USING iceberg")
    spark.sql(f"INSERT INTO {catalog}.sparks.words VALUES (1, 'a'), (2, 'b')")
    spark.sql(f"MERGE INTO {catalog}.sparks.words t USING (SELECT 2 AS id, 'c' AS word) s ON t.id = s.id "
              "WHEN MATCHED THEN UPDATE SET word = s.word WHEN NOT MATCHED THEN INSERT *")
    assert [tuple(row) for row in spark.sql(f"SELECT * FROM {catalog}.sparks.words ORDER BY id").collect()] == [(1, "a"), (2, "c")]


def test_a_caller_sees_the_one_table_that_was_given_to_them(spark: SparkSession) -> None:
    spark.sql("CREATE NAMESPACE lake.cellar")
    for name in ("shown", "hidden"):
        spark.sql(f"CREATE TABLE lake.cellar.{name} USING iceberg AS SELECT 1 AS id")
    LAKE.give("select", STRANGER, "cellar", "shown")
    assert [row.tableName for row in spark.sql("SHOW TABLES IN theirs.cellar").collect()] == ["shown"]
    assert spark.sql("SELECT * FROM theirs.cellar.shown").count() == 1
    with pytest.raises(AnalysisException, match="TABLE_OR_VIEW_NOT_FOUND"):
        spark.sql("SELECT * FROM theirs.cellar.hidden")
    with pytest.raises(Exception, match="Access Denied"):
        spark.sql("INSERT INTO theirs.cellar.shown VALUES (2)")


def test_it_goes_on_when_its_first_token_has_ended(spark: SparkSession, first_step: tuple[str, float]) -> None:
    beside, ended = first_step
    time.sleep(max(0.0, ended - time.monotonic()))
    assert LAKE.call("GET", WHOAMI, beside)[0] == 401
    spark.sql("INSERT INTO hasty.marathon.steps VALUES (2)")
    spark.sql("REFRESH TABLE hasty.marathon.steps")
    assert spark.sql("SELECT * FROM hasty.marathon.steps").count() == 2
