"""A catalog client and a namespace of its own for every test."""

from __future__ import annotations

import json
import os
import socket
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import NoSuchNamespaceError
from pyiceberg.io import FileIO
from pyiceberg.io.pyarrow import PyArrowFileIO

PEOPLE = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("name", pa.string()),
        pa.field("city", pa.string()),
        pa.field("born", pa.timestamp("us")),
    ]
)


SETTINGS = json.loads(os.environ["PYICEBERG_SCENARIO"])


def _resolve_names_below_localhost() -> None:
    """RFC 6761: they lead to this machine, whether or not its resolver knows."""
    resolve = socket.getaddrinfo

    def resolved(host: str | bytes | None, *rest: Any, **named: Any) -> Any:
        is_local = isinstance(host, str) and host.endswith(".localhost")
        return resolve("127.0.0.1" if is_local else host, *rest, **named)

    socket.getaddrinfo = resolved


_resolve_names_below_localhost()


@pytest.fixture(scope="session")
def properties() -> dict[str, str]:
    return SETTINGS["catalog"]


@pytest.fixture(scope="session")
def catalog(properties: dict[str, str]) -> Catalog:
    return load_catalog("scenario", **properties)


@pytest.fixture
def namespace(catalog: Catalog) -> Iterator[tuple[str, ...]]:
    """An empty namespace, dropped with everything below it."""
    name = (f"ns_{uuid.uuid4().hex[:8]}",)
    catalog.create_namespace(name)
    yield name
    drop_tree(catalog, name)


@pytest.fixture
def people() -> pa.Table:
    rows = [(1, "ada", "london"), (2, "grace", "new york"), (3, "linus", "helsinki"), (4, "guido", "haarlem")]
    return pa.Table.from_pylist(
        [{"id": i, "name": n, "city": c, "born": 1_000_000 * i} for i, n, c in rows], schema=PEOPLE
    )


@pytest.fixture(scope="session")
def behind() -> Callable[[FileIO], FileIO]:
    """A look behind the catalog, which signs nothing for the files of what is not there any more; elsewhere the client's own means."""
    if "s3" not in SETTINGS:
        return lambda own: own
    s3 = SETTINGS["s3"]
    keys = {"s3.access-key-id": s3["access_key"], "s3.secret-access-key": s3["secret_key"]}
    store = PyArrowFileIO(keys | {"s3.endpoint": s3["endpoint"], "s3.region": s3["region"]})
    return lambda _: store


def drop_tree(catalog: Catalog, name: tuple[str, ...]) -> None:
    try:
        for child in catalog.list_namespaces(name):
            drop_tree(catalog, child)
        for table in catalog.list_tables(name):
            catalog.drop_table(table)
        for view in catalog.list_views(name):
            catalog.drop_view(view)
        catalog.drop_namespace(name)
    except NoSuchNamespaceError:
        pass
