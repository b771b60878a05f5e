"""DROP and DROP PURGE: which files stay, which go, and never a sibling's."""

import time


def location(sql, table: str) -> str:
    return {r.col_name: r.data_type for r in sql(f"DESCRIBE EXTENDED {table}")}["Location"]


def test_drop_leaves_the_files_and_frees_the_name(sql, files_below):
    sql("CREATE TABLE t USING iceberg AS SELECT id FROM range(5)")
    place = location(sql, "t")
    before = files_below(place)
    sql("DROP TABLE t")
    assert files_below(place) == before != []
    sql("CREATE TABLE t USING iceberg AS SELECT 1 AS id")
    assert location(sql, "t") != place


def test_drop_purge_removes_the_files_and_spares_a_sibling(sql, files_below):
    sql("CREATE TABLE orders USING iceberg AS SELECT id FROM range(5)")
    sql("CREATE TABLE orders2 USING iceberg AS SELECT id FROM range(5)")
    place, sibling = location(sql, "orders"), location(sql, "orders2")
    kept = files_below(sibling)
    sql("INSERT INTO orders VALUES (7)")
    sql("DROP TABLE orders PURGE")
    end = time.monotonic() + 60
    while left := files_below(place):
        assert time.monotonic() < end, f"still there after 60 s: {left}"
        time.sleep(0.25)
    assert files_below(sibling) == kept
    assert sql("SELECT count(*) FROM orders2")[0][0] == 5
    sql("CREATE TABLE orders USING iceberg AS SELECT 1 AS id")


def test_drop_if_exists(sql):
    sql("DROP TABLE IF EXISTS never")
