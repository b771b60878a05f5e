"""Spark 4 with the Iceberg runtime: the SQL that people write, the tests beside this file."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict
from pathlib import Path

import install
from harness import Catalog, Mode, Services
from outcome import Outcome
from profiles import AzureAccess
from pytests import Tests

HERE = Path(__file__).resolve().parent
MODES = [Mode.SQLITE_LOCAL, Mode.PG_MINIO, Mode.PG_MINIO_VENDED, Mode.PG_MINIO_SIGNED]
LONG_MODES = [Mode.PG_GCS_VENDED, Mode.PG_AZURITE_VENDED]


def run(services: Services, mode: Mode) -> Outcome:
    install.java()
    jars = install.jars("spark", HERE / "pom.xml")
    python = install.venv("spark", HERE / "requirements.txt")
    with Catalog(services, mode, "spark") as catalog:
        properties = catalog.client_properties
        if mode is Mode.PG_MINIO_SIGNED:
            # Spark deletes the files itself otherwise, after it has dropped the table: then nothing is signed for them any more.
            properties |= {"rest-catalog-purge": "true"}
        settings = {"catalog": properties, "jars": str(jars), "folder": str(catalog.folder)}
        settings |= {"store": asdict(catalog.store)} if catalog.store else {}
        if isinstance(catalog.store, AzureAccess):
            settings["hosts"] = str(_hosts(catalog.folder / "hosts", catalog.store.account))
        tests = Tests(python, [HERE], catalog.logs, seconds=2400)
        return tests.run({"SPARK_SCENARIO": json.dumps(settings)}, "--timeout=300")


def _hosts(file: Path, account: str) -> Path:
    """For Java: names below `localhost` lead to this machine (RFC 6761), but its resolver may not know."""
    names = ["localhost", platform.node(), *(f"{account}.{service}.localhost" for service in ("blob", "dfs"))]
    file.write_text("".join(f"127.0.0.1 {name}\n" for name in names))
    return file
