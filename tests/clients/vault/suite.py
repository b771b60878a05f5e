"""Storage credentials in a real Vault, with each way to log in."""

from __future__ import annotations

import json
import time
import traceback
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from harness import Catalog, Login, Mode, Services
from outcome import Outcome
from paths import LOGS
from services.kubernetes import Kubernetes
from services.vault import Vault

MODES = [Mode.PG_MINIO_VENDED]
# Seconds. Short enough for a suite to see tokens end.
TTL, MAX_TTL = 3, 8


def run(services: Services, mode: Mode) -> Outcome:
    cluster = Kubernetes(services.folder("kubernetes"), LOGS / f"vault-kubernetes-{mode}")
    vault = Vault(services.folder("vault"), LOGS / f"vault-{mode}" / "vault.log")
    try:
        return Checks(services, mode, vault, cluster).run()
    finally:
        vault.stop()
        cluster.stop()


class Checks:
    def __init__(self, services: Services, mode: Mode, vault: Vault, cluster: Kubernetes):
        self.services, self.mode, self.vault, self.cluster = services, mode, vault, cluster
        self.earlier: set[str] = set()

    def run(self) -> Outcome:
        checks: list[Callable[[], None]] = [
            self.a_user_and_tokens_that_end_again_and_again,
            self.a_role_for_machines,
            self.a_service_account_of_kubernetes,
            self.a_token_that_was_given,
            # The last one: it is not unsealed again.
            self.a_sealed_vault_is_told_by_health,
        ]
        found = Outcome()
        for check in checks:
            try:
                check()
                found.passed += 1
            except Exception:
                found.failures[check.__name__] = traceback.format_exc()
        return found

    def a_user_and_tokens_that_end_again_and_again(self) -> None:
        self.vault.enable("userpass")
        user = {"password": "hunter2", "token_policies": "catalog", "token_ttl": TTL, "token_max_ttl": MAX_TTL}
        self.vault.call("POST", "auth/userpass/users/lakekeeper", user)
        with self.catalog("user", {"USER": "lakekeeper", "PASSWORD": "hunter2"}) as catalog:
            end = time.monotonic() + 2 * MAX_TTL + TTL
            while time.monotonic() < end:
                self.works(catalog)
                time.sleep(1)

    def a_role_for_machines(self) -> None:
        self.vault.enable("approle")
        self.vault.call("POST", "auth/approle/role/catalog", {"token_policies": "catalog", "token_ttl": TTL})
        role = self.vault.call("GET", "auth/approle/role/catalog/role-id")["data"]["role_id"]
        secret = self.vault.call("POST", "auth/approle/role/catalog/secret-id", {})["data"]["secret_id"]
        with self.catalog("approle", {"ROLE_ID": role, "SECRET_ID": secret}) as catalog:
            self.works(catalog)

    def a_service_account_of_kubernetes(self) -> None:
        self.cluster.service_account("vault", "vault")
        self.cluster.may_review("vault", "vault")
        reviewer = self.cluster.token("vault", "vault", [])
        self.vault.enable("kubernetes")
        config = {"kubernetes_host": self.cluster.url, "kubernetes_ca_cert": self.cluster.ca.read_text()}
        self.vault.call("POST", "auth/kubernetes/config", {**config, "token_reviewer_jwt": reviewer})
        self.cluster.service_account("lakekeeper", "catalog")
        bound = {"bound_service_account_names": "catalog", "bound_service_account_namespaces": "lakekeeper"}
        self.vault.call("POST", "auth/kubernetes/role/catalog", {**bound, "token_policies": "catalog", "token_ttl": TTL})
        token = self.services.folder("pod") / "token"
        token.write_text(self.cluster.token("lakekeeper", "catalog", []))
        with self.catalog("kubernetes", {"KUBERNETES_ROLE": "catalog", "KUBERNETES_TOKEN_PATH": str(token)}) as catalog:
            self.works(catalog)

    def a_token_that_was_given(self) -> None:
        given = {"policies": ["catalog"], "period": f"{TTL}s"}
        token = self.vault.call("POST", "auth/token/create", given)["auth"]["client_token"]
        with self.catalog("token", {"TOKEN": token}) as catalog:
            time.sleep(2 * TTL)
            self.works(catalog)

    def a_sealed_vault_is_told_by_health(self) -> None:
        token = self.vault.call("POST", "auth/token/create", {"policies": ["catalog"]})["auth"]["client_token"]
        catalog = self.catalog("sealed", {"TOKEN": token})
        # Not by `with`, which takes any 5xx for a failure.
        try:
            assert self.health(catalog) == (200, "healthy")
            self.vault.seal()
            time.sleep(5)
            assert self.health(catalog) == (503, "unhealthy")
            catalog.call("GET", f"/catalog/v1/config?warehouse={catalog.warehouse}")
        finally:
            catalog.stop()

    def own(self) -> str:
        """The one secret that is not of the catalogs of former checks."""
        (own,) = set(self.vault.secrets()) - self.earlier
        return own

    def catalog(self, name: str, login: dict[str, str]) -> Catalog:
        settings = {"URL": self.vault.url, "SECRET_MOUNT": "secret", "ROOT_CERT": str(self.vault.ca), **login}
        environment = {f"LAKEKEEPER__KV2__{key}": value for key, value in settings.items()}
        self.earlier = set(self.vault.secrets())
        environment |= {"LAKEKEEPER__SECRET_BACKEND": "kv2", "LAKEKEEPER__CACHE__SECRETS__ENABLED": "false"}
        return Catalog(self.services, self.mode, f"vault-{name}", login=Login(environment, lambda: ""))

    def works(self, catalog: Catalog) -> None:
        """A warehouse's credential is written to Vault, read from there, replaced, and gone with the warehouse."""
        before = self.own()
        assert self.vault.secret(before)["secret-access-key"] == catalog.store.secret_key
        listed = catalog.call("GET", "/management/v1/warehouse")["warehouses"]
        (warehouse,) = [one["id"] for one in listed if one["name"] == catalog.warehouse]
        credential = {"type": "s3", "credential-type": "access-key"}
        credential |= {"access-key-id": catalog.store.access_key, "secret-access-key": catalog.store.secret_key}
        path = f"/management/v1/warehouse/{warehouse}/storage-credential"
        catalog.call("POST", path, {"new-storage-credential": credential})
        after = self.own()
        assert after != before, "a new credential is a new secret, and the former one is gone"
        space = f"ns{time.monotonic_ns()}"
        prefix = catalog.call("GET", f"/catalog/v1/config?warehouse={catalog.warehouse}")["defaults"]["prefix"]
        catalog.call("POST", f"/catalog/v1/{prefix}/namespaces", {"namespace": [space]})
        table = {"name": "t", "schema": {"type": "struct", "fields": [{"id": 1, "name": "a", "type": "int", "required": False}]}}
        # Its metadata file is written with the credential out of Vault.
        catalog.call("POST", f"/catalog/v1/{prefix}/namespaces/{space}/tables", table)

    def health(self, catalog: Catalog) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"{catalog.url}/health", timeout=30) as response:
                answer: tuple[int, Any] = (response.status, json.load(response))
        except urllib.error.HTTPError as error:
            answer = (error.code, json.load(error))
        return answer[0], answer[1]["services"]["secrets"][0]["status"]
