"""Bad input: requests made from our own API descriptions, and attacks made by hand. Never a 5xx, never silence."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import install
from harness import Catalog, Mode, Services
from outcome import Outcome, from_junit

HERE = Path(__file__).resolve().parent
MODES = [Mode.SQLITE_LOCAL, Mode.PG_LOCAL]
APIS = {"catalog": "/catalog", "management": "/management"}
EXAMPLES = "40"
# The same requests in every run, so that a failure is the change's; another seed by BAD_INPUT_SEED.
SEED = os.environ.get("BAD_INPUT_SEED", "1")


def run(services: Services, mode: Mode) -> Outcome:
    python = install.venv("bad_input", HERE / "requirements.txt")
    found = Outcome()
    with Catalog(services, mode, "bad_input") as catalog:
        found.add(_attacks(python, catalog))
        for name, path in APIS.items():
            found.add(_generated(python, catalog, name, path))
        if not catalog.alive():
            found.failures["alive"] = "the server died"
        if panics := _panics(catalog.logs):
            found.failures["panics"] = "\n".join(panics)
    return found


def _attacks(python: Path, catalog: Catalog) -> Outcome:
    report = catalog.logs / "attacks.xml"
    command = [str(python), "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", str(HERE), str(HERE)]
    command += ["-p", "no:cacheprovider", "--import-mode=importlib", f"--junitxml={report}"]
    settings = {"uri": catalog.catalog_url, "warehouse": catalog.warehouse}
    env = os.environ | {"BAD_INPUT": json.dumps(settings)}
    with (catalog.logs / "attacks.log").open("wb") as log:
        subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, env=env, timeout=600)
    return from_junit(report, "attacks: ")


def _generated(python: Path, catalog: Catalog, name: str, path: str) -> Outcome:
    """Requests that schemathesis makes of the description; the warehouse in the path is a real one."""
    base = catalog.catalog_url.removesuffix("/catalog")
    prefix = catalog.call("GET", f"/catalog/v1/config?warehouse={catalog.warehouse}")["defaults"]["prefix"]
    config = catalog.logs / f"schemathesis-{name}.toml"
    config.write_text(f'[parameters]\n"path.prefix" = "{prefix}"\n')
    log = catalog.logs / f"schemathesis-{name}.log"
    # By its module: the script beside Python names the place where the environment was made.
    command = [str(python), "-m", "schemathesis.cli", "--config-file", str(config), "run"]
    command += [f"{base}/api-docs/{name}/v1/openapi.json", "--url", f"{base}{path}"]
    command += ["--checks", "not_a_server_error", "--max-examples", EXAMPLES, "--phases", "coverage,fuzzing"]
    command += ["--seed", SEED, "--generation-database", "none"]
    with log.open("wb") as out:
        done = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, cwd=catalog.logs, timeout=900)
    text = log.read_text(errors="replace")
    counted = re.search(r"(\d+) generated, (\d+) passed", text)
    if done.returncode != 0 or not counted:
        return Outcome(failures={f"generated for {name}": "\n".join(text.splitlines()[-60:])})
    return Outcome(passed=1)


def _panics(logs: Path) -> list[str]:
    lines = (line for log in logs.glob("*.log") for line in log.read_text(errors="replace").splitlines())
    return [line for line in lines if "panicked at" in line]
