"""Writes and reads a table's folder every few seconds with keys that boto3 renews, for longer than the first of them live."""

from __future__ import annotations

import time

import boto3
from botocore.credentials import RefreshableCredentials
from botocore.session import get_session

from keys import SETTINGS, client, client_with, create_table, refusal, report, seconds_left, vended

PAUSE_SECONDS = 5


def main() -> None:
    table = create_table("loop")
    first = vended(table)
    used: set[str] = set()
    session = get_session()
    # boto3 would renew keys of 15 minutes at once, and again for each request
    session._credentials = RefreshableCredentials.create_from_metadata(
        first, lambda: vended(table), "the catalog", advisory_timeout=300, mandatory_timeout=60
    )
    renewing = client(boto3.Session(botocore_session=session))
    started, turns = time.monotonic(), 0
    while time.monotonic() - started < SETTINGS["seconds"]:
        name = f"{table.folder}/data/{turns}"
        renewing.put_object(Bucket=table.bucket, Key=name, Body=str(turns).encode())
        assert renewing.get_object(Bucket=table.bucket, Key=name)["Body"].read() == str(turns).encode()
        used.add(session.get_credentials().get_frozen_credentials().access_key)
        turns += 1
        time.sleep(PAUSE_SECONDS)
    old, late = client_with(first), f"{table.folder}/data/0"
    said = refusal(lambda: old.get_object(Bucket=table.bucket, Key=late))
    report({
        f"{turns} turns of write and read in {time.monotonic() - started:.0f} s with {len(used)} keys": len(used) > 1,
        f"the first key, over for {-seconds_left(first):.0f} s, is refused by MinIO: {said}": bool(said) and seconds_left(first) < 0,
    })


main()
