"""Starts what a suite needs: services once per run, a fresh catalog with a warehouse per suite.

A mode names the choices that matter to a client: where the catalog keeps its state, where tables keep their files, and
how clients reach these.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

import install
import profiles
from paths import LOGS, lakekeeper_binary
from profiles import Access, S3Access, Storage
from services.checked_azurite import CheckedAzurite
from services.checked_gcs import CheckedGcs
from services.keycloak import AUDIENCE, Keycloak
from services.minio import Minio
from services.postgres import Postgres
from services.process import Process, answers, free_port

DEFAULT_PROJECT = "00000000-0000-0000-0000-000000000000"
WAREHOUSE = "demo"


class Mode(StrEnum):
    SQLITE_LOCAL = "sqlite-local"
    PG_LOCAL = "pg-local"
    PG_MINIO = "pg-minio"
    PG_MINIO_VENDED = "pg-minio-vended"
    PG_MINIO_SIGNED = "pg-minio-signed"
    PG_GCS_VENDED = "pg-gcs-vended"
    PG_AZURITE_VENDED = "pg-azurite-vended"

    @property
    def on_postgres(self) -> bool:
        return self is not Mode.SQLITE_LOCAL

    @property
    def in_bucket(self) -> bool:
        return self not in (Mode.SQLITE_LOCAL, Mode.PG_LOCAL)

    @property
    def has_our_checks(self) -> bool:
        """The emulator enforces too little, so `services` has checks of ours before it."""
        return self in (Mode.PG_GCS_VENDED, Mode.PG_AZURITE_VENDED)

    @property
    def client_has_key(self) -> bool:
        """Otherwise it reaches the files by what the catalog gives it alone."""
        return self is Mode.PG_MINIO


class SetupFailed(Exception):
    """The catalog refused to be bootstrapped or to create the warehouse; the text holds its answer."""


class ServerDied(Exception):
    """The catalog ended before it was told to; the text ends with the tail of its log."""


class ServerErred(Exception):
    """The catalog answered 5xx, though nothing was wrong around it; the text holds the first such lines of its log."""


class Services:
    """PostgreSQL, object stores and Keycloak, each started when first asked for."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="lakekeeper-clients-"))
        self.home.chmod(0o755)
        self._postgres: Postgres | None = None
        self._minio: Minio | None = None
        self._gcs: CheckedGcs | None = None
        self._azurite: CheckedAzurite | None = None
        self._keycloak: Keycloak | None = None
        self._count = 0

    def folder(self, name: str) -> Path:
        self._count += 1
        made = self.home / f"{self._count}-{name}"
        made.mkdir()
        return made

    def database(self) -> str:
        if not self._postgres:
            self._postgres = Postgres(self.home / "postgres", LOGS / "postgres.log")
        self._count += 1
        return self._postgres.create_database(f"lakekeeper_{self._count}")

    def minio(self) -> Minio:
        if not self._minio:
            self._minio = Minio(self.home / "minio", LOGS / "minio.log")
        return self._minio

    def gcs(self) -> CheckedGcs:
        if not self._gcs:
            self._gcs = CheckedGcs(LOGS / "gcs-checks.log", LOGS / "gcs.log")
        return self._gcs

    def azurite(self) -> CheckedAzurite:
        if not self._azurite:
            self._azurite = CheckedAzurite(self.home / "azurite", LOGS / "azurite-checks.log", LOGS / "azurite.log")
        return self._azurite

    def keycloak(self) -> Keycloak:
        if not self._keycloak:
            self._keycloak = Keycloak(self.home / "keycloak", LOGS / "keycloak.log")
        return self._keycloak

    def stop(self) -> None:
        for service in (self._postgres, self._minio, self._gcs, self._azurite, self._keycloak):
            if service:
                service.stop()
        shutil.rmtree(self.home, ignore_errors=True)


@dataclass(frozen=True)
class Login:
    """Who may in: settings of the server, and a token for the harness itself."""

    settings: dict[str, str]
    token: Callable[[], str]

    @classmethod
    def at(cls, keycloak: Keycloak) -> Login:
        settings = {"LAKEKEEPER__OPENID_PROVIDER_URI": keycloak.issuer, "LAKEKEEPER__OPENID_AUDIENCE": AUDIENCE}
        return cls(settings, keycloak.client_token)


class Server:
    """A running lakekeeper with a fresh database, which nobody has bootstrapped. A context manager."""

    def __init__(self, services: Services, mode: Mode, name: str, settings: dict[str, str] | None = None):
        binary = lakekeeper_binary()
        if not binary or not binary.is_file():
            raise install.Missing("the lakekeeper binary is missing: cargo build --release -p lakekeeper, or set LAKEKEEPER_BIN")
        self.mode = mode
        self.folder = services.folder(name)
        self.logs = LOGS / f"{name}-{mode}"
        shutil.rmtree(self.logs, ignore_errors=True)
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self._binary = str(binary)
        self._env = _environment(port, services.database() if mode.on_postgres else self.folder / "catalog.db")
        self._env |= settings or {}
        Process([self._binary, "migrate"], self.logs / "migrate.log", self._env, self.folder).finish(60)
        self._serve()

    def alive(self) -> bool:
        return self._process.alive()

    def stop(self) -> None:
        self._process.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        died = not self.alive()
        self.stop()
        if died and not failed:
            raise ServerDied(f"the catalog ended while the clients ran\n{self._process.tail()}")
        if not failed and (erred := self._errors()):
            raise ServerErred("\n".join(["the catalog answered 5xx", *erred[:5]]))

    def _errors(self) -> list[str]:
        lines = (self.logs / "server.log").read_text(errors="replace").splitlines()
        return [line for line in lines if re.search(r'"status":5\d\d\b', line)]

    def _serve(self) -> None:
        self._process = Process([self._binary, "serve"], self.logs / "server.log", self._env, self.folder)
        self._process.wait_until(lambda: answers(f"{self.url}/health"), 60)


class Catalog(Server):
    """A running lakekeeper, bootstrapped, with the warehouse `demo`. A context manager."""

    def __init__(
        self,
        services: Services,
        mode: Mode,
        name: str,
        storage: Storage | None = None,
        login: Login | None = None,
        settings: dict[str, str] | None = None,
    ):
        super().__init__(services, mode, name, (login.settings if login else {}) | (settings or {}))
        self.store: Access | None = None
        self._services = services
        self._login = login
        try:
            self._bootstrap()
            self._create_warehouse(storage)
        except BaseException:
            self.stop()
            raise

    @property
    def catalog_url(self) -> str:
        return f"{self.url}/catalog"

    @property
    def s3(self) -> S3Access | None:
        return self.store if isinstance(self.store, S3Access) else None

    @property
    def client_properties(self) -> dict[str, str]:
        """What a user writes into a client's configuration; how to reach the object store comes from the catalog."""
        found = {"type": "rest", "uri": self.catalog_url, "warehouse": self.warehouse}
        if self.s3 and self.mode.client_has_key:
            found |= {"s3.access-key-id": self.s3.access_key, "s3.secret-access-key": self.s3.secret_key}
        return found

    @property
    def warehouse(self) -> str:
        return WAREHOUSE

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One request to the catalog; an answer other than 2xx is an error that quotes both."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        if self._login:
            headers["authorization"] = f"Bearer {self._login.token()}"
        request = urllib.request.Request(f"{self.url}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                text = response.read()
                return json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            answer = error.read().decode(errors="replace")
            raise SetupFailed(f"{method} {path} {json.dumps(body)} -> {error.code} {answer}") from error

    def _bootstrap(self) -> None:
        self.call("POST", "/management/v1/bootstrap", {"accept-terms-of-use": True})

    def _create_warehouse(self, storage: Storage | None) -> None:
        body = {
            "warehouse-name": WAREHOUSE,
            "project-id": DEFAULT_PROJECT,
            "delete-profile": {"type": "hard"},
            **self._profile(storage),
        }
        end = time.monotonic() + 60
        while True:
            try:
                self.call("POST", "/management/v1/warehouse", body)
                return
            except SetupFailed as refused:
                # MinIO says that it is ready a moment before its token service is.
                if "Server not initialized" not in str(refused) or time.monotonic() > end:
                    raise
                time.sleep(0.5)

    def _profile(self, storage: Storage | None) -> dict[str, Any]:
        if not self.mode.in_bucket:
            return profiles.local(storage or Storage(root=str(self.folder / "files")))
        chosen = storage or Storage(root=f"lake-{self.folder.name}".replace("_", "-"))
        match self.mode:
            case Mode.PG_GCS_VENDED:
                profile, self.store = profiles.gcs(self._services.gcs(), chosen)
            case Mode.PG_AZURITE_VENDED:
                profile, self.store = profiles.adls(self._services.azurite(), chosen)
            case _:
                delegation = {
                    "sts-enabled": self.mode is Mode.PG_MINIO_VENDED,
                    "remote-signing-enabled": self.mode is Mode.PG_MINIO_SIGNED,
                }
                profile, self.store = profiles.s3(self._services.minio(), chosen, delegation)
        return profile


def _environment(port: int, database: str | Path) -> dict[str, str]:
    """A clean environment: nothing of the caller's LAKEKEEPER__ or AWS settings reaches the server."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LAKEKEEPER__", "AWS_"))}
    settings = {
        "LAKEKEEPER__LISTEN_PORT": str(port),
        "LAKEKEEPER__METRICS_PORT": str(free_port()),
        "LAKEKEEPER__BIND_IP": "127.0.0.1",
        "LAKEKEEPER__BASE_URI": f"http://127.0.0.1:{port}",
        "LAKEKEEPER__ENABLE_LOCAL_STORAGE": "true",
        # Clients delete many files by one request; that MinIO does not compare its body with the signature is of no concern here.
        "LAKEKEEPER__S3_SIGN_BULK_DELETES_ON_COMPATIBLE_STORES": "true",
        "LAKEKEEPER__PG_ENCRYPTION_KEY": "an-encryption-key-for-tests-only",
    }
    if isinstance(database, Path):
        settings["LAKEKEEPER__SQLITE_PATH"] = str(database)
    else:
        settings["LAKEKEEPER__PG_DATABASE_URL_READ"] = database
        settings["LAKEKEEPER__PG_DATABASE_URL_WRITE"] = database
    return kept | settings
