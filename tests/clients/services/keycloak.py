"""A private Keycloak with one realm: clients for engines, one for people, and a person."""

from __future__ import annotations

import json
import os
import shutil
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import install

from services.process import Process, answers, free_port

REALM = "lake"
AUDIENCE = "lakekeeper"
SCOPE = "lakekeeper"
ENGINE = ("engine", "engine-secret")
OTHER_SERVICE = ("billing", "billing-secret")
STRANGER = ("stranger", "stranger-secret")
HASTY = ("hasty", "hasty-secret")
HASTY_TOKEN_SECONDS = 15
# The catalog lets clocks differ by this much, so a token counts for so much longer than it lives.
LEEWAY_SECONDS = 60
# The tests of go-lakekeeper know the id of who runs them.
GO_ADMIN = ("go-admin", "go-admin-secret")
GO_ADMIN_ID = "6deeb417-cdf9-4320-8a30-ddecea77a4bd"
PEOPLE = "people"
PERSON = ("peter", "a-password-of-the-tests")
REDIRECT = "http://127.0.0.1/callback"


class Keycloak:
    def __init__(self, home: Path, log: Path):
        # It writes beside its programs.
        shutil.copytree(install.keycloak(), home, symlinks=True)
        (home / "data/import").mkdir(parents=True, exist_ok=True)
        (home / f"data/import/{REALM}-realm.json").write_text(json.dumps(_realm()))
        port = free_port()
        self.issuer = f"http://127.0.0.1:{port}/realms/{REALM}"
        env = {**os.environ, "JAVA_OPTS_APPEND": "-Xmx768m"}
        command = [str(home / "bin/kc.sh"), "start-dev", "--import-realm", "--http-host=127.0.0.1", f"--http-port={port}"]
        self._process = Process(command, log, env)
        self._process.wait_until(lambda: answers(f"{self.issuer}/.well-known/openid-configuration"), 600)

    @property
    def token_endpoint(self) -> str:
        return f"{self.issuer}/protocol/openid-connect/token"

    def client_token(self, client: tuple[str, str] = ENGINE, scope: str | None = SCOPE) -> str:
        name, secret = client
        form = {"grant_type": "client_credentials", "client_id": name, "client_secret": secret}
        return self.ask(form | ({"scope": scope} if scope else {}))["access_token"]

    def ask(self, form: dict[str, str]) -> dict[str, Any]:
        data = urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(self.token_endpoint, data, timeout=30) as response:
            return json.loads(response.read())

    def stop(self) -> None:
        self._process.stop()


def _realm() -> dict[str, Any]:
    """Built-in scopes are made only where no list of scopes is given; so each client has its audience mapper in a scope of ours."""
    engines = [
        _engine(ENGINE, ["basic", "profile", "email"]),
        _engine(OTHER_SERVICE, ["basic"]),
        _engine(STRANGER, ["basic", "profile"]),
        _engine(GO_ADMIN, ["basic", "profile"]),
        _engine(HASTY, ["basic", "profile"])
        | {"attributes": {"access.token.lifespan": HASTY_TOKEN_SECONDS, "standard.token.exchange.enabled": "true"}},
    ]
    person, password = PERSON
    return {
        "realm": REALM,
        "enabled": True,
        "sslRequired": "none",
        "clientScopes": [
            _scope("basic", _mapper("sub", "oidc-sub-mapper", {})),
            _scope("profile", _attribute("username", "preferred_username"), _mapper("name", "oidc-full-name-mapper", {})),
            _scope("email", _attribute("email", "email")),
            _scope(SCOPE, _mapper("audience", "oidc-audience-mapper", {"included.custom.audience": AUDIENCE})),
            _scope("billing", _mapper("audience", "oidc-audience-mapper", {"included.custom.audience": "billing"})),
        ],
        "clients": [
            *engines,
            {
                "clientId": PEOPLE,
                "enabled": True,
                "publicClient": True,
                "standardFlowEnabled": True,
                "redirectUris": [REDIRECT],
                "attributes": {"pkce.code.challenge.method": "S256"},
                "defaultClientScopes": ["basic", "profile", "email", SCOPE],
            },
        ],
        "users": [
            {
                "id": GO_ADMIN_ID,
                "username": f"service-account-{GO_ADMIN[0]}",
                "enabled": True,
                "serviceAccountClientId": GO_ADMIN[0],
            },
            {
                "username": person,
                "enabled": True,
                "emailVerified": True,
                "email": "peter@example.com",
                "firstName": "Peter",
                "lastName": "Example",
                "credentials": [{"type": "password", "value": password, "temporary": False}],
            }
        ],
    }


def _engine(client: tuple[str, str], scopes: list[str]) -> dict[str, Any]:
    name, secret = client
    return {
        "clientId": name,
        "enabled": True,
        "publicClient": False,
        "secret": secret,
        "serviceAccountsEnabled": True,
        "standardFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "defaultClientScopes": scopes,
        "optionalClientScopes": [SCOPE, "billing"],
    }


def _scope(name: str, *mappers: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "protocol": "openid-connect",
        "attributes": {"include.in.token.scope": "true"},
        "protocolMappers": list(mappers),
    }


def _attribute(attribute: str, claim: str) -> dict[str, Any]:
    config = {"user.attribute": attribute, "claim.name": claim, "jsonType.label": "String"}
    return _mapper(claim, "oidc-usermodel-attribute-mapper", config)


def _mapper(name: str, kind: str, config: dict[str, str]) -> dict[str, Any]:
    config = {"access.token.claim": "true", "id.token.claim": "true", **config}
    return {"name": name, "protocol": "openid-connect", "protocolMapper": kind, "config": config}
