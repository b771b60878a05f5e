"""Lakekeeper's own Python client, with Keycloak: the tests beside this file."""

from __future__ import annotations

import json
from pathlib import Path

import install
from harness import Catalog, Login, Mode, Services
from outcome import Outcome
from pytests import Tests

HERE = Path(__file__).resolve().parent
MODES = [Mode.PG_MINIO_VENDED]


def run(services: Services, mode: Mode) -> Outcome:
    if mode is not Mode.PG_MINIO_VENDED:
        raise install.Missing("the client has no keys of a storage: run it with --mode pg-minio-vended")
    python = install.venv("pylakekeeper", HERE / "requirements.txt")
    keycloak = services.keycloak()
    with Catalog(services, mode, "pylakekeeper", login=Login.at(keycloak)) as catalog:
        told = {"url": catalog.url, "issuer": keycloak.issuer, "token_endpoint": keycloak.token_endpoint}
        return Tests(python, [HERE], catalog.logs).run({"PYLAKEKEEPER_SCENARIO": json.dumps(told)})
