"""Snapshots: branches, tags, time travel, rollback, expiry, statistics."""

import pytest
from pyiceberg.table.statistics import BlobMetadata, StatisticsFile


@pytest.fixture
def table(catalog, namespace, people):
    """Three snapshots that hold 1, 2 and 3 rows."""
    made = catalog.create_table((*namespace, "t"), people.schema)
    for i in range(3):
        made.append(people.slice(i, 1))
    return made


def rows(table, **options) -> int:
    return table.scan(**options).to_arrow().num_rows


def test_time_travel_by_id_and_by_time(catalog, table):
    loaded = catalog.load_table(table.name())
    for index, entry in enumerate(loaded.history()):
        assert rows(loaded, snapshot_id=entry.snapshot_id) == index + 1
        assert loaded.snapshot_as_of_timestamp(entry.timestamp_ms).snapshot_id == entry.snapshot_id


def test_a_tag_stays_where_it_was_put(catalog, table, people):
    first = table.history()[0].snapshot_id
    table.manage_snapshots().create_tag(first, "v1", max_ref_age_ms=10**12).commit()
    table.append(people)
    loaded = catalog.load_table(table.name())
    assert loaded.refs()["v1"].snapshot_id == first and loaded.refs()["v1"].max_ref_age_ms == 10**12
    assert rows(loaded, snapshot_id=loaded.snapshot_by_name("v1").snapshot_id) == 1


def test_a_branch_moves_apart_from_main(catalog, table, people):
    head = table.current_snapshot().snapshot_id
    table.manage_snapshots().create_branch(head, "audit", min_snapshots_to_keep=2).commit()
    assert catalog.load_table(table.name()).refs()["audit"].min_snapshots_to_keep == 2
    table.append(people, branch="audit")
    table.delete("id = 1", branch="audit")
    loaded = catalog.load_table(table.name())
    assert rows(loaded) == 3 and loaded.current_snapshot().snapshot_id == head
    assert loaded.scan().use_ref("audit").to_arrow().num_rows == 5


def test_refs_are_removed(catalog, table):
    head = table.current_snapshot().snapshot_id
    table.manage_snapshots().create_branch(head, "b").create_tag(head, "t").commit()
    table.manage_snapshots().remove_branch("b").remove_tag("t").commit()
    assert set(catalog.load_table(table.name()).refs()) == {"main"}


def test_rollback_moves_main_back(catalog, table, people):
    first, second, _ = (entry.snapshot_id for entry in table.history())
    table.manage_snapshots().rollback_to_snapshot(second).commit()
    assert rows(catalog.load_table(table.name())) == 2
    table.manage_snapshots().set_current_snapshot(first).commit()
    loaded = catalog.load_table(table.name())
    assert rows(loaded) == 1 and [h.snapshot_id for h in loaded.history()][-2:] == [second, first]
    table.append(people)
    assert catalog.load_table(table.name()).current_snapshot().parent_snapshot_id == first


def test_expired_snapshots_are_gone_and_the_rest_reads(catalog, table):
    first, second, third = (entry.snapshot_id for entry in table.history())
    table.manage_snapshots().create_tag(second, "kept").commit()
    table.maintenance.expire_snapshots().by_id(first).commit()
    loaded = catalog.load_table(table.name())
    assert {s.snapshot_id for s in loaded.snapshots()} == {second, third}
    assert rows(loaded) == 3 and rows(loaded, snapshot_id=second) == 2


def test_statistics_come_and_go(catalog, table):
    snapshot = table.current_snapshot().snapshot_id
    blob = BlobMetadata(type="apache-datasketches-theta-v1", snapshot_id=snapshot, sequence_number=3, fields=[1], properties={"ndv": "3"})
    file = StatisticsFile(
        snapshot_id=snapshot,
        statistics_path=f"{table.location()}/metadata/stats.puffin",
        file_size_in_bytes=100,
        file_footer_size_in_bytes=40,
        blob_metadata=[blob],
    )
    with table.update_statistics() as change:
        change.set_statistics(file)
    assert catalog.load_table(table.name()).metadata.statistics == [file]
    with table.update_statistics() as change:
        change.remove_statistics(snapshot)
    assert catalog.load_table(table.name()).metadata.statistics == []


def test_refs_only_loading_serves_what_refs_name(catalog, properties, table):
    from pyiceberg.catalog import load_catalog

    lean = load_catalog("lean", **properties, **{"snapshot-loading-mode": "refs"})
    loaded = lean.load_table(table.name())
    assert [s.snapshot_id for s in loaded.metadata.snapshots] == [table.current_snapshot().snapshot_id]
    assert rows(loaded) == 3


def test_metadata_tables_agree(catalog, table):
    loaded = catalog.load_table(table.name())
    assert loaded.inspect.snapshots().num_rows == 3
    assert loaded.inspect.history().num_rows == 3
    assert loaded.inspect.files().num_rows == 3
    assert loaded.inspect.metadata_log_entries().num_rows == 4
