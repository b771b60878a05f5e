"""Changes that a verifier of contracts denies, as PyIceberg's users see it."""

from __future__ import annotations

import json
from pathlib import Path

import install
from harness import Catalog, Mode, Services
from outcome import Outcome
from pytests import Tests
from services.verifier import Verifier

HERE = Path(__file__).resolve().parent
MODES = [Mode.SQLITE_LOCAL]


def run(services: Services, mode: Mode) -> Outcome:
    python = install.venv("pyiceberg", HERE.parent / "pyiceberg" / "requirements.txt")
    with Verifier() as verifier:
        settings = {"LAKEKEEPER__CONTRACT_VERIFICATION__URL": verifier.url}
        with Catalog(services, mode, "approval", settings=settings) as catalog:
            told = {"APPROVAL": json.dumps({"catalog": catalog.client_properties, "reason": verifier.reason})}
            return Tests(python, [HERE], catalog.logs).run(told)
