"""What the catalog vends, and what the store says of it."""

from __future__ import annotations

import datetime
import json
import os
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

SETTINGS = json.loads(os.environ["REFRESH"])
SCHEMA = {"type": "struct", "fields": [{"id": 1, "name": "id", "type": "long", "required": False}]}


def call(method: str, path: str, body: Any = None) -> Any:
    url = f"{SETTINGS['catalog']['uri']}/v1/{path}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.loads(response.read() or b"null")


@dataclass(frozen=True)
class Place:
    """A table: its bucket, and the key of what lies in it."""

    path: str
    bucket: str
    folder: str


def create_table(namespace: str) -> Place:
    prefix = call("GET", f"config?warehouse={SETTINGS['catalog']['warehouse']}")["defaults"]["prefix"]
    call("POST", f"{prefix}/namespaces", {"namespace": [namespace]})
    created = call("POST", f"{prefix}/namespaces/{namespace}/tables", {"name": "t", "schema": SCHEMA})
    bucket, _, folder = created["metadata"]["location"].removeprefix("s3://").partition("/")
    return Place(f"{prefix}/namespaces/{namespace}/tables/t", bucket, folder)


def vended(table: Place) -> dict[str, str]:
    """In the shape that boto3's refreshable credentials want."""
    config = call("GET", f"{table.path}/credentials")["storage-credentials"][0]["config"]
    end = int(config["s3.session-token-expires-at-ms"]) / 1000
    return {
        "access_key": config["s3.access-key-id"],
        "secret_key": config["s3.secret-access-key"],
        "token": config["s3.session-token"],
        "expiry_time": datetime.datetime.fromtimestamp(end, datetime.UTC).isoformat(),
    }


def client(session: boto3.Session | None = None, **key: str) -> Any:
    s3 = SETTINGS["s3"]
    return (session or boto3).client("s3", endpoint_url=s3["endpoint"], region_name=s3["region"], **key)


def client_with(keys: dict[str, str]) -> Any:
    names = {"access_key": "aws_access_key_id", "secret_key": "aws_secret_access_key", "token": "aws_session_token"}
    return client(**{name: keys[key] for key, name in names.items()})


def refusal(act: Callable[[], object]) -> str | None:
    """The store's word for it."""
    try:
        act()
    except ClientError as error:
        return f"{error.response['ResponseMetadata']['HTTPStatusCode']} {error.response['Error']['Code']}"
    return None


def seconds_left(keys: dict[str, str]) -> float:
    return datetime.datetime.fromisoformat(keys["expiry_time"]).timestamp() - time.time()


def report(findings: dict[str, bool]) -> None:
    Path(SETTINGS["findings"]).write_text(json.dumps(findings))
