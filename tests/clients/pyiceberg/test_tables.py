"""The life of a table: create, load, rename, register, drop, purge."""

import pyarrow as pa
import pytest
from pyiceberg.exceptions import NoSuchTableError, TableAlreadyExistsError
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.sorting import NullOrder, SortDirection, SortField, SortOrder
from pyiceberg.transforms import (
    BucketTransform,
    DayTransform,
    HourTransform,
    IdentityTransform,
    MonthTransform,
    TruncateTransform,
    YearTransform,
)
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FixedType,
    FloatType,
    IntegerType,
    ListType,
    LongType,
    MapType,
    NestedField,
    StringType,
    StructType,
    TimestampType,
    TimestamptzType,
    TimeType,
    UUIDType,
)

SIMPLE = Schema(
    NestedField(1, "id", LongType(), required=True),
    NestedField(2, "name", StringType()),
    NestedField(3, "at", TimestampType()),
    identifier_field_ids=[1],
)

EVERY_TYPE = Schema(
    NestedField(1, "boolean", BooleanType(), doc="a doc"),
    NestedField(2, "int", IntegerType()),
    NestedField(3, "long", LongType(), required=True),
    NestedField(4, "float", FloatType()),
    NestedField(5, "double", DoubleType()),
    NestedField(6, "decimal", DecimalType(38, 9)),
    NestedField(7, "date", DateType()),
    NestedField(8, "time", TimeType()),
    NestedField(9, "timestamp", TimestampType()),
    NestedField(10, "timestamptz", TimestamptzType()),
    NestedField(11, "string", StringType()),
    NestedField(12, "uuid", UUIDType()),
    NestedField(13, "fixed", FixedType(17)),
    NestedField(14, "binary", BinaryType()),
    NestedField(15, "list", ListType(16, IntegerType(), element_required=True)),
    NestedField(17, "map", MapType(18, StringType(), 19, StructType(NestedField(20, "deep", LongType())))),
)

TRANSFORMS = [
    ("id", IdentityTransform()),
    ("id", BucketTransform(16)),
    ("name", TruncateTransform(2)),
    ("at", YearTransform()),
    ("at", MonthTransform()),
    ("at", DayTransform()),
    ("at", HourTransform()),
]


def test_every_type_comes_back(catalog, namespace):
    created = catalog.create_table((*namespace, "t"), EVERY_TYPE)
    assert catalog.load_table((*namespace, "t")).schema().as_struct() == created.schema().as_struct()
    assert created.schema().fields[0].doc == "a doc"


@pytest.mark.parametrize(("column", "transform"), TRANSFORMS, ids=lambda value: str(value))
@pytest.mark.parametrize("version", ["1", "2"])
def test_partitioned_and_sorted_tables_hold_data(catalog, namespace, column, transform, version):
    field = SIMPLE.find_field(column).field_id
    spec = PartitionSpec(PartitionField(field, 1000, transform, "part"))
    order = SortOrder(
        SortField(2, transform=IdentityTransform(), direction=SortDirection.DESC, null_order=NullOrder.NULLS_FIRST)
    )
    table = catalog.create_table(
        (*namespace, "t"), SIMPLE, partition_spec=spec, sort_order=order, properties={"format-version": version}
    )
    assert table.format_version == int(version)
    assert table.spec() == spec and table.sort_order().fields == order.fields
    rows = pa.Table.from_pylist(
        [{"id": i, "name": f"name{i}", "at": 3_600_000_000 * i} for i in range(20)],
        schema=pa.schema([pa.field("id", pa.int64(), nullable=False), ("name", pa.string()), ("at", pa.timestamp("us"))]),
    )
    table.append(rows)
    loaded = catalog.load_table((*namespace, "t"))
    assert sorted(loaded.scan().to_arrow()["id"].to_pylist()) == list(range(20))
    assert loaded.scan(row_filter="id = 7").to_arrow()["name"].to_pylist() == ["name7"]


def test_two_tables_never_share_a_location(catalog, namespace):
    first = catalog.create_table((*namespace, "a"), SIMPLE)
    catalog.rename_table((*namespace, "a"), (*namespace, "b"))
    second = catalog.create_table((*namespace, "a"), SIMPLE)
    assert first.location() != second.location()


def test_an_explicit_location_inside_the_warehouse_is_kept(catalog, namespace):
    base = catalog.create_table((*namespace, "base"), SIMPLE).location().rsplit("/", 1)[0]
    table = catalog.create_table((*namespace, "t"), SIMPLE, location=f"{base}/chosen/{namespace[0]}")
    assert table.location() == f"{base}/chosen/{namespace[0]}"
    assert table.metadata_location.startswith(f"{table.location()}/metadata/")


def test_a_name_is_taken_once(catalog, namespace):
    catalog.create_table((*namespace, "t"), SIMPLE)
    with pytest.raises(TableAlreadyExistsError):
        catalog.create_table((*namespace, "t"), SIMPLE)
    assert catalog.create_table_if_not_exists((*namespace, "t"), SIMPLE).name() == (*namespace, "t")


def test_create_in_a_transaction_is_one_commit(catalog, namespace, people):
    with catalog.create_table_transaction((*namespace, "t"), people.schema) as change:
        assert not catalog.table_exists((*namespace, "t"))
        change.append(people)
        change.set_properties(made="at once")
    table = catalog.load_table((*namespace, "t"))
    assert len(table.snapshots()) == 1 and table.properties["made"] == "at once"
    assert table.scan().to_arrow().num_rows == people.num_rows


def test_rename_moves_within_and_across_namespaces(catalog, namespace, people):
    other = (*namespace, "other")
    catalog.create_namespace(other)
    table = catalog.create_table((*namespace, "a"), people.schema)
    table.append(people)
    catalog.rename_table((*namespace, "a"), (*namespace, "b"))
    moved = catalog.rename_table((*namespace, "b"), (*other, "c"))
    assert moved.metadata.table_uuid == table.metadata.table_uuid
    assert catalog.list_tables(namespace) == [] and catalog.list_tables(other) == [(*other, "c")]
    assert catalog.load_table((*other, "c")).scan().to_arrow().num_rows == people.num_rows
    with pytest.raises(NoSuchTableError):
        catalog.rename_table((*namespace, "a"), (*namespace, "d"))
    catalog.create_table((*namespace, "a"), people.schema)
    with pytest.raises(TableAlreadyExistsError):
        catalog.rename_table((*other, "c"), (*namespace, "a"))


def test_a_dropped_table_can_be_registered_again(catalog, namespace, people):
    table = catalog.create_table((*namespace, "t"), people.schema)
    table.append(people)
    last = catalog.load_table((*namespace, "t")).metadata_location
    catalog.drop_table((*namespace, "t"))
    with pytest.raises(NoSuchTableError):
        catalog.load_table((*namespace, "t"))
    back = catalog.register_table((*namespace, "again"), last)
    assert back.metadata.table_uuid == table.metadata.table_uuid
    assert back.scan().to_arrow().num_rows == people.num_rows
    back.append(people)
    assert catalog.load_table((*namespace, "again")).scan().to_arrow().num_rows == 2 * people.num_rows
    with pytest.raises(TableAlreadyExistsError):
        catalog.register_table((*namespace, "again"), last)


def test_register_with_overwrite_moves_the_pointer(catalog, namespace, people):
    table = catalog.create_table((*namespace, "t"), people.schema)
    table.append(people)
    first = table.metadata_location
    table.append(people)
    back = catalog.register_table((*namespace, "t"), first, overwrite=True)
    assert back.metadata_location == first
    assert catalog.load_table((*namespace, "t")).scan().to_arrow().num_rows == people.num_rows


def test_purge_frees_the_name_and_spares_a_sibling(catalog, namespace, people):
    doomed = catalog.create_table((*namespace, "orders"), people.schema)
    sibling = catalog.create_table((*namespace, "orders2"), people.schema)
    doomed.append(people)
    sibling.append(people)
    catalog.purge_table((*namespace, "orders"))
    assert not catalog.table_exists((*namespace, "orders"))
    catalog.create_table((*namespace, "orders"), people.schema)
    assert catalog.load_table((*namespace, "orders2")).scan().to_arrow().num_rows == people.num_rows


def test_purge_removes_the_files(catalog, behind, namespace, people):
    import time

    table = catalog.create_table((*namespace, "t"), people.schema)
    table.append(people)
    data = next(iter(table.scan().plan_files())).file.file_path
    files = [table.metadata_location, data, table.current_snapshot().manifest_list]
    catalog.purge_table((*namespace, "t"))
    end = time.monotonic() + 60
    while left := [f for f in files if behind(table.io).new_input(f).exists()]:
        assert time.monotonic() < end, f"still there 60 s after the purge: {left}"
        time.sleep(0.25)


def test_drop_without_purge_leaves_the_files(catalog, behind, namespace, people):
    table = catalog.create_table((*namespace, "t"), people.schema)
    table.append(people)
    catalog.drop_table((*namespace, "t"))
    assert behind(table.io).new_input(table.metadata_location).exists()


def test_an_absent_table_is_said_to_be_absent(catalog, namespace):
    for use in (catalog.load_table, catalog.drop_table, catalog.purge_table):
        with pytest.raises(NoSuchTableError):
            use((*namespace, "absent"))
    assert not catalog.table_exists((*namespace, "absent"))
