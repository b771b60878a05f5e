"""What is signed, at each address that signs, for a client without a key; what is signed is sent.

At the address with the table's name nothing is signed but for that table. The others find the table by where a request leads to: there a caller
reaches other tables that it may write as well, but nothing that is no table's.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import replace
from typing import Any

from botocore import UNSIGNED
from botocore.config import Config

from lake import S3, SETTINGS, Lake, client
from matrix import Matrix, Refused

TABLES = ("inside", "sibling prefix", "other table")


def signed_at(address: str) -> Any:
    """A client whose requests the catalog signs, or not."""

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

    s3 = client(config=Config(signature_version=UNSIGNED))
    s3.meta.events.register_last("before-sign.s3", sign)
    return s3


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
