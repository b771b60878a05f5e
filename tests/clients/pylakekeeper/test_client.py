"""What pylakekeeper does: generic tables with their files, Iceberg tables by PyIceberg with the same login, a person's login."""

from __future__ import annotations

import json
import os
import threading
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from browser import log_in
from pylakekeeper import Client
from pylakekeeper.auth import AuthorizationCodeFlow, ClientCredentials, StaticToken
from pylakekeeper.errors import ConflictError, LakekeeperHTTPError, NotFoundError
from services.keycloak import ENGINE, HASTY, HASTY_TOKEN_SECONDS, PEOPLE, PERSON, SCOPE, STRANGER

TOLD = json.loads(os.environ["PYLAKEKEEPER_SCENARIO"])


def client_of(auth) -> Client:
    """Its generic tables want the warehouse's id, which they take for the prefix."""
    request = urllib.request.Request(f"{TOLD['url']}/catalog/v1/config?warehouse=demo")
    request.add_header("authorization", credentials(ENGINE).auth_header())
    with urllib.request.urlopen(request, timeout=30) as response:
        prefix = json.loads(response.read())["defaults"]["prefix"]
    return Client(TOLD["url"], prefix, auth)


def credentials(of: tuple[str, str], **options: int) -> ClientCredentials:
    return ClientCredentials(TOLD["token_endpoint"], *of, scope=SCOPE, **options)


def make_known(auth) -> None:
    """As people are by their first visit to the management API, and engines by their first look at the catalog's configuration."""
    headers = {"authorization": auth.auth_header(), "content-type": "application/json"}
    request = urllib.request.Request(f"{TOLD['url']}/management/v1/user", b'{"update-if-exists": true}', headers)
    urllib.request.urlopen(request, timeout=30).read()


@pytest.fixture
def lake() -> Iterator[Client]:
    with client_of(credentials(ENGINE)) as client:
        yield client


def test_it_knows_who_it_is(lake: Client) -> None:
    assert lake.whoami()["name"] == "service-account-engine"


def test_generic_tables_are_created_listed_loaded_and_dropped(lake: Client) -> None:
    lake.iceberg_catalog().create_namespace("notes")
    for name in ("a", "b", "c"):
        lake.generic_tables.create("notes", name, format="lance", doc="a note", properties={"owner": "ann"})
    with pytest.raises(ConflictError):
        lake.generic_tables.create("notes", "a", format="lance")
    assert sorted(table.name for table in lake.generic_tables.list("notes", page_size=1)) == ["a", "b", "c"]
    loaded = lake.generic_tables.load("notes", "b").table
    assert (loaded.format, loaded.doc, loaded.properties, loaded.protected) == ("lance", "a note", {"owner": "ann"}, False)
    lake.generic_tables.drop("notes", "b")
    with pytest.raises(NotFoundError):
        lake.generic_tables.load("notes", "b")


def test_files_of_a_generic_table_are_written_with_vended_credentials(lake: Client) -> None:
    lake.iceberg_catalog().create_namespace("memory")
    for name in ("mine", "mine2"):
        lake.generic_tables.create("memory", name, format="dataset")
    loaded = lake.generic_tables.load("memory", "mine", vended=True)
    store = loaded.objects()
    store.put("likes/fruit.md", b"pears")
    assert (store.get("likes/fruit.md"), store.list("likes/")) == (b"pears", ["likes/fruit.md"])
    store.delete("likes/fruit.md")
    assert loaded.expires_at > datetime.now(UTC)
    assert {"aws_access_key_id", "aws_secret_access_key", "aws_session_token"} <= loaded.lance_storage_options.keys()


def test_iceberg_tables_share_its_login(lake: Client) -> None:
    catalog = lake.iceberg_catalog()
    catalog.create_namespace("shared")
    rows = pa.table({"id": [1, 2]})
    catalog.create_table("shared.numbers", rows.schema).append(rows)
    assert catalog.load_table("shared.numbers").scan().to_arrow().num_rows == 2


def test_a_caller_sees_nothing_that_was_not_given_to_them(lake: Client) -> None:
    lake.iceberg_catalog().create_namespace("secret")
    lake.generic_tables.create("secret", "diary", format="dataset")
    with client_of(credentials(STRANGER)) as theirs:
        with pytest.raises(NotFoundError):
            theirs.generic_tables.load("secret", "diary")
        with pytest.raises(NotFoundError):
            theirs.generic_tables.create("secret", "mine", format="dataset")


def test_it_gets_a_new_token_before_one_ends() -> None:
    auth = credentials(HASTY, refresh_margin=HASTY_TOKEN_SECONDS)
    make_known(auth)
    with client_of(auth) as client:
        first = auth.auth_header()
        assert client.whoami()["name"] == "service-account-hasty"
        assert auth.auth_header() != first


def test_a_token_of_nobody_is_refused() -> None:
    with client_of(StaticToken("of nobody")) as client, pytest.raises(LakekeeperHTTPError) as refused:
        client.whoami()
    assert refused.value.status_code == 401


def test_a_person_logs_in_by_the_code_flow_with_pkce() -> None:
    def browser(page: str) -> None:
        """It must not wait: the client listens for the redirect afterwards."""
        threading.Thread(target=lambda: urllib.request.urlopen(log_in(page, *PERSON), timeout=30).read()).start()

    auth = AuthorizationCodeFlow(
        authorization_url=f"{TOLD['issuer']}/protocol/openid-connect/auth",
        token_url=TOLD["token_endpoint"],
        client_id=PEOPLE,
        scope="openid",
        redirect_host="127.0.0.1",
        open_browser=browser,
        login_timeout=60,
    )
    make_known(auth)
    with client_of(auth) as client:
        me = client.whoami()
        assert (me["name"], me["user-type"]) == ("Peter Example", "human")
        auth.invalidate()
        assert client.whoami()["id"] == me["id"], "the refresh token gets a new one, without the person"
