"""Storage profiles with their credentials, as `POST /management/v1/warehouse` takes them, and what a test needs that looks
at the files behind the catalog."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.checked_azurite import CheckedAzurite
from services.checked_gcs import CheckedGcs
from services.minio import Minio


@dataclass(frozen=True)
class Storage:
    """Where the warehouse keeps its files. `root` and `prefix` are a folder, or a bucket and a key prefix."""

    root: str
    prefix: str | None = "lake"
    settings: dict[str, Any] = field(default_factory=dict)
    """More of the storage profile."""

    def profile(self, fields: dict[str, Any]) -> dict[str, Any]:
        return fields | ({"key-prefix": self.prefix} if self.prefix else {}) | self.settings


@dataclass(frozen=True)
class S3Access:
    """The object store and its key: for a client where `client_has_key`, and for tests that look behind the catalog."""

    endpoint: str
    region: str
    access_key: str
    secret_key: str
    kind: str = "s3"


@dataclass(frozen=True)
class GcsAccess:
    """The emulator behind the checks: for tests that look behind the catalog."""

    endpoint: str
    kind: str = "gcs"


@dataclass(frozen=True)
class AzureAccess:
    """The emulator behind the checks, with its key: for tests that look behind the catalog. `certificate` is that of the
    checks, for clients that speak nothing but TLS."""

    account: str
    key: str
    authority: str
    certificate: str
    kind: str = "azure"


Access = S3Access | GcsAccess | AzureAccess


def local(storage: Storage) -> dict[str, Any]:
    Path(storage.root).mkdir(exist_ok=True)
    return {"storage-profile": storage.profile({"type": "local", "root": storage.root})}


def s3(minio: Minio, storage: Storage, delegation: dict[str, bool]) -> tuple[dict[str, Any], Access]:
    profile = {
        "type": "s3",
        "bucket": minio.create_bucket(storage.root),
        "region": minio.region,
        "endpoint": minio.endpoint,
        "path-style-access": True,
        "flavor": "s3-compat",
        **delegation,
    }
    credential = {
        "type": "s3",
        "credential-type": "access-key",
        "access-key-id": minio.keys.access_key,
        "secret-access-key": minio.keys.secret_key,
    }
    access = S3Access(minio.endpoint, minio.region, minio.keys.access_key, minio.keys.secret_key)
    return {"storage-profile": storage.profile(profile), "storage-credential": credential}, access


def gcs(server: CheckedGcs, storage: Storage) -> tuple[dict[str, Any], Access]:
    profile = {"type": "gcs", "bucket": server.emulator.create_bucket(storage.root)}
    credential = {"type": "gcs", "credential-type": "service-account-key", "key": server.service_account_key}
    access = GcsAccess(server.emulator.endpoint)
    return {"storage-profile": storage.profile(profile), "storage-credential": credential}, access


def adls(server: CheckedAzurite, storage: Storage) -> tuple[dict[str, Any], Access]:
    emulator = server.emulator
    profile = {
        "type": "adls",
        "account-name": emulator.account,
        "filesystem": emulator.create_filesystem(storage.root),
        "host": server.host,
        "authority-host": server.authority_host,
    }
    credential = {"type": "az", "credential-type": "client-credentials", **server.application}
    access = AzureAccess(emulator.account, emulator.key, f".blob.localhost:{emulator.port}", str(server.certificate))
    return {"storage-profile": storage.profile(profile), "storage-credential": credential}, access
