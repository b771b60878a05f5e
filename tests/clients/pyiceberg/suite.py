"""An end-to-end scenario in PyIceberg, the tests beside this file."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import install
from harness import Catalog, Mode, Services
from outcome import Outcome
from profiles import AzureAccess
from pytests import Tests

HERE = Path(__file__).resolve().parent
MODES = [Mode.SQLITE_LOCAL, Mode.PG_MINIO, Mode.PG_MINIO_VENDED, Mode.PG_MINIO_SIGNED, Mode.PG_GCS_VENDED, Mode.PG_AZURITE_VENDED]


def run(services: Services, mode: Mode) -> Outcome:
    python = install.venv("pyiceberg", HERE / "requirements.txt")
    with Catalog(services, mode, "pyiceberg") as catalog:
        properties, told, options = catalog.client_properties, {}, []
        if not mode.has_our_checks:
            options.append(f"--ignore={HERE / 'test_reach_by_our_own_checks.py'}")
        if isinstance(catalog.store, AzureAccess):
            # PyIceberg's own choice, but for tables that are staged: there it takes PyArrow, which cannot use signatures
            properties["py-io-impl"] = "pyiceberg.io.fsspec.FsspecFileIO"
            told["SSL_CERT_FILE"] = catalog.store.certificate
        settings = {"catalog": properties} | ({"s3": asdict(catalog.s3)} if catalog.s3 else {})
        told["PYICEBERG_SCENARIO"] = json.dumps(settings)
        return Tests(python, [HERE], catalog.logs, seconds=1200).run(told, *options)
