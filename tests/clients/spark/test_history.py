"""Branches, tags, time travel, metadata tables, maintenance procedures."""

import pytest


@pytest.fixture
def table(sql):
    """Three snapshots with one, two and three rows."""
    sql("CREATE TABLE t (id BIGINT, word STRING) USING iceberg TBLPROPERTIES ('format-version'='2')")
    for i in range(3):
        sql(f"INSERT INTO t VALUES ({i}, 'w{i}')")
    return [row.snapshot_id for row in sql("SELECT snapshot_id FROM @.t.snapshots ORDER BY committed_at")]


def count(sql, source: str) -> int:
    return sql(f"SELECT count(*) FROM {source}")[0][0]


def test_a_branch_is_written_and_fast_forwarded(sql, table):
    sql("ALTER TABLE t CREATE BRANCH audit RETAIN 7 DAYS WITH SNAPSHOT RETENTION 2 SNAPSHOTS")
    sql("INSERT INTO @.t.branch_audit VALUES (10, 'audited')")
    sql("UPDATE @.t.branch_audit SET word = 'changed' WHERE id = 0")
    assert (count(sql, "t"), count(sql, "t VERSION AS OF 'audit'")) == (3, 4)
    sql("CALL demo.system.fast_forward('@.t', 'main', 'audit')")
    assert count(sql, "t") == 4
    sql("ALTER TABLE t DROP BRANCH audit")
    assert [r.name for r in sql("SELECT name FROM @.t.refs")] == ["main"]


def test_tags_are_created_replaced_and_read(sql, table):
    sql(f"ALTER TABLE t CREATE TAG v1 AS OF VERSION {table[0]} RETAIN 365 DAYS")
    assert count(sql, "t VERSION AS OF 'v1'") == 1
    sql(f"ALTER TABLE t REPLACE TAG v1 AS OF VERSION {table[1]}")
    assert count(sql, "t VERSION AS OF 'v1'") == 2
    sql("ALTER TABLE t DROP TAG v1")


def test_time_travel(sql, table):
    times = [r[0] for r in sql("SELECT made_current_at FROM @.t.history ORDER BY made_current_at")]
    assert [count(sql, f"t VERSION AS OF {s}") for s in table] == [1, 2, 3]
    assert count(sql, f"t TIMESTAMP AS OF '{times[1]}'") == 2


def test_write_audit_publish(spark, sql, table):
    sql("ALTER TABLE t SET TBLPROPERTIES ('write.wap.enabled'='true')")
    spark.conf.set("spark.wap.id", "job-1")
    try:
        sql("INSERT INTO t VALUES (9, 'staged')")
    finally:
        spark.conf.unset("spark.wap.id")
    assert count(sql, "t") == 3
    sql("CALL demo.system.publish_changes('@.t', 'job-1')")
    assert count(sql, "t") == 4


def test_snapshots_are_cherry_picked_rolled_back_and_set(sql, table):
    sql(f"CALL demo.system.rollback_to_snapshot('@.t', {table[0]})")
    assert count(sql, "t") == 1
    sql(f"CALL demo.system.cherrypick_snapshot('@.t', {table[1]})")
    assert count(sql, "t") == 2
    sql(f"CALL demo.system.set_current_snapshot('@.t', {table[2]})")
    assert count(sql, "t") == 3


def test_metadata_tables_answer(sql, table):
    for name, rows in (("snapshots", 3), ("history", 3), ("files", 3), ("manifests", 3), ("refs", 1), ("entries", 3)):
        assert count(sql, f"@.t.{name}") == rows, name
    for name in ("all_data_files", "all_manifests", "all_entries", "partitions", "position_deletes", "metadata_log_entries"):
        sql(f"SELECT * FROM @.t.{name}")
    assert sql("SELECT _file, _pos FROM t")[0]._pos == 0


def test_data_files_are_rewritten(sql, table):
    result = sql("CALL demo.system.rewrite_data_files(table => '@.t', options => map('min-input-files', '2'))")
    assert (result[0].rewritten_data_files_count, result[0].added_data_files_count) == (3, 1)
    assert (count(sql, "t"), count(sql, "@.t.files")) == (3, 1)


def test_manifests_and_position_deletes_are_rewritten(sql, table):
    assert sql("CALL demo.system.rewrite_manifests('@.t')")[0].rewritten_manifests_count == 3
    sql("ALTER TABLE t SET TBLPROPERTIES ('write.delete.mode'='merge-on-read')")
    sql("INSERT INTO t SELECT id, 'x' FROM range(100, 110)")
    for i in (100, 101, 102):
        sql(f"DELETE FROM t WHERE id = {i}")
    sql("CALL demo.system.rewrite_position_delete_files(table => '@.t', options => map('rewrite-all', 'true'))")
    assert count(sql, "t") == 10


def test_snapshots_expire_and_their_files_go(sql, table, files_below):
    location = {r.col_name: r.data_type for r in sql("DESCRIBE EXTENDED t")}["Location"]
    sql("INSERT OVERWRITE t SELECT 1, 'one'")
    data = [f for f in files_below(location) if f.endswith(".parquet")]
    result = sql("CALL demo.system.expire_snapshots(table => '@.t', older_than => TIMESTAMP '2100-01-01 00:00:00', retain_last => 1)")
    assert result[0].deleted_data_files_count == 3 and len(data) == 4
    assert len([f for f in files_below(location) if f.endswith(".parquet")]) == 1
    assert (count(sql, "@.t.snapshots"), count(sql, "t")) == (1, 1)


def test_orphans_are_removed_and_nothing_else(sql, table):
    removed = sql("CALL demo.system.remove_orphan_files(table => '@.t', dry_run => true, prefix_listing => true, older_than => TIMESTAMP '2020-01-01 00:00:00')")
    assert removed == [] and count(sql, "t") == 3


def test_changes_are_listed(sql, table):
    view = sql("CALL demo.system.create_changelog_view(table => '@.t', changelog_view => 'changes')")[0].changelog_view
    assert count(sql, view) == 3


def test_statistics_are_computed(sql, table):
    computed = sql("CALL demo.system.compute_table_stats('@.t')")
    assert computed[0].statistics_file.endswith(".stats")
    sql("ALTER TABLE t ADD PARTITION FIELD bucket(2, id)")
    sql("INSERT INTO t VALUES (4, 'w4')")
    assert sql("CALL demo.system.compute_partition_stats('@.t')")[0].partition_statistics_file


def test_a_table_is_registered(sql, table):
    location = sql("SELECT file FROM @.t.metadata_log_entries ORDER BY timestamp DESC LIMIT 1")[0].file
    sql("DROP TABLE t")
    registered = sql(f"CALL demo.system.register_table('@.t', '{location}')")
    assert registered[0].total_records_count == 3 and count(sql, "t") == 3


def test_ancestors(sql, table):
    ancestors = sql("CALL demo.system.ancestors_of('@.t')")
    assert [row.snapshot_id for row in ancestors] == table[::-1]
