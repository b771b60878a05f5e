"""What is signed, at each address that signs, for a client without a key; what is signed is sent.

At the address with the table's name nothing is signed but for that table. The others find the table by where a request leads to: there a caller
reaches other tables that it may write as well, but nothing that is no table's. And what is signed is altered, before it is sent, by headers that MinIO
obeys unsigned.
"""

from __future__ import annotations

import io
import json
import tarfile
import urllib.error
import urllib.request
from dataclasses import replace
from typing import Any

from botocore import UNSIGNED
from botocore.config import Config

from lake import S3, SETTINGS, Lake, Place, client
from matrix import YES, Matrix, Refused, outcome

TABLES = ("inside", "sibling prefix", "other table")


def signed_at(address: str, added: dict[str, str] | None = None) -> Any:
    """A client whose requests the catalog signs, or not, and who adds headers to what is signed for a PUT."""

    def sign(request: Any, **_: Any) -> None:
        body = request.body.decode() if "?delete" in request.url and request.body else None
        headers = {name: [value.decode() if isinstance(value, bytes) else value] for name, value in request.headers.items()}
        asked = {"method": request.method, "uri": request.url, "region": S3["region"], "headers": headers, "body": body}
        url = f"{SETTINGS['uri']}/{address}"
        post = urllib.request.Request(url, json.dumps(asked).encode(), {"content-type": "application/json"}, method="POST")
        try:
            with urllib.request.urlopen(post, timeout=60) as response:
                answer = json.loads(response.read())
        except urllib.error.HTTPError as error:
            if error.code in (400, 403, 409):
                raise Refused(error.read().decode()) from error
            raise
        request.url = answer["uri"]
        for name, values in answer["headers"].items():
            del request.headers[name]
            request.headers[name] = ", ".join(values)
        for name, value in (added or {}).items() if request.method == "PUT" else ():
            del request.headers[name]
            request.headers[name] = value

    s3 = client(config=Config(signature_version=UNSIGNED))
    s3.meta.events.register_last("before-sign.s3", sign)
    return s3


def copy(s3: Any, at: Place) -> None:
    s3.put_object(Bucket=at.bucket, Key=f"{at.folder}altered", Body=b"")


def copy_part(s3: Any, at: Place) -> None:
    upload = s3.create_multipart_upload(Bucket=at.bucket, Key=f"{at.folder}altered")["UploadId"]
    s3.upload_part(Bucket=at.bucket, Key=f"{at.folder}altered", UploadId=upload, PartNumber=1, Body=b"")


def archive(name: str) -> bytes:
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w") as files:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mtime = 4, 1_700_000_000
        files.addfile(entry, io.BytesIO(b"evil"))
    return body.getvalue()


def alter(lake: Lake, matrix: Matrix, address: str, places: list[Place]) -> None:
    """A PUT that is signed does nothing, when it is made a copy of another table's file, or an archive to be unpacked there."""
    own, other = places[0], places[2]

    def unpack(s3: Any, at: Place) -> None:
        s3.put_object(Bucket=at.bucket, Key=f"{at.folder}altered", Body=archive(f"{other.folder}evil"))

    copied = {"x-amz-copy-source": f"/{other.bucket}/{other.folder}seed"}
    unpacked = {"x-amz-meta-snowball-auto-extract": "true"}
    print()
    for what, act, added in (("a copy", copy, copied), ("a part's copy", copy_part, copied), ("an archive", unpack, unpacked)):
        before = [lake.names(place) for place in places]
        found = outcome(lambda act=act, added=added: act(signed_at(address, added), own))
        after = [lake.names(place) for place in places]
        found = "refused" if found != YES and after == before else f"{found}, found then: {after}"
        print(f"  {'signed, then altered to ' + what:51}{matrix.expect(f'altered to {what}', found, 'refused')}")


def main() -> None:
    lake = Lake()
    orders = lake.table_at("orders")
    for name in ("orders2", "customers"):
        lake.table_at(name)
    staged = lake.table("staged", location=f"{lake.base}/staged", **{"stage-create": True})
    lake.table_at("staged2")
    lake.table_at("gone")
    gone = replace(lake.places("gone")[0], name="table that was dropped")
    lake.drop("gone")
    places, matrix = lake.places("orders"), Matrix(lake)
    by_name = f"v1/{lake.namespace}/tables/orders/sign"
    by_id, by_place = orders["config"]["signer.endpoint"], f"v1/{lake.warehouse}/v1/aws/s3/sign"
    matrix.try_all("signed, by the table's name", signed_at(by_name), [*places, gone], lambda _, place: place is places[0])
    alter(lake, matrix, by_name, places)
    for how, address in (("by the table's id", by_id), ("by where it leads", by_place)):
        matrix.try_all(f"signed, {how}", signed_at(address), [*places, gone], lambda _, place: place.name in TABLES)
    address = staged["config"]["signer.endpoint"]
    places = lake.places("staged")
    matrix.try_all("signed, for a staged table", signed_at(address), places, lambda _, place: place.name in TABLES)
    # somebody else is faster
    lake.table_at("staged")
    matrix.try_all("signed, its place taken", signed_at(address), places, lambda _, place: place.name in TABLES[1:])
    matrix.end()


main()
