"""Who is let in, with Keycloak as the identity provider: the tests beside this file."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import install
from harness import Catalog, Login, Mode, Services
from outcome import Outcome, from_junit
from services.keycloak import AUDIENCE, ENGINE, SCOPE

HERE = Path(__file__).resolve().parent
MODES = [Mode.SQLITE_LOCAL]


def run(services: Services, mode: Mode) -> Outcome:
    python = install.venv("pyiceberg", HERE.parent / "pyiceberg/requirements.txt")
    keycloak = services.keycloak()
    settings = {"LAKEKEEPER__OPENID_PROVIDER_URI": keycloak.issuer, "LAKEKEEPER__OPENID_AUDIENCE": AUDIENCE}
    login = Login(settings, keycloak.client_token)
    with Catalog(services, mode, "oidc", login=login) as catalog:
        told = {
            "url": catalog.url,
            "issuer": keycloak.issuer,
            "token_endpoint": keycloak.token_endpoint,
            "properties": catalog.client_properties
            | {"credential": ":".join(ENGINE), "scope": SCOPE, "oauth2-server-uri": keycloak.token_endpoint},
        }
        report = catalog.logs / "report.xml"
        command = [str(python), "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", str(HERE), str(HERE)]
        command += ["-p", "no:cacheprovider", "--import-mode=importlib", f"--junitxml={report}"]
        env = {k: v for k, v in os.environ.items() if not k.startswith(("PYICEBERG_", "AWS_"))}
        env |= {"OIDC_SCENARIO": json.dumps(told), "PYTHONPATH": str(HERE.parent)}
        with (catalog.logs / "pytest.log").open("wb") as log:
            subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, env=env, timeout=600)
        found = from_junit(report)
        return found if not _tokens_in(catalog.logs / "server.log") else _told(found)


def _tokens_in(log: Path) -> bool:
    """Every JWT starts like this: base64 of `{"`."""
    return "eyJ" in log.read_text()


def _told(found: Outcome) -> Outcome:
    failures = found.failures | {"no token is in the server's log": "there is `eyJ` in server.log"}
    return Outcome(found.passed, failures, found.excused, found.skipped)
