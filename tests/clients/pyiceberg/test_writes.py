"""Data in and out: append, overwrite, delete, upsert, and many writers at once."""

from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest
from pyiceberg.catalog import load_catalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.expressions import EqualTo, In
from pyiceberg.table.snapshots import Operation
from pyiceberg.transforms import IdentityTransform

VERSIONS = ["1", "2"]
WRITERS = 8
APPENDS_EACH = 5


@pytest.fixture(params=VERSIONS)
def table(request, catalog, namespace, people):
    made = catalog.create_table((*namespace, "t"), people.schema, properties={"format-version": request.param})
    made.append(people)
    return made


def ids(table) -> list[int]:
    return sorted(table.scan().to_arrow()["id"].to_pylist())


def test_append_adds_rows_and_a_snapshot(catalog, table, people):
    table.append(people, snapshot_properties={"job": "nightly"})
    loaded = catalog.load_table(table.name())
    assert ids(loaded) == sorted([*people["id"].to_pylist()] * 2)
    assert [s.summary.operation for s in loaded.snapshots()] == [Operation.APPEND] * 2
    assert loaded.current_snapshot().summary["job"] == "nightly"
    assert loaded.current_snapshot().parent_snapshot_id == loaded.snapshots()[0].snapshot_id


def test_overwrite_replaces_everything_or_what_a_filter_names(catalog, table, people):
    table.overwrite(people.slice(0, 1), overwrite_filter=In("id", [1, 2]))
    assert ids(catalog.load_table(table.name())) == [1, 3, 4]
    table.overwrite(people.slice(3, 1))
    assert ids(catalog.load_table(table.name())) == [4]


def test_delete_by_filter(catalog, table):
    table.delete(EqualTo("city", "helsinki"))
    assert ids(catalog.load_table(table.name())) == [1, 2, 4]
    table.delete("id > 1")
    assert ids(catalog.load_table(table.name())) == [1]
    table.delete()
    assert ids(catalog.load_table(table.name())) == []


def test_upsert_updates_and_inserts(catalog, table, people):
    rows = people.to_pylist()
    changed = pa.Table.from_pylist([rows[0] | {"city": "paris"}, rows[1], rows[2] | {"id": 9}], schema=people.schema)
    result = table.upsert(changed, join_cols=["id"])
    assert (result.rows_updated, result.rows_inserted) == (1, 1)
    loaded = {row["id"]: row["city"] for row in catalog.load_table(table.name()).scan().to_arrow().to_pylist()}
    assert loaded[1] == "paris" and loaded[9] == "helsinki" and len(loaded) == 5


def test_dynamic_overwrite_replaces_whole_partitions(catalog, namespace, people):
    table = catalog.create_table((*namespace, "parts"), people.schema)
    with table.update_spec() as spec:
        spec.add_field("city", IdentityTransform(), "city")
    table.append(people)
    table.dynamic_partition_overwrite(people.slice(2, 1))
    assert ids(catalog.load_table(table.name())) == [1, 2, 3, 4]


def test_one_transaction_holds_several_changes(catalog, table, people):
    before = len(table.snapshots())
    with table.transaction() as change:
        change.delete("id = 1")
        change.append(people)
        change.set_properties(step="both")
    loaded = catalog.load_table(table.name())
    assert ids(loaded) == [1, 2, 2, 3, 3, 4, 4]
    assert loaded.properties["step"] == "both" and len(loaded.snapshots()) == before + 2


def test_a_stale_writer_is_refused(catalog, table, people):
    stale = catalog.load_table(table.name())
    table.append(people)
    with pytest.raises(CommitFailedException):
        with stale.transaction() as change:
            change.set_properties(x="1")
            change._requirements += (_stale_main(stale),)
    assert "x" not in catalog.load_table(table.name()).properties


def test_eight_appenders_lose_nothing(properties, catalog, namespace, people):
    name = (*namespace, "hot")
    catalog.create_table(name, people.schema)

    def append_some(writer: int) -> int:
        own = load_catalog(f"writer{writer}", **properties)
        retries = 0
        for turn in range(APPENDS_EACH):
            row = people.slice(0, 1).set_column(0, people.schema.field(0), pa.array([writer * 100 + turn]))
            while True:
                try:
                    own.load_table(name).append(row)
                    break
                except CommitFailedException:
                    retries += 1
                    assert retries < 2000, "no progress"
        return retries

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(append_some, range(WRITERS)))
    table = catalog.load_table(name)
    assert ids(table) == sorted(w * 100 + t for w in range(WRITERS) for t in range(APPENDS_EACH))
    chain = {s.snapshot_id: s.parent_snapshot_id for s in table.snapshots()}
    length, at = 0, table.current_snapshot().snapshot_id
    while at is not None:
        length, at = length + 1, chain[at]
    assert length == len(chain) == WRITERS * APPENDS_EACH


def _stale_main(stale):
    from pyiceberg.table.update import AssertRefSnapshotId

    return AssertRefSnapshotId(ref="main", snapshot_id=stale.current_snapshot().snapshot_id)
