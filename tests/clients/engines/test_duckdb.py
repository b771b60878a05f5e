"""DuckDB as docs/engines.md sets it up."""

from importlib.resources import files

import duckdb
import pytest
from lake import LAKE, OPEN
from services.keycloak import STRANGER

EXTENSIONS = ("httpfs", "avro", "iceberg")


def attached(block: str) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    for name in EXTENSIONS:
        file = next(files(f"duckdb_extension_{name}").joinpath("extensions").rglob(f"{name}.duckdb_extension"))
        connection.execute(f"LOAD '{file}'")
    connection.execute(block)
    return connection


def test_without_login_it_creates_writes_and_reads() -> None:
    write_and_read(attached(OPEN("DuckDB")))


def test_with_client_credentials_it_creates_writes_and_reads() -> None:
    write_and_read(attached(LAKE.settings("DuckDB")))


def write_and_read(duck: duckdb.DuckDBPyConnection) -> None:
    duck.execute("CREATE SCHEMA lake.ducks")
    duck.execute("CREATE TABLE lake.ducks.words AS SELECT i AS id, 'w' || i AS word FROM range(10) r(i)")
    duck.execute("INSERT INTO lake.ducks.words VALUES (10, 'ten')")
    assert duck.execute("SELECT count(*), sum(id) FROM lake.ducks.words").fetchall() == [(11, 55)]


def test_a_caller_reads_the_one_table_that_was_given_to_them() -> None:
    ours = attached(LAKE.settings("DuckDB"))
    ours.execute("CREATE SCHEMA lake.pond")
    for name in ("shown", "hidden"):
        ours.execute(f"CREATE TABLE lake.pond.{name} AS SELECT 1 AS id")
    LAKE.give("select", STRANGER, "pond", "shown")
    theirs = attached(LAKE.settings("DuckDB", STRANGER))
    assert theirs.execute("SELECT * FROM lake.pond.shown").fetchall() == [(1,)]
    with pytest.raises(duckdb.Error, match="hidden"):
        theirs.execute("SELECT * FROM lake.pond.hidden")
