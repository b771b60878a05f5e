"""What DuckDB does with an attached catalog: create, write, read, change, drop."""

import json
import os
import uuid
from importlib.resources import files

import duckdb
import pytest

SETTINGS = json.loads(os.environ["DUCKDB_SCENARIO"])
EXTENSIONS = ("httpfs", "avro", "iceberg")


@pytest.fixture
def sql():
    """Runs one statement in the attached catalog, in a schema of its own, which `@` names in full."""
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    for name in EXTENSIONS:
        file = next(files(f"duckdb_extension_{name}").joinpath("extensions").rglob(f"{name}.duckdb_extension"))
        connection.execute(f"LOAD '{file}'")
    if s3 := SETTINGS.get("s3"):
        host = s3["endpoint"].removeprefix("http://")
        connection.execute(
            f"CREATE SECRET (TYPE s3, KEY_ID '{s3['access_key']}', SECRET '{s3['secret_key']}', "
            f"REGION '{s3['region']}', ENDPOINT '{host}', URL_STYLE 'path', USE_SSL false)"
        )
    connection.execute(
        f"ATTACH '{SETTINGS['warehouse']}' AS lake (TYPE iceberg, ENDPOINT '{SETTINGS['uri']}', "
        "AUTHORIZATION_TYPE 'none', ACCESS_DELEGATION_MODE 'none')"
    )
    schema = f"s_{uuid.uuid4().hex[:8]}"
    connection.execute(f"CREATE SCHEMA lake.{schema}")
    connection.execute(f"USE lake.{schema}")
    yield lambda statement: connection.execute(statement.replace("@", f"lake.{schema}.")).fetchall()
    for (table,) in connection.execute(f"SELECT table_name FROM duckdb_tables() WHERE schema_name = '{schema}'").fetchall():
        connection.execute(f'DROP TABLE lake.{schema}."{table}"')
    connection.execute("USE memory")
    connection.execute(f"DROP SCHEMA lake.{schema}")


def test_create_insert_and_read(sql):
    sql("CREATE TABLE t (id BIGINT, name VARCHAR, made TIMESTAMP)")
    sql("INSERT INTO t VALUES (1, 'one', '2026-01-01 00:00:00'), (2, 'two', NULL)")
    sql("INSERT INTO t SELECT i, 'n' || i, NULL FROM range(3, 6) r(i)")
    assert sql("SELECT id, name FROM t ORDER BY id") == [(1, "one"), (2, "two"), (3, "n3"), (4, "n4"), (5, "n5")]


def test_create_table_as_select(sql):
    sql("CREATE TABLE t AS SELECT i AS id, i % 3 AS p FROM range(100) r(i)")
    assert sql("SELECT count(*), sum(id) FROM t") == [(100, 4950)]


def test_update_and_delete(sql):
    sql("CREATE TABLE t AS SELECT i AS id, 'x' AS word FROM range(10) r(i)")
    sql("DELETE FROM t WHERE id >= 8")
    sql("UPDATE t SET word = 'y' WHERE id < 2")
    assert sql("SELECT word, count(*) FROM t GROUP BY word ORDER BY word") == [("x", 6), ("y", 2)]


def test_a_transaction_of_two_tables_is_whole(sql):
    sql("CREATE TABLE a (id BIGINT)")
    sql("CREATE TABLE b (id BIGINT)")
    sql("BEGIN")
    sql("INSERT INTO a VALUES (1)")
    sql("INSERT INTO b VALUES (2)")
    sql("COMMIT")
    assert sql("SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b)") == [(1, 1)]
    sql("BEGIN")
    sql("INSERT INTO a VALUES (3)")
    sql("ROLLBACK")
    assert sql("SELECT count(*) FROM a") == [(1,)]


def test_time_travel(sql):
    sql("CREATE TABLE t AS SELECT 1 AS id")
    first = sql("SELECT snapshot_id FROM iceberg_snapshots(@t)")[0][0]
    sql("INSERT INTO t VALUES (2)")
    assert sql("SELECT count(*) FROM t") == [(2,)]
    assert sql(f"SELECT count(*) FROM t AT (VERSION => {first})") == [(1,)]


def test_tables_are_listed_and_dropped(sql):
    sql("CREATE TABLE t (id BIGINT)")
    assert sql("SHOW TABLES") == [("t",)]
    sql("DROP TABLE t")
    with pytest.raises(duckdb.Error):
        sql("SELECT * FROM t")
