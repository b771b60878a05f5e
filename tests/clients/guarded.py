"""A catalog that Keycloak guards: who asks it for what, and how something is given to them. For suites, and for tests in the Pythons of these."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from documented import Page
from services.keycloak import ENGINE, SCOPE


@dataclass(frozen=True)
class Guarded:
    url: str
    token_endpoint: str

    def settings(self, engine: str, credential: tuple[str, str] = ENGINE) -> str:
        return Page(self.url, self.token_endpoint, credential).with_login(engine)

    def token_of(self, credential: tuple[str, str]) -> str:
        name, secret = credential
        form = {"grant_type": "client_credentials", "client_id": name, "client_secret": secret, "scope": SCOPE}
        with urllib.request.urlopen(self.token_endpoint, urllib.parse.urlencode(form).encode(), timeout=30) as response:
            return json.loads(response.read())["access_token"]

    def call(self, method: str, path: str, token: str, body: Any = None) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
        request = urllib.request.Request(f"{self.url}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.loads(response.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def give(self, privilege: str, to: tuple[str, str], namespace: str, table: str) -> None:
        """What the engine owns, to another client on one table."""
        owner = self.token_of(ENGINE)
        status, user = self.call("POST", "/management/v1/user", self.token_of(to), {"update-if-exists": True})
        assert status in (200, 201), user
        prefix = self.call("GET", "/catalog/v1/config?warehouse=demo", owner)[1]["defaults"]["prefix"]
        loaded = self.call("GET", f"/catalog/v1/{prefix}/namespaces/{namespace}/tables/{table}", owner)[1]
        path = f"/management/v1/warehouse/{prefix}/table/{loaded['metadata']['table-uuid']}/grants"
        writes = [{"privilege": privilege, "principal": {"user": user["id"]}}]
        status, answer = self.call("POST", path, owner, {"writes": writes})
        assert status == 204, answer
