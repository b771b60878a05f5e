"""A Go program with Apache's iceberg-go, which opens the catalog as docs/engines.md says."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import install
from documented import Page
from guarded import Guarded
from harness import Catalog, Login, Mode, Services
from outcome import Outcome, from_go_test
from services.keycloak import STRANGER

HERE = Path(__file__).resolve().parent
MODES = [Mode.PG_MINIO_VENDED]
COLUMNS = [{"id": 1, "name": "id", "type": "long", "required": False}, {"id": 2, "name": "word", "type": "string", "required": False}]


def run(services: Services, mode: Mode) -> Outcome:
    if mode is not Mode.PG_MINIO_VENDED:
        raise install.Missing("the page has no keys of a storage: run it with --mode pg-minio-vended")
    go = install.go()
    keycloak = services.keycloak()
    with (
        Catalog(services, mode, "go-client-open") as opened,
        Catalog(services, mode, "go-client", login=Login.at(keycloak)) as catalog,
    ):
        lake = Guarded(catalog.url, keycloak.token_endpoint)
        program = catalog.folder / "program"
        shutil.copytree(HERE, program, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        _opening(program, "withoutLogin", Page(opened.url).without_login("Go"))
        _opening(program, "withLogin", lake.settings("Go"))
        _opening(program, "asStranger", lake.settings("Go", STRANGER))
        _burrow(catalog, lake)
        log = catalog.logs / "go.log"
        with log.open("wb") as out:
            command = [go, "test", "-mod=readonly", "-count=1", "-json", "./..."]
            env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
            subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, env=env, cwd=program, timeout=1200)
        return from_go_test(log)


def _opening(program: Path, name: str, block: str) -> None:
    (program / f"{name.lower()}.go").write_text(block.replace("func open(", f"func {name}("))


def _burrow(catalog: Catalog, lake: Guarded) -> None:
    """Two tables, of which the stranger may read one."""
    prefix = catalog.call("GET", f"/catalog/v1/config?warehouse={catalog.warehouse}")["defaults"]["prefix"]
    catalog.call("POST", f"/catalog/v1/{prefix}/namespaces", {"namespace": ["burrow"]})
    for name in ("shown", "hidden"):
        table = {"name": name, "schema": {"type": "struct", "fields": COLUMNS}}
        catalog.call("POST", f"/catalog/v1/{prefix}/namespaces/burrow/tables", table)
    lake.give("select", STRANGER, "burrow", "shown")
