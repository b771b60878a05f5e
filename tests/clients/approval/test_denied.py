"""What is denied stays as it is, and whoever wanted it reads why."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import ForbiddenError
from pyiceberg.schema import Schema
from pyiceberg.types import LongType, NestedField, StringType

SETTINGS = json.loads(os.environ["APPROVAL"])
SCHEMA = Schema(NestedField(1, "id", LongType()), NestedField(2, "name", StringType()))
ROWS = pa.table({"id": [1, 2], "name": ["a", "b"]})


@pytest.fixture(scope="module")
def catalog() -> Iterator[Catalog]:
    catalog = load_catalog("approval", **SETTINGS["catalog"])
    catalog.create_namespace("approval")
    for name in ("kept", "free"):
        catalog.create_table(f"approval.{name}", SCHEMA)
    yield catalog


def reads_why(refused: pytest.ExceptionInfo) -> bool:
    return SETTINGS["reason"] in str(refused.value)


def test_rows_are_not_added(catalog: Catalog) -> None:
    with pytest.raises(ForbiddenError) as refused:
        catalog.load_table("approval.kept").append(ROWS)
    assert reads_why(refused)
    assert len(catalog.load_table("approval.kept").scan().to_arrow()) == 0
    catalog.load_table("approval.free").append(ROWS)
    assert len(catalog.load_table("approval.free").scan().to_arrow()) == 2


def test_columns_stay(catalog: Catalog) -> None:
    with pytest.raises(ForbiddenError) as refused, catalog.load_table("approval.kept").update_schema() as update:
        update.delete_column("name")
    assert reads_why(refused)
    assert catalog.load_table("approval.kept").schema().column_names == ["id", "name"]


def test_names_stay(catalog: Catalog) -> None:
    with pytest.raises(ForbiddenError) as refused:
        catalog.rename_table("approval.kept", "approval.renamed")
    assert reads_why(refused)
    catalog.rename_table("approval.free", "approval.renamed")
    catalog.rename_table("approval.renamed", "approval.free")


def test_nothing_is_dropped(catalog: Catalog) -> None:
    with pytest.raises(ForbiddenError) as refused:
        catalog.drop_table("approval.kept")
    assert reads_why(refused)
    with pytest.raises(ForbiddenError) as refused:
        catalog.purge_table("approval.kept")
    assert reads_why(refused)
    assert catalog.table_exists("approval.kept")
    catalog.drop_table("approval.free")
    assert not catalog.table_exists("approval.free")
