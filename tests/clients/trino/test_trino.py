"""What Trino does with the catalog: schemas, tables, views, row changes, maintenance."""

import os
import uuid

import pytest
import trino


@pytest.fixture
def sql():
    """Runs one statement in a schema of its own."""
    schema = f"s_{uuid.uuid4().hex[:8]}"
    connection = trino.dbapi.connect(
        host="127.0.0.1", port=int(os.environ["TRINO_PORT"]), user="test", catalog="lake", schema=schema
    )

    def run(statement: str) -> list[tuple]:
        cursor = connection.cursor()
        cursor.execute(statement)
        return [tuple(row) for row in cursor.fetchall()]

    run(f"CREATE SCHEMA {schema}")
    yield run
    run(f"DROP SCHEMA {schema} CASCADE")


def test_create_insert_and_read(sql):
    sql("CREATE TABLE t (id BIGINT NOT NULL, word VARCHAR, made TIMESTAMP(6)) "
        "WITH (partitioning = ARRAY['bucket(id, 4)', 'day(made)'], sorted_by = ARRAY['id'])")
    sql("INSERT INTO t VALUES (1, 'one', TIMESTAMP '2026-01-01 00:00:00'), (2, 'two', NULL)")
    assert sql("SELECT id, word FROM t ORDER BY id") == [(1, "one"), (2, "two")]
    assert sql("SHOW TABLES") == [("t",)]


def test_create_table_as_select_and_replace(sql):
    sql("CREATE TABLE t AS SELECT x AS id FROM UNNEST(sequence(1, 100)) AS u(x)")
    sql("CREATE OR REPLACE TABLE t AS SELECT 'new' AS word")
    assert sql("SELECT * FROM t") == [("new",)]
    assert sql('SELECT count(*) FROM "t$snapshots"') == [(2,)]


def test_update_delete_and_merge(sql):
    sql("CREATE TABLE t AS SELECT x AS id, 'x' AS word FROM UNNEST(sequence(1, 10)) AS u(x)")
    sql("DELETE FROM t WHERE id > 8")
    sql("UPDATE t SET word = 'y' WHERE id < 3")
    sql("MERGE INTO t USING (VALUES (1, 'm'), (50, 'n')) AS s(id, word) ON t.id = s.id "
        "WHEN MATCHED THEN UPDATE SET word = s.word WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.word)")
    assert sql("SELECT word, count(*) FROM t GROUP BY word ORDER BY word") == [("m", 1), ("n", 1), ("x", 6), ("y", 1)]


def test_columns_properties_and_names_change(sql):
    sql("CREATE TABLE t (id INTEGER)")
    sql("ALTER TABLE t ADD COLUMN word VARCHAR")
    sql("ALTER TABLE t RENAME COLUMN word TO label")
    sql("ALTER TABLE t ALTER COLUMN id SET DATA TYPE BIGINT")
    sql("ALTER TABLE t SET PROPERTIES partitioning = ARRAY['label']")
    sql("COMMENT ON TABLE t IS 'said'")
    sql("ALTER TABLE t RENAME TO u")
    sql("INSERT INTO u VALUES (1, 'a')")
    assert sql("SELECT * FROM u") == [(1, "a")]
    assert [row[0] for row in sql("DESCRIBE u")] == ["id", "label"]


def test_views_live_in_the_catalog(sql):
    sql("CREATE TABLE t AS SELECT 1 AS id")
    sql("CREATE VIEW v AS SELECT id + 1 AS next FROM t")
    assert sql("SELECT * FROM v") == [(2,)]
    sql("CREATE OR REPLACE VIEW v AS SELECT id + 2 AS next FROM t")
    assert sql("SELECT * FROM v") == [(3,)]
    sql("ALTER VIEW v RENAME TO w")
    assert sorted(sql("SHOW TABLES")) == [("t",), ("w",)]
    sql("DROP VIEW w")


def test_a_materialized_view_or_its_refusal_leaves_no_trace(sql):
    sql("CREATE TABLE t AS SELECT 1 AS id")
    with pytest.raises(trino.exceptions.TrinoUserError, match="(?i)not supported|does not support"):
        sql("CREATE MATERIALIZED VIEW m AS SELECT * FROM t")
    assert sql("SHOW TABLES") == [("t",)]


def test_time_travel_and_maintenance(sql):
    sql("CREATE TABLE t AS SELECT 1 AS id")
    first = sql('SELECT snapshot_id FROM "t$snapshots"')[0][0]
    sql("INSERT INTO t VALUES 2")
    assert sql(f"SELECT count(*) FROM t FOR VERSION AS OF {first}") == [(1,)]
    sql("ALTER TABLE t EXECUTE optimize")
    sql("ANALYZE t")
    sql("SET SESSION lake.expire_snapshots_min_retention = '0s'")
    sql("ALTER TABLE t EXECUTE expire_snapshots(retention_threshold => '0s')")
    assert sql('SELECT count(*) FROM "t$snapshots"') == [(1,)]
    assert sql('SELECT count(*) FROM "t$files"') == [(1,)]
    assert sql("SELECT count(*) FROM t") == [(2,)]


def test_an_absent_table_and_a_taken_name_are_said(sql):
    with pytest.raises(trino.exceptions.TrinoUserError, match="TABLE_NOT_FOUND"):
        sql("SELECT * FROM absent")
    sql("CREATE TABLE t (id BIGINT)")
    with pytest.raises(trino.exceptions.TrinoUserError, match="TABLE_ALREADY_EXISTS"):
        sql("CREATE TABLE t (id BIGINT)")
