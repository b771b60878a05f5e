"""Views that live in the catalog."""

import pytest


@pytest.fixture(autouse=True)
def source(sql):
    sql("CREATE TABLE t USING iceberg AS SELECT id, id * 2 AS twice FROM range(5)")


def test_a_view_is_created_read_described_and_dropped(sql):
    sql("CREATE VIEW v (a COMMENT 'first', b) COMMENT 'doubles' TBLPROPERTIES ('k'='1') AS SELECT id, twice FROM t WHERE id > 2")
    assert [tuple(r) for r in sql("SELECT a, b FROM v ORDER BY a")] == [(3, 6), (4, 8)]
    assert [r.viewName for r in sql("SHOW VIEWS") if not r.isTemporary] == ["v"]
    assert "v" not in [r.tableName for r in sql("SHOW TABLES")]
    assert sql("SHOW TBLPROPERTIES v ('k')")[0].value == "1"
    assert "twice" in sql("SHOW CREATE TABLE v")[0][0]
    sql("DROP VIEW v")
    with pytest.raises(Exception, match="TABLE_OR_VIEW_NOT_FOUND"):
        sql("SELECT * FROM v")


def test_a_view_is_replaced_altered_and_renamed(sql):
    sql("CREATE VIEW v AS SELECT id FROM t")
    sql("CREATE OR REPLACE VIEW v AS SELECT twice FROM t")
    assert sql("SELECT max(twice) FROM v")[0][0] == 8
    sql("ALTER VIEW v SET TBLPROPERTIES ('a'='1')")
    sql("ALTER VIEW v UNSET TBLPROPERTIES ('a')")
    sql("ALTER VIEW v RENAME TO w")
    assert sql("SELECT count(*) FROM w")[0][0] == 5
    sql("CREATE VIEW IF NOT EXISTS w AS SELECT 1 AS one")
    assert sql("SELECT count(*) FROM w")[0][0] == 5


def test_a_view_on_a_view(sql):
    sql("CREATE VIEW v AS SELECT id FROM t")
    sql("CREATE VIEW vv AS SELECT count(*) AS n FROM v")
    assert sql("SELECT n FROM vv")[0].n == 5


def test_tables_and_views_share_their_names(sql):
    sql("CREATE VIEW v AS SELECT id FROM t")
    with pytest.raises(Exception, match="(?i)already exists"):
        sql("CREATE TABLE v (id INT) USING iceberg")
    with pytest.raises(Exception, match="(?i)already exists"):
        sql("CREATE VIEW t AS SELECT 1 AS one")
