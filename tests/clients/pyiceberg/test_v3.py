"""Format version 3: what this client reads and commits, and what it must not lose although it does not know it."""

import pyarrow as pa
import pytest
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.sorting import SortField, SortOrder
from pyiceberg.transforms import BucketTransform, HourTransform, IdentityTransform
from pyiceberg.types import LongType, NestedField, StringType, TimestampNanoType, TimestamptzNanoType, UnknownType

SCHEMA = Schema(
    NestedField(1, "id", LongType(), required=True),
    NestedField(2, "at", TimestampNanoType()),
    NestedField(3, "zoned", TimestamptzNanoType()),
    NestedField(4, "nothing", UnknownType()),
)


@pytest.fixture
def table(catalog, namespace):
    spec = PartitionSpec(
        PartitionField(2, 1000, HourTransform(), "at_hour"), PartitionField(1, 1001, BucketTransform(8), "id_bucket")
    )
    return catalog.create_table(
        (*namespace, "t"),
        SCHEMA,
        partition_spec=spec,
        sort_order=SortOrder(SortField(1, transform=IdentityTransform())),
        properties={"format-version": "3"},
    )


def test_a_v3_table_is_created_with_its_types(catalog, table):
    loaded = catalog.load_table(table.name())
    assert loaded.format_version == 3
    assert loaded.schema().as_struct() == SCHEMA.as_struct()
    assert len(loaded.spec().fields) == 2 and len(loaded.sort_order().fields) == 1
    assert loaded.metadata.next_row_id == 0


def test_a_v3_table_evolves(catalog, table):
    with table.update_schema() as change:
        change.add_column("later", StringType())
    with table.transaction() as change:
        change.set_properties(a="1")
    with table.update_spec() as change:
        change.remove_field("id_bucket")
    loaded = catalog.load_table(table.name())
    assert "later" in loaded.schema().column_names and loaded.format_version == 3
    assert len(loaded.specs()) == 2 and loaded.properties["a"] == "1"


def test_default_values_and_unknown_fields_are_kept(catalog, namespace):
    """Sent as raw JSON: the client's own model would drop what it does not know."""
    body = {
        "name": "raw",
        "schema": {
            "type": "struct",
            "schema-id": 0,
            "fields": [
                {"id": 1, "name": "id", "required": True, "type": "long", "initial-default": 7, "write-default": 8},
                {"id": 2, "name": "v", "required": False, "type": "variant"},
                {"id": 3, "name": "g", "required": False, "type": "geometry(srid:3857)"},
                {"id": 4, "name": "h", "required": False, "type": "geography(srid:4326, spherical)"},
            ],
        },
        "properties": {"format-version": "3"},
    }
    created = catalog._session.post(catalog.url("namespaces/{namespace}/tables", namespace=namespace[0]), json=body)
    assert created.status_code == 200, created.text
    loaded = catalog._session.get(catalog.url("namespaces/{namespace}/tables/raw", namespace=namespace[0])).json()
    fields = loaded["metadata"]["schemas"][0]["fields"]
    assert [f["type"] for f in fields] == ["long", "variant", "geometry(srid:3857)", "geography(srid:4326, spherical)"]
    assert (fields[0]["initial-default"], fields[0]["write-default"]) == (7, 8)
