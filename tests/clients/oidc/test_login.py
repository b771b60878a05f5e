"""Engines with client credentials, a person with the code flow, and tokens that are for somebody else."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import pyarrow as pa
import pytest
from browser import log_in
from pyiceberg.catalog import load_catalog
from pyiceberg.exceptions import ForbiddenError, NoSuchNamespaceError, OAuthError, RESTError, UnauthorizedError
from services.keycloak import ENGINE, OTHER_SERVICE, PEOPLE, PERSON, REDIRECT, SCOPE

TOLD = json.loads(os.environ["OIDC_SCENARIO"])


def token(form: dict[str, str]) -> str:
    data = urllib.parse.urlencode(form).encode()
    with urllib.request.urlopen(TOLD["token_endpoint"], data, timeout=30) as response:
        return json.loads(response.read())["access_token"]


def client_token(client: tuple[str, str], scope: str | None) -> str:
    name, secret = client
    form = {"grant_type": "client_credentials", "client_id": name, "client_secret": secret}
    return token(form | ({"scope": scope} if scope else {}))


def call(path: str, bearer: str | None, body: Any = None) -> tuple[int, Any, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{TOLD['url']}{path}", data, {"content-type": "application/json"})
    if bearer:
        request.add_header("authorization", f"Bearer {bearer}")
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.loads(response.read() or b"null"), response.headers
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read()), error.headers


def test_pyiceberg_writes_and_reads_with_client_credentials() -> None:
    catalog = load_catalog("oidc", **TOLD["properties"])
    catalog.create_namespace("engines")
    rows = pa.table({"id": [1, 2, 3], "name": ["a", "b", "c"]})
    table = catalog.create_table("engines.people", rows.schema)
    table.append(rows)
    again = load_catalog("again", **TOLD["properties"]).load_table("engines.people")
    assert again.scan().to_arrow().num_rows == 3


def test_the_engine_is_known_after_its_first_call() -> None:
    load_catalog("oidc", **TOLD["properties"]).list_namespaces()
    status, me, _ = call("/management/v1/whoami", client_token(ENGINE, SCOPE))
    assert status == 200
    assert me["id"].startswith("oidc~")
    assert me["name"] == "service-account-engine"
    assert me["user-type"] == "application"


def test_a_wrong_secret_gets_no_token() -> None:
    with pytest.raises((OAuthError, RESTError)):
        load_catalog("oidc", **TOLD["properties"] | {"credential": "engine:wrong"})


def test_without_credentials_pyiceberg_is_told_that_it_is_not_let_in() -> None:
    properties = {k: v for k, v in TOLD["properties"].items() if k not in ("credential", "scope", "oauth2-server-uri")}
    with pytest.raises(UnauthorizedError):
        load_catalog("oidc", **properties)


def test_the_catalog_itself_gives_no_tokens_and_says_who_does() -> None:
    properties = {k: v for k, v in TOLD["properties"].items() if k != "oauth2-server-uri"}
    with pytest.raises((OAuthError, RESTError), match="oauth2-server-uri"):
        load_catalog("oidc", **properties)


def test_the_configuration_names_the_token_endpoint() -> None:
    status, config, _ = call("/catalog/v1/config?warehouse=demo", client_token(ENGINE, SCOPE))
    assert status == 200
    assert config["defaults"]["oauth2-server-uri"] == TOLD["token_endpoint"]


@pytest.mark.parametrize(("client", "scope"), [(ENGINE, None), (ENGINE, "billing"), (OTHER_SERVICE, "billing")])
def test_a_token_for_another_service_is_refused(client: tuple[str, str], scope: str | None) -> None:
    status, answer, headers = call("/catalog/v1/config?warehouse=demo", client_token(client, scope))
    assert (status, answer["error"]["type"]) == (401, "AuthenticationFailed")
    assert headers["www-authenticate"].startswith("Bearer")


def test_a_token_with_another_signature_is_refused() -> None:
    parts = client_token(ENGINE, SCOPE).split(".")
    claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
    forged = base64.urlsafe_b64encode(json.dumps(claims | {"sub": "root"}).encode()).rstrip(b"=").decode()
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    for wrong in (f"{parts[0]}.{forged}.{parts[2]}", f"{unsigned}.{forged}."):
        assert call("/management/v1/whoami", wrong)[0] == 401


def test_a_person_logs_in_by_the_code_flow_with_pkce() -> None:
    person = token(code_for(*PERSON))
    status, me, _ = call("/management/v1/user", person, {})
    assert status == 201
    assert (me["name"], me["email"], me["user-type"]) == ("Peter Example", "peter@example.com", "human")
    found = call("/management/v1/search/user", person, {"search": "petr exampel"})[1]["users"]
    assert [user["id"] for user in found] == [me["id"]]
    assert call("/catalog/v1/config?warehouse=demo", person)[0] == 404, "nobody has given them anything"
    engine = client_token(ENGINE, SCOPE)
    warehouse = call("/catalog/v1/config?warehouse=demo", engine)[1]["defaults"]["prefix"]
    select = [{"privilege": "select", "principal": {"user": me["id"]}}]
    grants = f"/management/v1/warehouse/{warehouse}/grants"
    assert call(grants, engine, {"writes": select})[0] == 204
    catalog = load_catalog("person", **TOLD["properties"] | {"token": person, "credential": None})
    assert isinstance(catalog.list_namespaces(), list)
    with pytest.raises(ForbiddenError):
        catalog.create_namespace("theirs")
    assert call(grants, engine, {"deletes": select})[0] == 204
    with pytest.raises(NoSuchNamespaceError, match="Warehouse does not exist"):
        catalog.list_namespaces()


def code_for(user: str, password: str) -> dict[str, str]:
    """The form by which a program gets the token, after the person has logged in."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "client_id": PEOPLE,
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": "openid",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    page = f"{TOLD['issuer']}/protocol/openid-connect/auth?{urllib.parse.urlencode(query)}"
    target = urllib.parse.urlparse(log_in(page, user, password))
    code = urllib.parse.parse_qs(target.query)["code"][0]
    return {
        "grant_type": "authorization_code",
        "client_id": PEOPLE,
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": verifier,
    }
