"""Spark 4 with the Iceberg runtime: the SQL that people write, the tests beside this file."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from dataclasses import asdict
from pathlib import Path

import install
from harness import Catalog, Mode, Services
from outcome import Outcome, from_junit
from profiles import AzureAccess

HERE = Path(__file__).resolve().parent
MODES = [Mode.SQLITE_LOCAL, Mode.PG_MINIO, Mode.PG_MINIO_VENDED, Mode.PG_MINIO_SIGNED]
LONG_MODES = [Mode.PG_GCS_VENDED, Mode.PG_AZURITE_VENDED]


def run(services: Services, mode: Mode) -> Outcome:
    install.java()
    jars = install.jars("spark", HERE / "pom.xml")
    python = install.venv("spark", HERE / "requirements.txt")
    with Catalog(services, mode, "spark") as catalog:
        report = catalog.logs / "report.xml"
        properties = catalog.client_properties
        if mode is Mode.PG_MINIO_SIGNED:
            # Spark deletes the files itself otherwise, after it has dropped the table: then nothing is signed for them any more.
            properties |= {"rest-catalog-purge": "true"}
        settings = {"catalog": properties, "jars": str(jars), "folder": str(catalog.folder)}
        settings |= {"store": asdict(catalog.store)} if catalog.store else {}
        if isinstance(catalog.store, AzureAccess):
            settings["hosts"] = str(_hosts(catalog.folder / "hosts", catalog.store.account))
        command = [str(python), "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", str(HERE), str(HERE)]
        command += ["-p", "no:cacheprovider", "--import-mode=importlib", "--timeout=300", f"--junitxml={report}"]
        with (catalog.logs / "pytest.log").open("wb") as log:
            env = clean_environment() | {"SPARK_SCENARIO": json.dumps(settings)}
            subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, env=env, timeout=2400)
        return from_junit(report)


def _hosts(file: Path, account: str) -> Path:
    """For Java: names below `localhost` lead to this machine (RFC 6761), but its resolver may not know."""
    names = ["localhost", platform.node(), *(f"{account}.{service}.localhost" for service in ("blob", "dfs"))]
    file.write_text("".join(f"127.0.0.1 {name}\n" for name in names))
    return file


def clean_environment() -> dict[str, str]:
    """SPARK_HOME or HADOOP_HOME of this machine would bring other jars."""
    foreign = ("SPARK_", "HADOOP_", "AWS_", "PYSPARK_", "PYICEBERG_")
    return {k: v for k, v in os.environ.items() if not k.startswith(foreign)} | {"SPARK_LOCAL_IP": "127.0.0.1"}
