"""Feeds the same tables, updates and requirements to our metadata engine and to PyIceberg, and compares.

Every difference must be one that is listed in KNOWN with the reason why ours is right; everything else fails.
Run it with `tests/differential/run`.
"""

import argparse
import copy
import json
import random
import subprocess
import sys
from collections import Counter

from pydantic import BaseModel
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import CommitTableRequest
from pyiceberg.table.metadata import TableMetadataUtil, new_table_metadata
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER, SortOrder
from pyiceberg.table.update import update_table_metadata

import generate

# What we do otherwise, and why. A commit names those it may show; one that never shows up must leave the list.
KNOWN = {
    "equal parts are found again": "a schema, spec or order that is there keeps its id (Java reference); PyIceberg adds a twin",
    "what is gone already can be removed": "the Java reference passes over ids and names that are not there; PyIceberg raises",
    "sequence numbers are checked in v3 too": "the Java reference checks every version but v1; PyIceberg checks v2 alone",
    "main is a branch": "the Java reference refuses a tag of that name; PyIceberg takes it",
    "history before a removed snapshot ends": "a gap in the snapshot log would make time travel wrong (Java reference)",
    "parents of expired snapshots stay": "a snapshot says on what it was built (Java reference); PyIceberg writes null",
    "partition statistics go with their snapshot": "as statistics do (Java reference); PyIceberg leaves them",
    "tables can go up to v3": "PyIceberg reads and creates v3 tables, but upgrades to v2 at most",
}


class Ours:
    """The example `apply` as a process."""

    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **request):
        print(
            json.dumps({name.replace("_", "-"): value for name, value in request.items()}),
            file=self.process.stdin,
            flush=True,
        )
        return json.loads(self.process.stdout.readline())


def theirs(table, commit):
    """PyIceberg's answer in the same form."""
    try:
        request = CommitTableRequest.model_validate(
            {
                "identifier": {"namespace": ["n"], "name": "t"},
                "updates": commit.updates,
                "requirements": commit.requirements,
            }
        )
        base = TableMetadataUtil.parse_obj(copy.deepcopy(table))
        for requirement in request.requirements:
            requirement.validate(base)
        made = update_table_metadata(base, tuple(request.updates), metadata_location="previous")
        return {"metadata": dump(made)}
    except Exception as error:  # Whatever it raises is its way to refuse.
        return {"error": f"{type(error).__name__}: {error}"}


def as_pyiceberg(table):
    """Our metadata as PyIceberg prints it, so that spelling does not count. It must be able to read it."""
    return dump(TableMetadataUtil.parse_obj(copy.deepcopy(table)))


def dump(metadata):
    """PyIceberg's own `model_dump_json` refuses v3, though it can be printed."""
    return BaseModel.model_dump(metadata, mode="json", by_alias=True, exclude_none=True)


def comparable(table):
    table = copy.deepcopy(table)
    # Both take the time from a clock; theirs cannot be set.
    table.pop("last-updated-ms")
    table["snapshot-log"] = [entry["snapshot-id"] for entry in table["snapshot-log"]]
    for part, key in [("statistics", "snapshot-id"), ("partition-statistics", "snapshot-id")]:
        table[part] = sorted(table.get(part, []), key=lambda file: file[key])
    # PyIceberg carries what only other versions have.
    if table["format-version"] < 3:
        table.pop("next-row-id", None)
    else:
        # The spec wants it in every v3 table; theirs begins without.
        table.setdefault("next-row-id", 0)
    if table["format-version"] == 1:
        table.pop("last-sequence-number", None)
    for name in ("schema", "partition-spec"):
        table.pop(name, None)
    for snapshot in table["snapshots"]:
        if snapshot.get("sequence-number") == 0:
            snapshot.pop("sequence-number")
    return {name: part for name, part in table.items() if part not in (None, -1)}


def known_differences(commit, mine, other):
    """The names of the known differences that explain why the two are not equal; none if something else differs."""
    if commit.known:
        return commit.known
    removed = {i for update in commit.updates for i in update.get("snapshot-ids", [])}
    if not removed or "error" in mine or "error" in other:
        return set()
    mine, other, names = comparable(as_pyiceberg(mine["metadata"])), comparable(other["metadata"]), set()
    if mine["snapshot-log"] != other["snapshot-log"] and ends_with(
        other["snapshot-log"], mine["snapshot-log"]
    ):
        names.add("history before a removed snapshot ends")
        other["snapshot-log"] = mine["snapshot-log"]
    for snapshot, twin in zip(mine["snapshots"], other["snapshots"]):
        if snapshot.get("parent-snapshot-id") in removed and "parent-snapshot-id" not in twin:
            names.add("parents of expired snapshots stay")
            snapshot.pop("parent-snapshot-id")
    left = [file for file in other["partition-statistics"] if file["snapshot-id"] not in removed]
    if left != other["partition-statistics"]:
        names.add("partition statistics go with their snapshot")
        other["partition-statistics"] = left
    return names if mine == other else set()


def ends_with(longer, tail):
    return longer[len(longer) - len(tail) :] == tail


def equal(mine, other):
    if "error" in mine or "error" in other:
        return "error" in mine and "error" in other
    return comparable(as_pyiceberg(mine["metadata"])) == comparable(other["metadata"])


def create(engine, rng):
    request = generate.create(rng)
    mine = engine.ask(create=request, now_ms=generate.NOW)
    schema = Schema.model_validate(request["schema"])
    spec = (
        PartitionSpec.model_validate(request["partition-spec"])
        if "partition-spec" in request
        else UNPARTITIONED_PARTITION_SPEC
    )
    order = (
        SortOrder.model_validate(request["write-order"]) if "write-order" in request else UNSORTED_SORT_ORDER
    )
    made = new_table_metadata(
        schema, spec, order, request["location"], dict(request["properties"]), request["uuid"]
    )
    other = {"metadata": dump(made)}
    if not equal(mine, other):
        fail("create", request, mine, other)
    return mine["metadata"]


def fail(what, request, mine, other):
    print(
        f"DIFFERENCE in {what}",
        json.dumps(request, indent=1),
        "ours:",
        json.dumps(mine),
        "theirs:",
        json.dumps(other),
        sep="\n",
    )
    sys.exit(1)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--engine", required=True)
    arguments.add_argument("--tables", type=int, default=200)
    arguments.add_argument("--commits", type=int, default=15)
    arguments.add_argument("--seed", type=int, default=1)
    arguments = arguments.parse_args()
    engine, rng = Ours(arguments.engine), random.Random(arguments.seed)
    kinds, outcomes, known = Counter(), Counter(), Counter()
    for _ in range(arguments.tables):
        table = create(engine, rng)
        for _ in range(arguments.commits):
            commit = generate.Commit(rng, table)
            mine = engine.ask(
                metadata=table,
                updates=commit.updates,
                requirements=commit.requirements,
                now_ms=commit.now,
                previous="previous",
            )
            other = theirs(table, commit)
            if not equal(mine, other):
                reasons = known_differences(commit, mine, other)
                if not reasons:
                    fail(
                        commit.kind.__name__,
                        {"table": table, "updates": commit.updates, "requirements": commit.requirements},
                        mine,
                        other,
                    )
                known.update(reasons)
            kinds[commit.kind.__name__] += 1
            outcomes["refused" if "error" in mine else "changed" if mine["changed"] else "unchanged"] += 1
            table = mine.get("metadata", table)
    print(f"{arguments.tables} tables, {sum(kinds.values())} commits of {len(kinds)} kinds: {dict(outcomes)}")
    print("known differences:", json.dumps(known, indent=1))
    unseen = [name for name in KNOWN if not known[name]]
    if unseen and arguments.tables >= 200:
        sys.exit(f"these known differences never showed: take them off the list: {unseen}")


if __name__ == "__main__":
    main()
