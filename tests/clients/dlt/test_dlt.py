"""What dlt loads, read back by PyIceberg."""

from __future__ import annotations

import json
import os
from typing import Any

import dlt
import pytest

TOLD = json.loads(os.environ["DLT_SCENARIO"])


@pytest.fixture(scope="session")
def reader():
    names: dict[str, Any] = {}
    exec(TOLD["reader"], names)
    return names["catalog"]


@pytest.fixture
def load(request: pytest.FixtureRequest):
    """Loads rows into a table of a dataset that is named like the test."""
    dataset = request.node.name.removeprefix("test_")[:40]

    def run(table: str, rows: list[dict[str, Any]], disposition: Any = "append", **hints: Any) -> str:
        pipeline = dlt.pipeline(dataset, destination="filesystem", dataset_name=dataset)
        source = dlt.resource(rows, name=table, write_disposition=disposition, table_format="iceberg", **hints)
        pipeline.run(source).raise_on_failed_jobs()
        return f"{dataset}.{table}"

    return run


def rows(reader, table: str, *columns: str) -> list[tuple[Any, ...]]:
    read = reader.load_table(table).scan(selected_fields=columns).to_arrow().to_pylist()
    return sorted(tuple(row[name] for name in columns) for row in read)


def test_rows_are_appended(reader, load) -> None:
    load("fruits", [{"id": 1, "name": "apple"}, {"id": 2, "name": "pear"}])
    table = load("fruits", [{"id": 3, "name": "plum"}])
    assert rows(reader, table, "id", "name") == [(1, "apple"), (2, "pear"), (3, "plum")]
    assert len(reader.load_table(table).snapshots()) == 2


def test_a_new_column_becomes_one_of_the_table(reader, load) -> None:
    load("fruits", [{"id": 1, "name": "apple"}])
    table = load("fruits", [{"id": 2, "name": "pear", "price": 0.25, "organic": True}])
    assert rows(reader, table, "id", "price", "organic") == [(1, None, None), (2, 0.25, True)]
    assert {"price", "organic"} <= set(reader.load_table(table).schema().column_names)


def test_rows_are_merged_by_their_key(reader, load) -> None:
    upsert = {"disposition": "merge", "strategy": "upsert"}
    load("fruits", [{"id": 1, "name": "apple"}, {"id": 2, "name": "pear"}], upsert, primary_key="id")
    table = load("fruits", [{"id": 2, "name": "quince"}, {"id": 3, "name": "plum"}], upsert, primary_key="id")
    assert rows(reader, table, "id", "name") == [(1, "apple"), (2, "quince"), (3, "plum")]


def test_a_table_is_replaced(reader, load) -> None:
    load("fruits", [{"id": 1}, {"id": 2}], "replace")
    table = load("fruits", [{"id": 3}], "replace")
    assert rows(reader, table, "id") == [(3,)]


def test_lists_in_rows_become_tables_beside(reader, load) -> None:
    table = load("orders", [{"id": 1, "items": [{"fruit": "apple", "count": 2}, {"fruit": "pear", "count": 1}]}])
    assert rows(reader, f"{table}__items", "fruit", "count") == [("apple", 2), ("pear", 1)]
