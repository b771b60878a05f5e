"""PyIceberg's own integration tests, taken from its source distribution and pointed at our server.

They expect a catalog at a fixed address, MinIO with a bucket `warehouse`, and a Spark Connect server; `pointing.py`
redirects all three, and leaves out what needs something else.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import install
from harness import Catalog, Mode, Services
from outcome import Outcome, from_junit
from paths import CLIENTS
from profiles import Storage

HERE = Path(__file__).resolve().parent
SPARK = CLIENTS / "spark"
MODES = [Mode.PG_MINIO]

SOURCE = "pyiceberg==0.12.0"
BUCKET = "warehouse"

SKIPPED_BY_THEM = {
    "not_nan_count": "skipped in their source: a NaN in Arrow",
    "test_bodo_nan": "skipped in their source: Bodo",
    "test_v3_write_and_read_row_lineage": "skipped in their source: PyIceberg does not write v3 yet",
}


def run(services: Services, mode: Mode) -> Outcome:
    install.java()
    jars = install.jars("spark", SPARK / "pom.xml")
    python = install.venv("spark", SPARK / "requirements.txt")
    source = install.source_of(SOURCE)
    with Catalog(services, mode, "pyiceberg-own", Storage(root=BUCKET, prefix=None)) as catalog:
        copied = catalog.folder / "tests"
        # only the tests: beside the sources they would import an unbuilt package
        shutil.copytree(source / "tests", copied / "tests")
        report = catalog.logs / "report.xml"
        settings = {"catalog": _settings(catalog), "jars": str(jars), "provision": str(source / "dev/provision.py")}
        command = [str(python), "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", str(copied), "tests/integration"]
        command += ["-p", "pointing", "-p", "no:cacheprovider", "--timeout=300", f"--junitxml={report}"]
        env = {k: v for k, v in os.environ.items() if not k.startswith(("SPARK_", "AWS_", "PYICEBERG_"))}
        env |= {"POINTING": json.dumps(settings), "PYTHONPATH": f"{HERE}:{copied}", "SPARK_LOCAL_IP": "127.0.0.1"}
        # some of them open a file without saying the region
        env |= {"AWS_REGION": catalog.s3.region} if catalog.s3 else {}
        with (catalog.logs / "pytest.log").open("wb") as log:
            subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, env=env, cwd=copied, timeout=3600)
        return from_junit(report).excuse(SKIPPED_BY_THEM)


def _settings(catalog: Catalog) -> dict[str, str]:
    if not catalog.s3:
        raise install.Missing("these tests write to s3://warehouse: run them with --mode pg-minio")
    return {
        "uri": catalog.catalog_url,
        "warehouse": catalog.warehouse,
        "s3.endpoint": catalog.s3.endpoint,
        "s3.region": catalog.s3.region,
        "s3.access-key-id": catalog.s3.access_key,
        "s3.secret-access-key": catalog.s3.secret_key,
        "supports_slash_in_identifier": "true",
    }
