"""Lakekeeper's own Go client: the tests beside this file, and then its own integration tests, once with each engine that decides who may do what."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import install
from harness import Login, Mode, Server, Services
from outcome import Outcome, from_go_test
from paths import LOGS
from services.keycloak import GO_ADMIN, SCOPE, STRANGER, Keycloak
from services.openfga import OpenFga

HERE = Path(__file__).resolve().parent
MODES = [Mode.PG_MINIO]
MODULE = "github.com/baptistegh/go-lakekeeper"
BUCKET = "go-lakekeeper"


class Known(NamedTuple):
    """A test of theirs that fails here: by what it says, and why that is no fault of ours."""

    says: str
    because: str


OLDER = "it lists all actions that there are, and the API of today has more"
KNOWN = {
    "TestPermissions_Project_GetAccess": Known('does not contain "grant_tag_creator"', OLDER),
    "TestPermissions_Warehouse_GetAccess": Known('does not contain "accept_moved_namespace"', OLDER),
    "TestProject_Delete": Known("type=ProjectNotFound", "it wants 403 for a project that is not there; its successor takes 404 too"),
    "TestCatalog_Basic": Known(
        "type=CreateWarehouseStorageProfileOverlap",
        "it has two warehouses at one place, in two projects; here locations never overlap. Ours reads the catalogs of two projects",
    ),
}
WITHOUT_OPENFGA = {"TestServerService_Info": Known('expected: "builtin"', "it wants the engine to be OpenFGA")}


def run(services: Services, mode: Mode) -> Outcome:
    if mode is not Mode.PG_MINIO:
        raise install.Missing("the client's tests make warehouses with the key of a storage: run it with --mode pg-minio")
    program = Program(install.go(), services, mode)
    found = program.ours()
    found.add(program.theirs("builtin", KNOWN | WITHOUT_OPENFGA, {}))
    openfga = OpenFga(LOGS / "openfga.log")
    try:
        engine = {"LAKEKEEPER__AUTHZ_BACKEND": "openfga", "LAKEKEEPER__OPENFGA__ENDPOINT": openfga.endpoint}
        found.add(program.theirs("openfga", KNOWN, engine))
    finally:
        openfga.stop()
    return found


class Program:
    """Our tests with theirs in the folder `integration`, as one Go module."""

    def __init__(self, go: str, services: Services, mode: Mode):
        self._go, self._services, self._mode = go, services, mode
        self._keycloak = services.keycloak()
        self._home = services.folder("go-lakekeeper") / "program"
        shutil.copytree(HERE, self._home, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        theirs = install.go_module(self._home, MODULE)
        # Files of the module cache are read-only.
        shutil.copytree(theirs / "integration", self._home / "integration", copy_function=shutil.copyfile)

    def ours(self) -> Outcome:
        minio = self._services.minio()
        told = {
            "STRANGER_CLIENT_ID": STRANGER[0],
            "STRANGER_CLIENT_SECRET": STRANGER[1],
            "S3_ENDPOINT": minio.endpoint,
            "S3_REGION": minio.region,
            "S3_BUCKET": minio.create_bucket(BUCKET),
            "S3_ACCESS_KEY": minio.keys.access_key,
            "S3_SECRET_KEY": minio.keys.secret_key,
        }
        return self._test("go-lakekeeper", {}, told, ["."])

    def theirs(self, engine: str, known: dict[str, Known], settings: dict[str, str]) -> Outcome:
        # Their storage is not there, and some of their tests want the same place at the same time.
        settings = settings | {"LAKEKEEPER__SKIP_STORAGE_VALIDATION": "true"}
        arguments = ["-parallel", "1", "-tags", "integration", "./integration"]
        found = self._test(f"go-lakekeeper-own-{engine}", settings, {}, arguments)
        return _as_expected(found, known, f"own tests with {engine}")

    def _test(self, name: str, settings: dict[str, str], told: dict[str, str], arguments: list[str]) -> Outcome:
        with Server(self._services, self._mode, name, Login.at(self._keycloak).settings | settings) as server:
            told = _login(server, self._keycloak) | told
            (self._home / ".env").write_text("".join(f"{key}='{value}'\n" for key, value in told.items()))
            log = server.logs / "go.log"
            with log.open("wb") as out:
                command = [self._go, "test", "-mod=readonly", "-vet=off", "-count=1", "-json", *arguments]
                subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, cwd=self._home, timeout=1200)
            return from_go_test(log)


def _login(server: Server, keycloak: Keycloak) -> dict[str, str]:
    return {
        "LAKEKEEPER_BASE_URL": server.url,
        "LAKEKEEPER_TOKEN_URL": keycloak.token_endpoint,
        "LAKEKEEPER_SCOPE": SCOPE,
        "LAKEKEEPER_CLIENT_ID": GO_ADMIN[0],
        "LAKEKEEPER_CLIENT_SECRET": GO_ADMIN[1],
    }


def _as_expected(found: Outcome, known: dict[str, Known], label: str) -> Outcome:
    """What is known to fail must fail, and by what it is known for."""
    judged = Outcome(found.passed, skipped=found.skipped)
    for test, text in found.failures.items():
        if test in known and known[test].says in text:
            judged.excused[f"{label}: {test}"] = known[test].because
        else:
            judged.failures[f"{label}: {test}"] = text
    for test in known.keys() - found.failures.keys():
        judged.failures[f"{label}: {test}"] = "it is known to fail, and did not: take it off the list"
    return judged
