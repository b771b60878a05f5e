"""Attacks made by hand. Each must be answered with a 4xx (or well, where it is odd but allowed) and a message."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import uuid
from urllib.parse import quote, urlsplit

import pytest

SETTINGS = json.loads(os.environ["BAD_INPUT"])
URL = urlsplit(SETTINGS["uri"])
SCHEMA = {"type": "struct", "fields": [{"id": 1, "name": "a", "type": "long", "required": False}]}


def send(method: str, path: str, body: object = None, headers: dict | None = None) -> tuple[int, dict | None]:
    """Sends the path as it is, without putting it right; below `/catalog` unless it says `/management`."""
    connection = http.client.HTTPConnection(URL.hostname, URL.port, timeout=120)
    raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    connection.putrequest(method, path if path.startswith("/management/") else f"{URL.path}{path}", skip_accept_encoding=True)
    for name, value in ({"content-type": "application/json"} | (headers or {})).items():
        connection.putheader(name, value)
    if raw is not None:
        connection.putheader("content-length", str(len(raw)))
    try:
        connection.endheaders(raw)
    except (BrokenPipeError, ConnectionResetError):
        pass  # refused before all of it was sent; the answer is there
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text) if text[:1] == b"{" else None


def refused(result: tuple[int, dict | None], *statuses: int) -> str:
    status, body = result
    assert status in (statuses or (400,)), result
    error = body["error"]
    assert error["code"] == status and error["type"] and error["message"], body
    return error["message"]


@pytest.fixture(scope="session")
def prefix() -> str:
    _, config = send("GET", f"/v1/config?warehouse={SETTINGS['warehouse']}")
    return f"/v1/{config['defaults']['prefix']}"


@pytest.fixture
def namespace(prefix: str) -> str:
    name = f"bad_{uuid.uuid4().hex}"
    assert send("POST", f"{prefix}/namespaces", {"namespace": [name]})[0] == 200
    return name


@pytest.fixture
def table(prefix: str, namespace: str) -> str:
    status, _ = send("POST", f"{prefix}/namespaces/{namespace}/tables", {"name": "t", "schema": SCHEMA})
    assert status == 200
    return f"{prefix}/namespaces/{namespace}/tables/t"


@pytest.mark.parametrize("location", [
    "file:///etc", "file:///", "/etc/passwd", "s3://bucket/x", "http://example.com/x", "", " ", "relative", "file:///tmp/../etc",
    "file:///tmp/%2e%2e/etc", "file:///tmp/a%2fb", "file:///tmp/a\u0000b", "file:///tmp/a?b", "file:///tmp/a#b",
    "file:///tmp/" + "x" * 5000, "file:///tmp/a/./b", "file:///tmp/\u202eevil",
])
def test_a_location_that_is_a_trick_is_refused(prefix: str, namespace: str, location: str) -> None:
    body = {"name": "tricky", "schema": SCHEMA, "location": location}
    refused(send("POST", f"{prefix}/namespaces/{namespace}/tables", body))


@pytest.mark.parametrize("location", ["file:///etc/passwd", "/etc/passwd", "file:///tmp/../etc/passwd", "nowhere"])
def test_no_file_outside_of_the_warehouse_can_be_registered(prefix: str, namespace: str, location: str) -> None:
    message = refused(send("POST", f"{prefix}/namespaces/{namespace}/register", {"name": "r", "metadata-location": location}))
    assert "root:" not in message


@pytest.mark.parametrize("name", ["", "\u0000", "a\u001fb", "a\nb", "x" * 600, "\u0085"])
def test_a_name_that_cannot_be_is_refused(prefix: str, namespace: str, name: str) -> None:
    refused(send("POST", f"{prefix}/namespaces/{namespace}/tables", {"name": name, "schema": SCHEMA}))
    refused(send("POST", f"{prefix}/namespaces", {"namespace": [name]}))
    refused(send("POST", f"{prefix}/namespaces", {"namespace": []}))


@pytest.mark.parametrize("name", ["a/b", "a b", "a.b", "..", "ü", "日本", "a%2Fb", "a+b", "'; drop table tabular; --", "a\\b", "{}", "🎈"])
def test_an_odd_name_is_a_name(prefix: str, namespace: str, name: str) -> None:
    tables = f"{prefix}/namespaces/{namespace}/tables"
    assert send("POST", tables, {"name": name, "schema": SCHEMA})[0] == 200
    status, loaded = send("GET", f"{tables}/{quote(name, safe='')}")
    assert status == 200 and loaded["metadata"]["table-uuid"]
    assert send("DELETE", f"{tables}/{quote(name, safe='')}")[0] == 204


@pytest.mark.parametrize("path, body", [
    ("search/user", {"search": "a\u0000b"}),
    ("user", {"id": "oidc~nul", "name": "a\u0000b", "user-type": "human"}),
    ("project", {"project-name": "\u0000"}),
    ("user?name=a%00b", None),
    ("user/oidc~a%00b", None),
    ("user?pageToken=AGE", None),
])
def test_a_character_that_no_database_keeps_is_refused(path: str, body: object) -> None:
    refused(send("POST" if body else "GET", f"/management/v1/{path}", body))


def test_a_character_that_no_database_keeps_is_kept_in_metadata(table: str) -> None:
    body = {"requirements": [], "updates": [{"action": "set-properties", "updates": {"field.delim": "\u0000"}}]}
    assert send("POST", table, body)[0] == 200
    _, loaded = send("GET", table)
    assert loaded["metadata"]["properties"]["field.delim"] == "\u0000"


@pytest.mark.parametrize("path", [
    "/v1/%00/namespaces", "/v1/../namespaces", "/v1/not-a-warehouse/namespaces", "/v1/%FF%FE/namespaces", "//v1//config",
    "/v1/{prefix}/namespaces/%1F", "/v1/{prefix}/namespaces/a%1F%1Fb", "/v1/{prefix}/namespaces/%80", "/v1/{prefix}/namespaces/%",
    "/v1/{prefix}/namespaces/" + "a" * 3000,
])
def test_a_path_that_cannot_be_is_refused(prefix: str, path: str) -> None:
    refused(send("GET", path.replace("/v1/{prefix}", prefix)), 400, 404)


@pytest.mark.parametrize("token", ["x", "%00", "AAAA%3D", "a" * 5000, "%F0%9F%8E%88"])
def test_a_page_token_of_somebody_else_is_refused(prefix: str, token: str) -> None:
    status, body = send("GET", f"{prefix}/namespaces?pageToken={token}&pageSize=1")
    assert status in (200, 400), body


@pytest.mark.parametrize("query", ["pageSize=-1&pageToken=", "pageSize=x&pageToken=", "pageSize=99999999999999999999999&pageToken="])
def test_a_page_size_that_is_none_is_refused(prefix: str, query: str) -> None:
    assert send("GET", f"{prefix}/namespaces?{query}")[0] == 400


@pytest.mark.parametrize("headers", [
    {"x-project-id": "ü".encode("latin-1")}, {"x-request-id": b"\xff\xfe"}, {"if-none-match": b"\xff"},
    {"x-iceberg-access-delegation": b"\xe4"}, {"accept-encoding": b"\xff"}, {"x-forwarded-host": b"\xff"},
])
def test_a_header_that_is_not_ascii_does_no_harm(prefix: str, headers: dict) -> None:
    assert send("GET", f"{prefix}/namespaces", headers=headers)[0] in (200, 400)


@pytest.mark.parametrize("key", ["x", "", "123", "\u00ff".encode("latin-1")])
def test_an_idempotency_key_that_is_no_uuid_is_refused(prefix: str, key: str) -> None:
    refused(send("POST", f"{prefix}/namespaces", {"namespace": ["never"]}, {"idempotency-key": key}))


@pytest.mark.parametrize("body", [
    b"", b"{", b"null", b"[]", b"\xff\xfe", b"{}", b'{"requirements":[]}', b'{"requirements":[],"updates":{}}',
    b'{"requirements":[],"updates":[{"action":"unknown"}]}', b'{"requirements":[{"type":"unknown"}],"updates":[]}',
    b'{"requirements":[],"updates":[{}]}', b'{"requirements":[],"updates":[{"action":5}]}',
    b'{"requirements":[],"updates":[{"action":"set-current-schema","schema-id":99999999999999999999}]}',
    b'{"requirements":[],"updates":[{"action":"set-current-schema","schema-id":-1}]}',
    b'{"requirements":[],"updates":[{"action":"add-snapshot","snapshot":{"snapshot-id":1e400}}]}',
    b'{"requirements":[],"updates":[{"action":"upgrade-format-version","format-version":99}]}',
    b'{"requirements":[],"updates":[{"action":"remove-snapshots","snapshot-ids":"x"}]}',
    b'{"requirements":[],"updates":[{"action":"set-location","location":"file:///etc"}]}',
    b"[" * 200_000, b'{"a":' * 100_000,
])
def test_a_commit_that_makes_no_sense_is_refused(table: str, body: bytes) -> None:
    refused(send("POST", table, body))
    assert send("GET", table)[0] == 200


def test_a_commit_cannot_name_another_table(table: str, namespace: str) -> None:
    body = {"identifier": {"namespace": [namespace], "name": "other"}, "requirements": [], "updates": []}
    refused(send("POST", table, body))


def test_of_two_equal_keys_one_counts_and_nothing_breaks(table: str) -> None:
    body = b'{"requirements":[],"requirements":[],"updates":[{"action":"set-properties","updates":{"a":"1","a":"2"}}]}'
    assert send("POST", table, body)[0] in (200, 400)


@pytest.mark.parametrize("numbers", [
    {"snapshot-id": 2**63 - 1, "sequence-number": 2**63 - 1, "timestamp-ms": 2**63 - 1},
    {"snapshot-id": -1, "sequence-number": -1, "timestamp-ms": -1},
    {"snapshot-id": 2**63, "sequence-number": 1, "timestamp-ms": 1},
])
def test_numbers_at_and_beyond_their_bounds_break_nothing(table: str, numbers: dict) -> None:
    snapshot = numbers | {"manifest-list": "file:///tmp/x.avro", "summary": {"operation": "append"}}
    body = {"requirements": [], "updates": [{"action": "add-snapshot", "snapshot": snapshot}]}
    assert send("POST", table, body)[0] in (200, 400, 409)
    assert send("GET", table)[0] == 200


def test_a_large_body_is_taken_and_a_larger_one_is_refused(table: str) -> None:
    def body(megabytes: int) -> dict:
        return {"requirements": [], "updates": [{"action": "set-properties", "updates": {"big": "x" * (megabytes << 20)}}]}

    assert send("POST", table, body(50))[0] == 200
    assert "LAKEKEEPER__MAX_REQUEST_BODY_SIZE" in refused(send("POST", table, body(70)), 413)


def test_a_compressed_bomb_is_refused(table: str) -> None:
    bomb = gzip.compress(b'{"requirements":[],"updates":[' + b" " * (300 << 20) + b"]}")
    refused(send("POST", table, bomb, {"content-encoding": "gzip"}), 413)


def test_what_is_not_gzip_is_refused(table: str) -> None:
    refused(send("POST", table, b"{}", {"content-encoding": "gzip"}))
    assert send("POST", table, b"{}", {"content-encoding": "unheard-of"})[0] in (400, 415)


def test_a_hundred_thousand_snapshots_are_taken(prefix: str, namespace: str) -> None:
    tables = f"{prefix}/namespaces/{namespace}/tables"
    assert send("POST", tables, {"name": "long", "schema": SCHEMA, "properties": {"format-version": "1"}})[0] == 200
    snapshot = {"manifest-list": "file:///tmp/m.avro", "summary": {"operation": "append"}}
    updates = [
        {"action": "add-snapshot", "snapshot": snapshot | {"snapshot-id": n, "timestamp-ms": 2_000_000_000_000 + n}}
        for n in range(1, 100_001)
    ]
    assert send("POST", f"{tables}/long", {"requirements": [], "updates": updates})[0] == 200
    status, loaded = send("GET", f"{tables}/long")
    assert status == 200 and len(loaded["metadata"]["snapshots"]) == 100_000
    status, loaded = send("GET", f"{tables}/long?snapshots=refs")
    assert status == 200 and loaded["metadata"]["snapshots"] == []
    refused(send("GET", f"{tables}/long?snapshots=some"))


@pytest.mark.parametrize("schema", [
    {"type": "struct", "fields": [{"id": 1, "name": "a", "type": "no-such-type", "required": False}]},
    {"type": "struct", "fields": [{"id": 1, "name": "a", "type": "varchar", "required": False}]},
    {"type": "struct", "fields": [{"id": 1, "name": "a", "type": "long", "required": False}] * 2},
    {"type": "struct"}, {"type": "list"}, [], 5, None,
])
def test_a_schema_that_makes_no_sense_is_refused(prefix: str, namespace: str, schema: object) -> None:
    refused(send("POST", f"{prefix}/namespaces/{namespace}/tables", {"name": "s", "schema": schema}))
