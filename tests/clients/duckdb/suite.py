"""DuckDB's Iceberg extension, the tests beside this file."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import install
from harness import Catalog, Mode, Services
from outcome import Outcome
from pytests import Tests

HERE = Path(__file__).resolve().parent
MODES = [Mode.SQLITE_LOCAL, Mode.PG_MINIO]


def run(services: Services, mode: Mode) -> Outcome:
    python = install.venv("duckdb", HERE / "requirements.txt")
    with Catalog(services, mode, "duckdb") as catalog:
        settings = {"uri": catalog.catalog_url, "warehouse": catalog.warehouse}
        settings |= {"s3": asdict(catalog.s3)} if catalog.s3 else {}
        return Tests(python, [HERE], catalog.logs).run({"DUCKDB_SCENARIO": json.dumps(settings)})
