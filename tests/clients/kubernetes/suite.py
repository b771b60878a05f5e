"""Service accounts of a real API server, at the same time as tokens of Keycloak."""

from __future__ import annotations

import json
import traceback
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness import Catalog, Login, Mode, Services
from outcome import Outcome
from paths import LOGS
from services.keycloak import AUDIENCE, Keycloak
from services.kubernetes import Kubernetes

MODES = [Mode.SQLITE_LOCAL]
CONFIG = "/catalog/v1/config?warehouse=demo"


def run(services: Services, mode: Mode) -> Outcome:
    keycloak = services.keycloak()
    cluster = Kubernetes(services.folder("kubernetes"), LOGS / f"kubernetes-{mode}")
    try:
        own = services.folder("own") / "token"
        login = Login(_settings(cluster, keycloak, own), keycloak.client_token)
        with Catalog(services, mode, "kubernetes", login=login) as catalog:
            return Checks(catalog, cluster, keycloak).run()
    finally:
        cluster.stop()


def _settings(cluster: Kubernetes, keycloak: Keycloak, own: Path) -> dict[str, str]:
    cluster.service_account("lakekeeper", "catalog")
    cluster.may_review("lakekeeper", "catalog")
    own.write_text(cluster.token("lakekeeper", "catalog", []))
    return {
        **Login.at(keycloak).settings,
        "LAKEKEEPER__ENABLE_KUBERNETES_AUTHENTICATION": "true",
        "LAKEKEEPER__KUBERNETES_AUTHENTICATION_AUDIENCE": AUDIENCE,
        "LAKEKEEPER__KUBERNETES_AUTHENTICATION_API_URL": cluster.url,
        "LAKEKEEPER__KUBERNETES_AUTHENTICATION_CA_PATH": str(cluster.ca),
        "LAKEKEEPER__KUBERNETES_AUTHENTICATION_TOKEN_PATH": str(own),
    }


class Checks:
    def __init__(self, catalog: Catalog, cluster: Kubernetes, keycloak: Keycloak):
        self.catalog, self.cluster, self.keycloak = catalog, cluster, keycloak
        self.uid = cluster.service_account("lake", "spark")

    def run(self) -> Outcome:
        checks: list[Callable[[], None]] = [
            self.a_service_account_is_let_in_and_known_by_its_uid,
            self.keycloaks_users_are_let_in_beside_it,
            self.a_token_for_another_audience_is_refused,
            self.a_token_for_the_api_server_is_refused,
            self.a_tampered_token_is_refused,
        ]
        found = Outcome()
        for check in checks:
            name = check.__name__
            try:
                check()
                found.passed += 1
            except Exception:
                found.failures[name] = traceback.format_exc()
        return found

    def a_service_account_is_let_in_and_known_by_its_uid(self) -> None:
        token = self.cluster.token("lake", "spark", [AUDIENCE])
        # Let in, and known from then on; but nobody has given it anything.
        assert self.call(CONFIG, token)[0] == 404
        status, me = self.call("/management/v1/whoami", token)
        assert (status, me["id"], me["user-type"]) == (200, f"kubernetes~{self.uid}", "application"), me
        assert me["name"] == "system:serviceaccount:lake:spark", me

    def keycloaks_users_are_let_in_beside_it(self) -> None:
        token = self.keycloak.client_token()
        assert self.call(CONFIG, token)[0] == 200
        assert self.call("/management/v1/whoami", token)[1]["id"].startswith("oidc~")

    def a_token_for_another_audience_is_refused(self) -> None:
        assert self.call(CONFIG, self.cluster.token("lake", "spark", ["billing"]))[0] == 401

    def a_token_for_the_api_server_is_refused(self) -> None:
        assert self.call(CONFIG, self.cluster.token("lake", "spark", []))[0] == 401

    def a_tampered_token_is_refused(self) -> None:
        head, claims, signature = self.cluster.token("lake", "spark", [AUDIENCE]).split(".")
        other = "A" if signature[10] != "A" else "B"
        assert self.call(CONFIG, f"{head}.{claims}.{signature[:10]}{other}{signature[11:]}")[0] == 401

    def call(self, path: str, token: str) -> tuple[int, Any]:
        request = urllib.request.Request(f"{self.catalog.url}{path}", headers={"authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())
