"""Keys that end after 15 minutes, the shortest that MinIO gives, outlived by one statement of Spark and by a loop in boto3.

Both get new ones at `GET …/credentials`. MinIO must refuse the first ones after their end, while both go on.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import install
from harness import Catalog, Mode, Services, Storage
from outcome import Outcome
from paths import CLIENTS

HERE = Path(__file__).resolve().parent
SPARK = CLIENTS / "spark"
MODES = [Mode.PG_MINIO_VENDED]

VALID_SECONDS = 900
RUN_SECONDS = 1020


def run(services: Services, mode: Mode) -> Outcome:
    if mode is not Mode.PG_MINIO_VENDED:
        raise install.Missing("there are no keys that end but in mode pg-minio-vended")
    install.java()
    jars = install.jars("spark", SPARK / "pom.xml")
    python = install.venv("spark", SPARK / "requirements.txt")
    storage = Storage(root="lake-refresh", settings={"sts-token-validity-seconds": VALID_SECONDS})
    with Catalog(services, mode, "refresh", storage) as catalog:
        settings = {"catalog": catalog.client_properties, "jars": str(jars)}
        settings |= {"seconds": RUN_SECONDS, "valid_seconds": VALID_SECONDS}
        settings |= {"s3": asdict(catalog.s3), "folder": str(catalog.folder)} if catalog.s3 else {}
        jobs = [_start(python, name, catalog, settings) for name in ("loop", "statement")]
        for job in jobs:
            job.wait(timeout=RUN_SECONDS + 600)
        return _judge(catalog)


def _start(python: Path, name: str, catalog: Catalog, settings: dict[str, Any]) -> subprocess.Popen[bytes]:
    foreign = ("AWS_", "SPARK_", "HADOOP_", "PYSPARK_", "PYICEBERG_")
    env = {k: v for k, v in os.environ.items() if not k.startswith(foreign)} | {"SPARK_LOCAL_IP": "127.0.0.1"}
    env |= {"REFRESH": json.dumps(settings | {"findings": str(_findings(catalog, name))})}
    with (catalog.logs / f"{name}.log").open("wb") as log:
        return subprocess.Popen([str(python), str(HERE / f"{name}.py")], stdout=log, stderr=subprocess.STDOUT, env=env)


def _findings(catalog: Catalog, name: str) -> Path:
    return catalog.logs / f"{name}.json"


def _judge(catalog: Catalog) -> Outcome:
    """Each job says which of its expectations were met."""
    found = Outcome()
    for name in ("loop", "statement"):
        findings = _findings(catalog, name)
        if not findings.exists():
            log = (catalog.logs / f"{name}.log").read_text(errors="replace").splitlines()
            found.failures[name] = "\n".join(["it ended without findings", *log[-8:]])
            continue
        for text, is_met in json.loads(findings.read_text()).items():
            print(f"  {name}: {text}" if is_met else f"  {name}: NOT {text}", flush=True)
            if is_met:
                found.passed += 1
            else:
                found.failures[f"{name}: {text}"] = "not so"
    return found
