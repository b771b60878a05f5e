"""An end-to-end scenario in PyIceberg, the tests beside this file."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import asdict
from pathlib import Path

import install
from harness import Catalog, Mode, Services
from outcome import Outcome, from_junit
from profiles import AzureAccess

HERE = Path(__file__).resolve().parent
MODES = [Mode.SQLITE_LOCAL, Mode.PG_MINIO, Mode.PG_MINIO_VENDED, Mode.PG_MINIO_SIGNED, Mode.PG_GCS_VENDED, Mode.PG_AZURITE_VENDED]


def run(services: Services, mode: Mode) -> Outcome:
    python = install.venv("pyiceberg", HERE / "requirements.txt")
    with Catalog(services, mode, "pyiceberg") as catalog:
        report = catalog.logs / "report.xml"
        command = [str(python), "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", str(HERE), str(HERE)]
        command += ["-p", "no:cacheprovider", "--import-mode=importlib", f"--junitxml={report}"]
        if not mode.has_our_checks:
            command.append(f"--ignore={HERE / 'test_reach_by_our_own_checks.py'}")
        with (catalog.logs / "pytest.log").open("wb") as log:
            properties, env = catalog.client_properties, clean_environment()
            if isinstance(catalog.store, AzureAccess):
                # PyIceberg's own choice, but for tables that are staged: there it takes PyArrow, which cannot use signatures
                properties["py-io-impl"] = "pyiceberg.io.fsspec.FsspecFileIO"
                env["SSL_CERT_FILE"] = catalog.store.certificate
            settings = {"catalog": properties} | ({"s3": asdict(catalog.s3)} if catalog.s3 else {})
            env["PYICEBERG_SCENARIO"] = json.dumps(settings)
            subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, env=env, timeout=1200)
        return from_junit(report)


def clean_environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(("PYICEBERG_", "AWS_"))}
