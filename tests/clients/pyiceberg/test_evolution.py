"""Schemas, partition specs, sort orders, properties and format versions that change under data."""

import time

import pyarrow as pa
import pytest
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.schema import Schema
from pyiceberg.transforms import BucketTransform, DayTransform, IdentityTransform
from pyiceberg.types import IntegerType, LongType, NestedField, StringType, StructType


@pytest.fixture
def table(catalog, namespace, people):
    made = catalog.create_table((*namespace, "t"), people.schema)
    made.append(people)
    return made


def test_columns_are_added_renamed_moved_widened_and_dropped(catalog, namespace):
    start = Schema(NestedField(1, "a", IntegerType()), NestedField(2, "b", StringType()))
    table = catalog.create_table((*namespace, "t"), start)
    table.append(pa.table({"a": pa.array([1], pa.int32()), "b": ["x"]}))
    with table.update_schema() as change:
        change.add_column("c", StructType(NestedField(10, "d", LongType())), doc="new")
        change.rename_column("b", "bee")
        change.update_column("a", field_type=LongType())
        change.move_first("b")
    with table.update_schema() as change:
        change.add_column(("c", "e"), StringType())
    loaded = catalog.load_table(table.name())
    assert [(f.name, f.field_id) for f in loaded.schema().fields] == [("bee", 2), ("a", 1), ("c", 3)]
    assert loaded.metadata.last_column_id == 5
    assert loaded.scan().to_arrow().select(["bee", "a"]).to_pylist() == [{"bee": "x", "a": 1}]
    with table.update_schema() as change:
        change.delete_column("bee")
    assert [f.name for f in catalog.load_table(table.name()).schema().fields] == ["a", "c"]
    assert len(catalog.load_table(table.name()).schemas()) == 4


def test_union_by_name_adds_what_is_new(catalog, table):
    with table.update_schema() as change:
        change.union_by_name(pa.schema([("id", pa.int64()), ("extra", pa.float64())]))
    assert "extra" in catalog.load_table(table.name()).schema().column_names


def test_an_equal_schema_is_not_stored_twice(catalog, table):
    with table.update_schema() as change:
        change.add_column("x", StringType())
    with table.update_schema() as change:
        change.delete_column("x")
    loaded = catalog.load_table(table.name())
    assert len(loaded.schemas()) == 2 and loaded.schema().schema_id == 0


def test_two_schema_changes_at_once_do_not_both_win(catalog, table):
    other = catalog.load_table(table.name())
    with table.update_schema() as change:
        change.add_column("mine", StringType())
    with pytest.raises(CommitFailedException):
        with other.update_schema() as change:
            change.add_column("theirs", StringType())
    assert "theirs" not in catalog.load_table(table.name()).schema().column_names


def test_partitions_evolve_under_data(catalog, table, people):
    with table.update_spec() as change:
        change.add_field("born", DayTransform(), "day").add_field("id", BucketTransform(4), "bucket")
    table.append(people)
    with table.update_spec() as change:
        change.remove_field("bucket").rename_field("day", "on_day")
    with table.update_spec() as change:
        change.add_field("city", IdentityTransform(), "town")
    table.append(people)
    loaded = catalog.load_table(table.name())
    assert {f.name for f in loaded.spec().fields} >= {"on_day", "town"}
    assert len(loaded.specs()) == 4 and loaded.metadata.last_partition_id == 1002
    assert loaded.scan().to_arrow().num_rows == 3 * people.num_rows
    assert loaded.scan(row_filter="city = 'london'").to_arrow().num_rows == 3


def test_the_sort_order_changes(catalog, table):
    with table.update_sort_order() as change:
        change.asc("name", IdentityTransform()).desc("born", DayTransform())
    loaded = catalog.load_table(table.name())
    assert loaded.sort_order().order_id == 1 and len(loaded.sort_order().fields) == 2


def test_properties_are_set_and_removed(catalog, table):
    with table.transaction() as change:
        change.set_properties({"a": "1", "b": "ünïcödé 雪", "write.parquet.compression-codec": "zstd"})
    with table.transaction() as change:
        change.remove_properties("a")
    properties = catalog.load_table(table.name()).properties
    assert "a" not in properties and properties["b"] == "ünïcödé 雪"


def test_a_table_is_upgraded_but_never_downgraded(catalog, namespace, people):
    table = catalog.create_table((*namespace, "old"), people.schema, properties={"format-version": "1"})
    table.append(people)
    with table.transaction() as change:
        change.upgrade_table_version(2)
    table.append(people)
    loaded = catalog.load_table(table.name())
    assert loaded.format_version == 2 and loaded.last_sequence_number == 1
    assert loaded.scan().to_arrow().num_rows == 2 * people.num_rows


@pytest.mark.parametrize("codec", ["gzip", "none"])
def test_metadata_files_are_written_as_asked(catalog, namespace, people, codec):
    properties = {"write.metadata.compression-codec": codec}
    table = catalog.create_table((*namespace, codec), people.schema, properties=properties)
    table.append(people)
    ending = ".gz.metadata.json" if codec == "gzip" else ".metadata.json"
    location = catalog.load_table(table.name()).metadata_location
    assert location.endswith(ending) and (codec == "gzip" or ".gz." not in location)
    catalog.drop_table(table.name())
    assert catalog.register_table(table.name(), location).scan().to_arrow().num_rows == people.num_rows


def test_the_metadata_log_is_bounded(catalog, namespace, people):
    properties = {"write.metadata.previous-versions-max": "3", "write.metadata.delete-after-commit.enabled": "true"}
    table = catalog.create_table((*namespace, "t"), people.schema, properties=properties)
    first = table.metadata_location
    for turn in range(6):
        with table.transaction() as change:
            change.set_properties(turn=str(turn))
    loaded = catalog.load_table(table.name())
    assert len(loaded.metadata.metadata_log) == 3
    # In the background, soon after the commit.
    end = time.monotonic() + 30
    while loaded.io.new_input(first).exists():
        assert time.monotonic() < end
        time.sleep(0.1)
