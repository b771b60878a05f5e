"""Pipelines of dlt into Iceberg tables, by the settings in docs/engines.md: of one catalog that asks nobody who they are, and of one that
Keycloak guards."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import install
from documented import Page
from harness import Catalog, Login, Mode, Services, Storage
from outcome import Outcome
from pytests import Tests

HERE = Path(__file__).resolve().parent
MODES = [Mode.PG_MINIO_VENDED]


def run(services: Services, mode: Mode) -> Outcome:
    if mode is not Mode.PG_MINIO_VENDED:
        raise install.Missing("the page has no keys of a storage for tables: run it with --mode pg-minio-vended")
    python = install.venv("dlt", HERE / "requirements.txt")
    keycloak = services.keycloak()
    found = Outcome()
    with Catalog(services, mode, "dlt-open", Storage(root="dlt-open")) as opened:
        page = Page(opened.url)
        found.add(_pipelines(python, opened, "s3://dlt-open/lake", page.without_login))
    with Catalog(services, mode, "dlt", Storage(root="dlt-login"), login=Login.at(keycloak)) as catalog:
        page = Page(catalog.url, keycloak.token_endpoint)
        found.add(_pipelines(python, catalog, "s3://dlt-login/lake", page.with_login))
    return found


def _pipelines(python: Path, catalog: Catalog, bucket_url: str, settings: Callable[[str], str]) -> Outcome:
    """dlt keeps files of its own beside the tables, so it has a key for these; the tables it reaches as the catalog says."""
    if not catalog.s3:
        raise install.Missing("dlt writes to a bucket")
    project = catalog.folder / "project"
    (project / ".dlt").mkdir(parents=True)
    own = {
        "s3://my-bucket/lake": bucket_url,
        "http://minio:9000": catalog.s3.endpoint,
        "eu-central-1": catalog.s3.region,
        "my-key-id": catalog.s3.access_key,
        "my-key-secret": catalog.s3.secret_key,
    }
    secrets = settings("dlt")
    for there, here in own.items():
        secrets = secrets.replace(there, here)
    (project / ".dlt/secrets.toml").write_text(secrets)
    told = {"DLT_SCENARIO": json.dumps({"reader": settings("PyIceberg")}), "DLT_PROJECT_DIR": str(project)}
    told |= {"DLT_DATA_DIR": str(project / "data"), "RUNTIME__DLTHUB_TELEMETRY": "false"}
    return Tests(python, [HERE], catalog.logs, prefix=f"{bucket_url}: ").run(told)
