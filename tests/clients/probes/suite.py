"""What the access that engines are given reaches, and what it does not: every operation at every place, tried with boto3.

With vended credentials, for a caller who may write and for one who may only read; where requests are signed, at each address that signs, by the
warehouse's own key and by sessions.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import asdict
from pathlib import Path

import install
from harness import Catalog, Mode, Services, Storage
from outcome import Outcome

HERE = Path(__file__).resolve().parent
MODES = [Mode.PG_MINIO_VENDED, Mode.PG_MINIO_SIGNED]


def run(services: Services, mode: Mode) -> Outcome:
    if mode not in MODES:
        raise install.Missing("nothing is vended or signed but in the modes pg-minio-vended and pg-minio-signed")
    if mode is Mode.PG_MINIO_VENDED:
        return _probed("vended", services, mode, Storage(root="probes-vended"))
    found = _probed("signed", services, mode, Storage(root="probes-signed"))
    by_sessions = Storage(root="probes-sessions", settings={"sts-enabled": True})
    found.add(_probed("signed", services, mode, by_sessions))
    return found


def _probed(name: str, services: Services, mode: Mode, storage: Storage) -> Outcome:
    python = install.venv("probes", HERE / "requirements.txt")
    with Catalog(services, mode, storage.root, storage) as catalog:
        findings = catalog.logs / "findings.json"
        settings = {"uri": catalog.catalog_url, "warehouse": catalog.warehouse, "findings": str(findings)}
        settings["delegation"] = "vended-credentials" if name == "vended" else "remote-signing"
        settings |= {"s3": asdict(catalog.s3)} if catalog.s3 else {}
        env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")} | {"PROBES": json.dumps(settings)}
        log = catalog.logs / "probes.log"
        with log.open("wb") as out:
            subprocess.run([str(python), str(HERE / f"{name}.py")], stdout=out, stderr=subprocess.STDOUT, env=env, timeout=600)
        text = log.read_text(errors="replace")
        if not findings.exists():
            return Outcome(failures={name: "\n".join(["the probes ended without findings", *text.splitlines()[-8:]])})
        print(text, end="", flush=True)
        found = json.loads(findings.read_text())
        failures = {f"{storage.root}: {what}": text for what, text in found["failures"].items()}
        return Outcome(passed=found["passed"], failures=failures)
