"""CREATE, CTAS, RTAS, ALTER, RENAME, namespaces."""

import pytest


def names(rows) -> list[str]:
    return [row[0] for row in rows]


def test_create_and_describe(sql):
    sql("CREATE TABLE t (id BIGINT NOT NULL COMMENT 'key', name STRING, at TIMESTAMP) USING iceberg "
        "PARTITIONED BY (days(at), bucket(4, id)) COMMENT 'people' TBLPROPERTIES ('a'='1')")
    described = {row.col_name: row.data_type for row in sql("DESCRIBE EXTENDED t")}
    assert described["id"] == "bigint" and described["Part 0"] == "days(at)" and described["Part 1"] == "bucket(4, id)"
    assert described["Comment"] == "people"
    assert sql("SHOW TBLPROPERTIES t ('a')")[0].value == "1"


def test_create_if_not_exists_leaves_the_table(sql):
    sql("CREATE TABLE t (id INT) USING iceberg")
    sql("INSERT INTO t VALUES (1)")
    sql("CREATE TABLE IF NOT EXISTS t (other STRING) USING iceberg")
    assert names(sql("SELECT id FROM t")) == [1]


def test_create_table_as_select(sql):
    sql("CREATE TABLE t USING iceberg PARTITIONED BY (p) AS SELECT id, id % 3 AS p FROM range(30)")
    assert sql("SELECT count(*), count(DISTINCT p) FROM t")[0][:] == (30, 3)
    assert len(sql("SELECT * FROM @.t.snapshots")) == 1


def test_replace_table_as_select_keeps_the_history(sql):
    sql("CREATE TABLE t USING iceberg AS SELECT id FROM range(3)")
    before = sql("SELECT snapshot_id FROM @.t.snapshots")[0][0]
    sql("REPLACE TABLE t USING iceberg PARTITIONED BY (word) AS SELECT 'x' AS word, id FROM range(5)")
    assert sql("SELECT count(*) FROM t")[0][0] == 5
    assert sql(f"SELECT count(*) FROM t VERSION AS OF {before}")[0][0] == 3
    sql("CREATE OR REPLACE TABLE t USING iceberg AS SELECT 1 AS one")
    assert sql("SELECT * FROM t")[0].asDict() == {"one": 1}
    assert len(sql("SELECT * FROM @.t.snapshots")) == 3


def test_create_or_replace_creates_what_is_absent(sql):
    sql("CREATE OR REPLACE TABLE t USING iceberg AS SELECT id FROM range(2)")
    assert sql("SELECT count(*) FROM t")[0][0] == 2


def test_columns_change(sql):
    sql("CREATE TABLE t (id INT, name STRING, s STRUCT<a: INT>) USING iceberg")
    sql("INSERT INTO t VALUES (1, 'x', named_struct('a', 1))")
    sql("ALTER TABLE t ADD COLUMNS (extra DOUBLE COMMENT 'new' AFTER id, s.b STRING)")
    sql("ALTER TABLE t RENAME COLUMN name TO label")
    sql("ALTER TABLE t ALTER COLUMN id TYPE BIGINT")
    sql("ALTER TABLE t ALTER COLUMN label FIRST")
    sql("ALTER TABLE t ALTER COLUMN label COMMENT 'said'")
    assert sql("SELECT * FROM t")[0].asDict(recursive=True) == {"label": "x", "id": 1, "extra": None, "s": {"a": 1, "b": None}}
    sql("ALTER TABLE t DROP COLUMN extra")
    assert [r.col_name for r in sql("DESCRIBE t")][:3] == ["label", "id", "s"]


def test_partitions_sort_order_and_identifier_fields_change(sql):
    sql("CREATE TABLE t (id BIGINT NOT NULL, at TIMESTAMP) USING iceberg PARTITIONED BY (days(at))")
    sql("INSERT INTO t VALUES (1, timestamp '2026-01-01 10:00:00')")
    sql("ALTER TABLE t REPLACE PARTITION FIELD days(at) WITH hours(at) AS hour")
    sql("ALTER TABLE t ADD PARTITION FIELD bucket(8, id) AS shard")
    sql("ALTER TABLE t WRITE DISTRIBUTED BY PARTITION LOCALLY ORDERED BY id DESC NULLS LAST")
    sql("ALTER TABLE t SET IDENTIFIER FIELDS id")
    sql("INSERT INTO t VALUES (2, timestamp '2026-01-02 10:00:00')")
    assert sql("SELECT count(DISTINCT spec_id) FROM @.t.files")[0][0] == 2
    sql("ALTER TABLE t DROP PARTITION FIELD shard")
    sql("ALTER TABLE t WRITE UNORDERED")
    sql("ALTER TABLE t DROP IDENTIFIER FIELDS id")
    assert sorted(names(sql("SELECT id FROM t WHERE at > timestamp '2026-01-01 00:00:00'"))) == [1, 2]


def test_properties_are_set_and_unset(sql):
    sql("CREATE TABLE t (id INT) USING iceberg")
    sql("ALTER TABLE t SET TBLPROPERTIES ('a'='1', 'b'='2')")
    sql("ALTER TABLE t UNSET TBLPROPERTIES ('a')")
    shown = {r.key: r.value for r in sql("SHOW TBLPROPERTIES t")}
    assert "a" not in shown and shown["b"] == "2"


def test_rename(sql):
    sql("CREATE TABLE t USING iceberg AS SELECT 1 AS id")
    sql("ALTER TABLE t RENAME TO u")
    assert sql("SELECT * FROM u")[0].id == 1
    assert [r.tableName for r in sql("SHOW TABLES")] == ["u"]


def test_names_that_need_quotes(sql):
    sql("CREATE TABLE `odd name.with/things` USING iceberg AS SELECT 1 AS `a column`")
    assert sql("SELECT `a column` FROM `odd name.with/things`")[0][0] == 1


def test_nested_namespaces_and_their_properties(sql):
    outer = sql("SELECT current_schema()")[0][0]
    sql(f"CREATE NAMESPACE {outer}.inner COMMENT 'inside' WITH DBPROPERTIES ('a'='1')")
    assert names(sql(f"SHOW NAMESPACES IN {outer}")) == [f"{outer}.inner"]
    sql(f"ALTER NAMESPACE {outer}.inner SET PROPERTIES ('a'='2')")
    assert "2" in str(sql(f"DESCRIBE NAMESPACE EXTENDED {outer}.inner"))
    sql(f"CREATE TABLE {outer}.inner.t USING iceberg AS SELECT 1 AS id")
    with pytest.raises(Exception, match="(?i)not empty|SCHEMA_NOT_EMPTY"):
        sql(f"DROP NAMESPACE {outer}.inner")
    sql(f"DROP TABLE {outer}.inner.t")
    sql(f"DROP NAMESPACE {outer}.inner")


def test_an_absent_table_and_a_taken_name_are_said(sql):
    with pytest.raises(Exception, match="TABLE_OR_VIEW_NOT_FOUND"):
        sql("SELECT * FROM absent")
    sql("CREATE TABLE t (id INT) USING iceberg")
    with pytest.raises(Exception, match="(?i)already exists"):
        sql("CREATE TABLE t (id INT) USING iceberg")
