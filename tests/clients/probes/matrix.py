"""Every operation at every place: what is tried, what is expected, and what was found."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from lake import SEED, SETTINGS, Lake, Place

READS = ("read", "list")
WRITES = ("write", "delete", "delete several", "multipart")
OPERATIONS = (*READS, *WRITES)
YES, NO = "yes", "no"


class Refused(Exception):
    """The catalog does not sign this."""


def read(s3: Any, place: Place) -> None:
    got = s3.get_object(Bucket=place.bucket, Key=f"{place.folder}seed")["Body"].read()
    assert got == SEED, got


def list_(s3: Any, place: Place) -> None:
    listed = s3.list_objects_v2(Bucket=place.bucket, Prefix=place.folder, Delimiter="/")
    assert any(one["Key"] == f"{place.folder}seed" for one in listed.get("Contents", [])), listed


def write(s3: Any, place: Place) -> None:
    s3.put_object(Bucket=place.bucket, Key=f"{place.folder}written", Body=b"rows")


def delete(s3: Any, place: Place) -> None:
    s3.delete_object(Bucket=place.bucket, Key=f"{place.folder}doomed")


def delete_several(s3: Any, place: Place) -> None:
    keys = [{"Key": f"{place.folder}{name}"} for name in ("doomed1", "doomed2")]
    answer = s3.delete_objects(Bucket=place.bucket, Delete={"Objects": keys})
    for error in answer.get("Errors", []):
        raise ClientError({"Error": error, "ResponseMetadata": {"HTTPStatusCode": 403}}, "DeleteObjects")


def multipart(s3: Any, place: Place) -> None:
    at = {"Bucket": place.bucket, "Key": f"{place.folder}parts"}
    upload = s3.create_multipart_upload(**at)["UploadId"]
    part = s3.upload_part(**at, UploadId=upload, PartNumber=1, Body=b"part")
    s3.complete_multipart_upload(**at, UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})


ACTS: dict[str, Callable[[Any, Place], None]] = {
    "read": read,
    "list": list_,
    "write": write,
    "delete": delete,
    "delete several": delete_several,
    "multipart": multipart,
}
DOOMED = {"delete": ["doomed"], "delete several": ["doomed1", "doomed2"]}
MADE = {"write": ["written"], "multipart": ["parts"]}


class Matrix:
    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._passed = 0
        self._failures: dict[str, str] = {}

    def try_all(self, who: str, s3: Any, places: Iterable[Place], allowed: Callable[[str, Place], bool]) -> None:
        """Prints a table, a place in each row. A `!` is where another answer is expected."""
        print(f"\n  {who:34}" + "".join(f"{operation:>16}" for operation in OPERATIONS))
        for place in places:
            cells = (self._cell(f"{who}, {place.name}", s3, place, operation, allowed) for operation in OPERATIONS)
            print(f"  {place.name:34}" + "".join(f"{cell:>16}" for cell in cells))

    def expect(self, what: str, found: str, expected: str) -> str:
        if found == expected:
            self._passed += 1
            return found
        self._failures[what] = f"found: {found}; expected: {expected}"
        return f"!{found}"[:15]

    def end(self) -> None:
        Path(SETTINGS["findings"]).write_text(json.dumps({"passed": self._passed, "failures": self._failures}))

    def _cell(self, who: str, s3: Any, place: Place, operation: str, allowed: Callable[[str, Place], bool]) -> str:
        expected = YES if allowed(operation, place) else NO
        for name in DOOMED.get(operation, []):
            self._lake.put(place, name)
        before = self._lake.names(place)
        found = outcome(lambda: ACTS[operation](s3, place))
        gone, made = set(DOOMED.get(operation, [])), set(MADE.get(operation, []))
        after = (before - gone) | made if found == YES else before
        if (there := self._lake.names(place)) != after:
            found = f"{found}, but {sorted(there ^ after)} changed"
        # no trace for the next one
        self._lake.remove(place, made & there)
        return self.expect(f"{who}: {operation}", found, expected)


def outcome(act: Callable[[], None]) -> str:
    """Allowed or denied; anything else is told as it is."""
    try:
        act()
    except Refused:
        return NO
    except ClientError as error:
        code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        return NO if status == 403 and code == "AccessDenied" else f"{status} {code}"
    return YES
