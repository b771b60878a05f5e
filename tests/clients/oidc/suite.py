"""Who is let in, with Keycloak as the identity provider: the tests beside this file."""

from __future__ import annotations

import json
from pathlib import Path

import install
from harness import Catalog, Login, Mode, Services
from outcome import Outcome
from pytests import Tests
from services.keycloak import ENGINE, SCOPE

HERE = Path(__file__).resolve().parent
MODES = [Mode.SQLITE_LOCAL]


def run(services: Services, mode: Mode) -> Outcome:
    python = install.venv("pyiceberg", HERE.parent / "pyiceberg/requirements.txt")
    keycloak = services.keycloak()
    with Catalog(services, mode, "oidc", login=Login.at(keycloak)) as catalog:
        told = {
            "url": catalog.url,
            "issuer": keycloak.issuer,
            "token_endpoint": keycloak.token_endpoint,
            "properties": catalog.client_properties
            | {"credential": ":".join(ENGINE), "scope": SCOPE, "oauth2-server-uri": keycloak.token_endpoint},
        }
        found = Tests(python, [HERE], catalog.logs).run({"OIDC_SCENARIO": json.dumps(told)})
        return found if not _tokens_in(catalog.logs / "server.log") else _told(found)


def _tokens_in(log: Path) -> bool:
    """Every JWT starts like this: base64 of `{"`."""
    return "eyJ" in log.read_text()


def _told(found: Outcome) -> Outcome:
    failures = found.failures | {"no token is in the server's log": "there is `eyJ` in server.log"}
    return Outcome(found.passed, failures, found.excused, found.skipped)
