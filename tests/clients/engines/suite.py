"""PyIceberg, Spark and DuckDB by the settings in docs/engines.md: of one catalog that asks nobody who they are, and of one that Keycloak guards."""

from __future__ import annotations

import json
from pathlib import Path

import install
from harness import Catalog, Login, Mode, Services
from outcome import Outcome
from paths import CLIENTS
from pytests import Tests

HERE = Path(__file__).resolve().parent
MODES = [Mode.PG_MINIO_VENDED]


def run(services: Services, mode: Mode) -> Outcome:
    if mode is not Mode.PG_MINIO_VENDED:
        raise install.Missing("the page has no keys of a storage: run it with --mode pg-minio-vended")
    install.java()
    jars = install.jars("spark", CLIENTS / "spark/pom.xml")
    keycloak = services.keycloak()
    found = Outcome()
    with (
        Catalog(services, mode, "engines-open") as opened,
        Catalog(services, mode, "engines", login=Login.at(keycloak)) as catalog,
    ):
        told = {"open": opened.url, "url": catalog.url, "token_endpoint": keycloak.token_endpoint}
        told |= {"jars": str(jars), "folder": str(catalog.folder)}
        for engine in ("pyiceberg", "duckdb", "spark"):
            python = install.venv(engine, CLIENTS / engine / "requirements.txt")
            tests = Tests(python, [HERE / f"test_{engine}.py"], catalog.logs, engine)
            found.add(tests.run({"ENGINES": json.dumps(told)}))
    return found
