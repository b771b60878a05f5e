"""INSERT, UPDATE, DELETE, MERGE, with copy-on-write and merge-on-read."""

import pytest

MODES = ["copy-on-write", "merge-on-read"]
FORMATS = ["2", "3"]


@pytest.fixture(params=[(m, f) for m in MODES for f in FORMATS], ids=lambda p: f"{p[0]}-v{p[1]}")
def table(sql, request):
    mode, version = request.param
    sql(f"CREATE TABLE t (id BIGINT, word STRING, p INT) USING iceberg PARTITIONED BY (p) TBLPROPERTIES ("
        f"'format-version'='{version}', 'write.delete.mode'='{mode}', 'write.update.mode'='{mode}', "
        f"'write.merge.mode'='{mode}')")
    sql("INSERT INTO t SELECT id, concat('w', id), id % 2 FROM range(10)")
    return "t"


def content(sql) -> dict[int, str]:
    return {row.id: row.word for row in sql("SELECT id, word FROM t")}


def test_update(sql, table):
    sql("UPDATE t SET word = upper(word) WHERE id < 3")
    assert [content(sql)[i] for i in (0, 2, 3)] == ["W0", "W2", "w3"]
    assert len(content(sql)) == 10


def test_delete_of_rows_and_of_a_partition(sql, table):
    sql("DELETE FROM t WHERE id = 4")
    sql("DELETE FROM t WHERE p = 1")
    assert sorted(content(sql)) == [0, 2, 6, 8]


def test_merge(sql, table):
    sql("MERGE INTO t USING (SELECT id, 'merged' AS word FROM range(8, 12)) s ON t.id = s.id "
        "WHEN MATCHED AND s.id = 8 THEN DELETE "
        "WHEN MATCHED THEN UPDATE SET t.word = s.word "
        "WHEN NOT MATCHED THEN INSERT (id, word, p) VALUES (s.id, s.word, 0) "
        "WHEN NOT MATCHED BY SOURCE AND t.id = 0 THEN DELETE")
    after = content(sql)
    assert sorted(after) == [1, 2, 3, 4, 5, 6, 7, 9, 10, 11]
    assert after[9] == after[11] == "merged" and after[7] == "w7"


def test_insert_overwrite(sql, table):
    sql("INSERT OVERWRITE t PARTITION (p = 1) SELECT 100L, 'only'")
    assert sorted(content(sql)) == [0, 2, 4, 6, 8, 100]


def test_merge_with_schema_evolution(sql):
    sql("CREATE TABLE t (id BIGINT) USING iceberg")
    sql("INSERT INTO t SELECT 1L AS id")
    sql("MERGE WITH SCHEMA EVOLUTION INTO t AS d USING (SELECT 1L AS id, 'x' AS extra) s ON d.id = s.id "
        "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *")
    assert sql("SELECT id, extra FROM t")[0][:] == (1, "x")


def test_dataframe_writes(spark, sql):
    frame = spark.range(100).selectExpr("id", "id % 5 AS p")
    frame.writeTo("t").using("iceberg").partitionedBy("p").create()
    frame.writeTo("t").append()
    frame.filter("p = 0").writeTo("t").overwritePartitions()
    assert sql("SELECT count(*) FROM t")[0][0] == 180
    frame.limit(1).writeTo("t").createOrReplace()
    assert sql("SELECT count(*) FROM t")[0][0] == 1


def test_a_stream_appends(spark, sql, tmp_path):
    sql("CREATE TABLE t (timestamp TIMESTAMP, value BIGINT) USING iceberg")
    source = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 10).load()
    namespace = sql("SELECT current_schema()")[0][0]
    query = (
        source.writeStream.format("iceberg")
        .outputMode("append")
        .option("checkpointLocation", str(tmp_path))
        .trigger(availableNow=True)
        .toTable(f"demo.{namespace}.t")
    )
    assert query.awaitTermination(120)
    assert sql("SELECT count(*) FROM t")[0][0] > 0
