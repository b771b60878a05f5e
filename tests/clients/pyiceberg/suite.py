"""An end-to-end scenario in PyIceberg, the tests beside this file."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import install
from harness import Catalog, Mode, Services
from outcome import Outcome, from_junit

HERE = Path(__file__).resolve().parent
MODES = [Mode.SQLITE_LOCAL, Mode.PG_MINIO, Mode.PG_MINIO_VENDED]


def run(services: Services, mode: Mode) -> Outcome:
    python = install.venv("pyiceberg", HERE / "requirements.txt")
    with Catalog(services, mode, "pyiceberg") as catalog:
        report = catalog.logs / "report.xml"
        command = [str(python), "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", str(HERE), str(HERE)]
        command += ["-p", "no:cacheprovider", "--import-mode=importlib", f"--junitxml={report}"]
        with (catalog.logs / "pytest.log").open("wb") as log:
            env = clean_environment() | {"PYICEBERG_SCENARIO": json.dumps(catalog.client_properties)}
            subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, env=env, timeout=1200)
        return from_junit(report)


def clean_environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(("PYICEBERG_", "AWS_"))}
