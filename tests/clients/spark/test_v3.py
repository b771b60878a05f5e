"""Format version 3: variant, default values, row lineage, deletion vectors, upgrades."""


def test_variant_columns(sql):
    sql("CREATE TABLE t (id INT, v VARIANT) USING iceberg TBLPROPERTIES ("
        "'format-version'='3', 'write.update.mode'='merge-on-read', 'write.merge.mode'='merge-on-read')")
    sql("""INSERT INTO t SELECT 1, parse_json('{"a": 1, "b": [1, 2]}')""")
    sql("""INSERT INTO t SELECT 2, parse_json('{"a": "text"}')""")
    rows = sql("SELECT id, variant_get(v, '$.a', 'string') AS a, to_json(v) AS j FROM t ORDER BY id")
    assert [(r.id, r.a) for r in rows] == [(1, "1"), (2, "text")]
    assert rows[0].j == '{"a":1,"b":[1,2]}'
    sql("ALTER TABLE t ADD COLUMN w VARIANT")
    sql("UPDATE t SET w = v WHERE id = 1")
    assert sql("SELECT variant_get(w, '$.b[1]', 'int') AS b FROM t WHERE id = 1")[0].b == 2
    sql("MERGE INTO t USING (SELECT 2 AS id) s ON t.id = s.id WHEN MATCHED THEN UPDATE SET v = parse_json('[]')")
    assert sql("SELECT to_json(v) AS j FROM t WHERE id = 2")[0].j == "[]"


def test_row_lineage_survives_rewrites(sql):
    sql("CREATE TABLE t (id INT, word STRING) USING iceberg TBLPROPERTIES ('format-version'='3')")
    sql("INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    sql("INSERT INTO t VALUES (3, 'c')")
    before = {r.id: r._row_id for r in sql("SELECT id, _row_id FROM t")}
    assert sorted(before.values()) == [0, 1, 2]
    sql("UPDATE t SET word = 'z' WHERE id = 2")
    after = {r.id: (r._row_id, r._last_updated_sequence_number) for r in
             sql("SELECT id, _row_id, _last_updated_sequence_number FROM t")}
    assert {i: r for i, (r, _) in after.items()} == before
    assert after[2][1] == 3 and after[1][1] == 1
    sql("CALL demo.system.rewrite_data_files(table => '@.t', options => map('rewrite-all', 'true'))")
    assert {r.id: r._row_id for r in sql("SELECT id, _row_id FROM t")} == before


def test_deletion_vectors(sql):
    sql("CREATE TABLE t USING iceberg TBLPROPERTIES ('format-version'='3', 'write.delete.mode'='merge-on-read') "
        "AS SELECT id FROM range(0, 100, 1, 1)")
    sql("DELETE FROM t WHERE id % 10 = 0")
    sql("DELETE FROM t WHERE id % 10 = 1")
    assert sql("SELECT count(*) FROM t")[0][0] == 80
    deletes = sql("SELECT file_format, record_count FROM @.t.delete_files")
    assert [(d.file_format, d.record_count) for d in deletes] == [("PUFFIN", 20)]


def test_v1_is_upgraded_to_v2_and_v3(sql):
    sql("CREATE TABLE t USING iceberg TBLPROPERTIES ('format-version'='1') AS SELECT id FROM range(10)")
    sql("ALTER TABLE t SET TBLPROPERTIES ('format-version'='2')")
    sql("DELETE FROM t WHERE id = 1")
    sql("ALTER TABLE t SET TBLPROPERTIES ('format-version'='3')")
    sql("INSERT INTO t VALUES (100)")
    assert sql("SELECT count(*) FROM t")[0][0] == 10
    assert sql("SELECT count(_row_id) FROM t WHERE id = 100")[0][0] == 1
