"""Tables beside each other, with a file in each place, and a key that may do all to look at what the others have done."""

from __future__ import annotations

import json
import os
import urllib.request
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

SETTINGS = json.loads(os.environ["PROBES"])
S3 = SETTINGS["s3"]
SCHEMA = {"type": "struct", "schema-id": 0, "fields": [{"id": 1, "name": "id", "type": "long", "required": False}]}
VIEW = {
    "version-id": 1,
    "schema-id": 0,
    "timestamp-ms": 1,
    "summary": {},
    "default-namespace": ["probes"],
    "representations": [{"type": "sql", "sql": "SELECT 1 AS id", "dialect": "spark"}],
}
SEED = b"seed"


@dataclass(frozen=True)
class Place:
    """A folder of a bucket; its key ends in `/`, or is empty for the bucket itself."""

    name: str
    bucket: str
    folder: str


def client(**how: Any) -> Any:
    config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}).merge(how.pop("config", Config()))
    return boto3.client("s3", endpoint_url=S3["endpoint"], region_name=S3["region"], config=config, **how)


def root() -> Any:
    return client(aws_access_key_id=S3["access_key"], aws_secret_access_key=S3["secret_key"])


def call(method: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json", "x-iceberg-access-delegation": SETTINGS["delegation"]}
    request = urllib.request.Request(f"{SETTINGS['uri']}/v1/{path}", data, headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.loads(response.read() or b"null")


class Lake:
    """A namespace, and what is in it."""

    def __init__(self) -> None:
        prefix = call("GET", f"config?warehouse={SETTINGS['warehouse']}")["defaults"]["prefix"]
        self.warehouse = prefix
        self.namespace = f"{prefix}/namespaces/probes"
        call("POST", f"{prefix}/namespaces", {"namespace": ["probes"]})
        self.base = self.table("anywhere")["metadata"]["location"].rpartition("/")[0]
        self._root = root()

    def table(self, name: str, **more: Any) -> Any:
        return call("POST", f"{self.namespace}/tables", {"name": name, "schema": SCHEMA, **more})

    def table_at(self, name: str) -> Any:
        return self.table(name, location=f"{self.base}/{name}")

    def view_at(self, name: str) -> Any:
        """Loaded, which gives a key that only reads; whoever creates it gets one that writes."""
        body = {"name": name, "location": f"{self.base}/{name}", "schema": SCHEMA, "view-version": VIEW, "properties": {}}
        call("POST", f"{self.namespace}/views", body)
        return call("GET", f"{self.namespace}/views/{name}")

    def drop(self, name: str) -> None:
        call("DELETE", f"{self.namespace}/tables/{name}")

    def places(self, inside: str) -> list[Place]:
        """Five of them as they are seen from the folder of that name, each with a file in it."""
        bucket, _, base = self.base.removeprefix("s3://").partition("/")
        other = f"{bucket}-other"
        if other not in [one["Name"] for one in self._root.list_buckets()["Buckets"]]:
            self._root.create_bucket(Bucket=other)
        places = [
            Place("inside", bucket, f"{base}/{inside}/"),
            Place("sibling prefix", bucket, f"{base}/{inside}2/"),
            Place("other table", bucket, f"{base}/customers/"),
            Place("bucket root", bucket, ""),
            Place("other bucket", other, f"{base}/{inside}/"),
        ]
        for place in places:
            self.put(place, "seed")
        return places

    def put(self, place: Place, name: str) -> None:
        self._root.put_object(Bucket=place.bucket, Key=f"{place.folder}{name}", Body=SEED)

    def remove(self, place: Place, names: set[str]) -> None:
        for name in names:
            self._root.delete_object(Bucket=place.bucket, Key=f"{place.folder}{name}")

    def names(self, place: Place) -> set[str]:
        listed = self._root.list_objects_v2(Bucket=place.bucket, Prefix=place.folder, Delimiter="/")
        return {one["Key"].removeprefix(place.folder) for one in listed.get("Contents", [])}
