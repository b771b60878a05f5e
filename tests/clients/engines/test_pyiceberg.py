"""PyIceberg as docs/engines.md sets it up."""

import pyarrow as pa
import pytest
from lake import LAKE, OPEN
from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError
from services.keycloak import STRANGER

ROWS = pa.table({"id": [1, 2, 3], "word": ["a", "b", "c"]})


def catalog_of(block: str):
    names = {}
    exec(block, names)
    return names["catalog"]


def test_without_login_it_creates_writes_and_reads() -> None:
    write_and_read(catalog_of(OPEN("PyIceberg")))


def test_with_client_credentials_it_creates_writes_and_reads() -> None:
    write_and_read(catalog_of(LAKE.settings("PyIceberg")))


def write_and_read(catalog) -> None:
    catalog.create_namespace("snakes")
    table = catalog.create_table("snakes.words", ROWS.schema)
    table.append(ROWS)
    assert catalog.load_table("snakes.words").scan(row_filter="id > 1").to_arrow().num_rows == 2


def test_a_caller_sees_the_one_table_that_was_given_to_them() -> None:
    ours = catalog_of(LAKE.settings("PyIceberg"))
    ours.create_namespace("vault")
    for name in ("shown", "hidden"):
        ours.create_table(f"vault.{name}", ROWS.schema).append(ROWS)
    LAKE.give("select", STRANGER, "vault", "shown")
    theirs = catalog_of(LAKE.settings("PyIceberg", STRANGER))
    assert theirs.list_tables("vault") == [("vault", "shown")]
    assert theirs.load_table("vault.shown").scan().to_arrow().num_rows == 3
    with pytest.raises((NoSuchTableError, NoSuchNamespaceError)):
        theirs.load_table("vault.hidden")
