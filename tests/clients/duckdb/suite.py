"""DuckDB's Iceberg extension, the tests beside this file."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import asdict
from pathlib import Path

import install
from harness import Catalog, Mode, Services
from outcome import Outcome, from_junit

HERE = Path(__file__).resolve().parent
MODES = [Mode.PG_MINIO]


def run(services: Services, mode: Mode) -> Outcome:
    python = install.venv("duckdb", HERE / "requirements.txt")
    with Catalog(services, mode, "duckdb") as catalog:
        report = catalog.logs / "report.xml"
        command = [str(python), "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", str(HERE), str(HERE)]
        command += ["-p", "no:cacheprovider", "--import-mode=importlib", f"--junitxml={report}"]
        settings = {"uri": catalog.catalog_url, "warehouse": catalog.warehouse}
        settings |= {"s3": asdict(catalog.s3)} if catalog.s3 else {}
        env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        with (catalog.logs / "pytest.log").open("wb") as log:
            env |= {"DUCKDB_SCENARIO": json.dumps(settings)}
            subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, env=env, timeout=600)
        return from_junit(report)
