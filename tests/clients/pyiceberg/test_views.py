"""Views, as far as PyIceberg goes: create, load, list, exists, register, drop."""

import time

import pytest
from pyiceberg.exceptions import NoSuchViewError, TableAlreadyExistsError, ViewAlreadyExistsError
from pyiceberg.schema import Schema
from pyiceberg.types import LongType, NestedField
from pyiceberg.view.metadata import SQLViewRepresentation, ViewVersion

SCHEMA = Schema(NestedField(1, "id", LongType(), required=False))


def version(sql: str) -> ViewVersion:
    return ViewVersion(
        version_id=1,
        schema_id=0,
        timestamp_ms=int(time.time() * 1000),
        summary={"engine-name": "scenario"},
        representations=[SQLViewRepresentation(type="sql", sql=sql, dialect="spark")],
        default_namespace=["default"],
    )


def test_a_view_lives_and_dies(catalog, namespace):
    name = (*namespace, "v")
    created = catalog.create_view(name, SCHEMA, version("SELECT 1 AS id"), properties={"comment": "one"})
    loaded = catalog.load_view(name)
    assert loaded == created and loaded.metadata.properties["comment"] == "one"
    assert loaded.metadata.versions[0].representations[0].root.sql == "SELECT 1 AS id"
    assert catalog.list_views(namespace) == [name] and catalog.list_tables(namespace) == []
    assert catalog.view_exists(name)
    catalog.drop_view(name)
    assert not catalog.view_exists(name)
    with pytest.raises(NoSuchViewError):
        catalog.load_view(name)


def test_tables_and_views_share_their_names(catalog, namespace):
    catalog.create_view((*namespace, "v"), SCHEMA, version("SELECT 1 AS id"))
    with pytest.raises(ViewAlreadyExistsError):
        catalog.create_view((*namespace, "v"), SCHEMA, version("SELECT 2 AS id"))
    with pytest.raises(TableAlreadyExistsError):
        catalog.create_table((*namespace, "v"), SCHEMA)
    assert not catalog.table_exists((*namespace, "v"))


def test_a_dropped_view_can_be_registered_again(catalog, behind, namespace):
    created = catalog.create_view((*namespace, "v"), SCHEMA, version("SELECT 1 AS id"))
    # the client does not say where a view's metadata is
    answer = catalog._session.get(catalog.url("namespaces/{namespace}/views/v", namespace=namespace[0])).json()
    location = answer["metadata-location"]
    io = behind(catalog._load_file_io(answer.get("config", {}), location))
    with io.new_input(location).open() as file:
        saved = file.read()
    catalog.drop_view((*namespace, "v"))
    if not io.new_input(location).exists():
        with io.new_output(location).create() as file:
            file.write(saved)
    back = catalog.register_view((*namespace, "again"), location)
    assert back.metadata.view_uuid == created.metadata.view_uuid
    assert catalog.load_view((*namespace, "again")).metadata == back.metadata
