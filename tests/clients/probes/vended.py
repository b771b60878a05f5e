"""What vended keys reach: those of a table for a caller who may write, those of a view, which only read."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from lake import Lake, Place, client
from matrix import NO, READS, YES, Matrix, outcome


def with_keys(answer: Any) -> Any:
    config = answer["config"]
    return client(
        aws_access_key_id=config["s3.access-key-id"],
        aws_secret_access_key=config["s3.secret-access-key"],
        aws_session_token=config["s3.session-token"],
    )


def main() -> None:
    lake = Lake()
    for name in ("orders2", "customers", "report2"):
        lake.table_at(name)
    writer, reader = with_keys(lake.table_at("orders")), with_keys(lake.view_at("report"))
    matrix = Matrix(lake)
    orders, report = lake.places("orders"), lake.places("report")
    matrix.try_all("vended, read and write", writer, orders, lambda _, place: place.name == "inside")
    matrix.try_all("vended, read only", reader, report, lambda operation, place: place.name == "inside" and operation in READS)
    print(f"\n  {'lists that would show a sibling':34}")
    for who, s3, inside in (("read and write", writer, orders[0]), ("read only", reader, report[0])):
        for what, prefix in (("the name without `/`", inside.folder[:-1]), ("nothing", ""), ("all of it", inside.folder)):
            found = outcome(lambda s3=s3, prefix=prefix, inside=inside: s3.list_objects_v2(Bucket=inside.bucket, Prefix=prefix))
            found = matrix.expect(f"{who}: list {what}", found, YES if prefix == inside.folder else NO)
            print(f"  {who + ', ' + what:34}{found:>16}")
    found = matrix.expect("a mixed deletion", mixed(lake, writer, orders), "inside gone, outside there")
    print(f"  {'one deletion of a key in each':34}{found}")
    matrix.end()


def mixed(lake: Lake, s3: Any, places: list[Place]) -> str:
    """A deletion of several files, one of them inside, goes no further."""
    inside, outside = places[0], [place for place in places[1:] if place.bucket == places[0].bucket]
    for place in (inside, *outside):
        lake.put(place, "mixed")
    keys = [{"Key": f"{place.folder}mixed"} for place in (inside, *outside)]
    try:
        s3.delete_objects(Bucket=inside.bucket, Delete={"Objects": keys})
    except ClientError as error:
        return str(error)
    left = [place.name for place in (inside, *outside) if "mixed" in lake.names(place)]
    return "inside gone, outside there" if left == [place.name for place in outside] else f"left: {left}"


main()
