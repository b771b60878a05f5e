"""The engines that ours is compared with, and what each is known to do otherwise."""

import copy
import json
import subprocess

from pydantic import BaseModel
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import CommitTableRequest
from pyiceberg.table.metadata import TableMetadataUtil, new_table_metadata
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER, SortOrder
from pyiceberg.table.update import update_table_metadata

from generate import Commit


class Process:
    """An engine behind a pipe: ours (the example `apply`) or the Java reference."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **request):
        request = {name.replace("_", "-"): value for name, value in request.items()}
        print(json.dumps(request), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())


class Java:
    """The reference itself. The reasons say why ours differs on purpose."""

    NAME = "the Java reference"
    KINDS = Commit.KINDS + Commit.RARE_KINDS
    KNOWN = {
        "-1 is an equal part too": "the REST spec's last added part; the reference only knows one that is new, and so "
        "refuses a client that lost a race to another with the same change",
        "more removals than snapshots": "1.11 stumbles over the size of a list, for ids that are all unknown",
        "main is a branch": "1.11 takes a tag of that name, versions after it refuse it",
        "row ids after a gap": "the spec wants them to be unique; the reference counts on from before the gap",
    }

    # Differences that need luck to show.
    RARE = {
        "its clock cannot be set": "a rollback happens now, years after the snapshots of these tables",
        "a default is there when it is set": "the reference looks at the end whether it exists",
    }

    def __init__(self, jars, source):
        self.engine = Process(["java", "-cp", f"{jars}/*", source])

    def create(self, request):
        return self.engine.ask(create=request)

    def apply(self, table, commit):
        return self.engine.ask(
            metadata=table, updates=commit.updates, requirements=commit.requirements, previous="previous"
        )

    def reread(self, table):
        return self.engine.ask(metadata=table, updates=[], requirements=[], previous="previous")

    def same_spelling(self, table):
        return copy.deepcopy(table)

    def explanations(self, commit, mine, other):
        if "Cannot set last added" in other.get("error", "") and "error" not in mine:
            return {"-1 is an equal part too"} if "equal parts are found again" in commit.odd else set()
        if "Expected sorted snapshot log entries" in other.get("error", ""):
            return {"its clock cannot be set"}
        if "Cannot set default" in mine.get("error", "") and " to unknown " in mine["error"]:
            return {"a default is there when it is set"}
        if "arraySize cannot be negative" in other.get("error", ""):
            return {"more removals than snapshots"}
        if "Cannot set main to a tag" in mine.get("error", ""):
            return commit.odd & {"main is a branch"}
        if "metadata" in mine and "metadata" in other:
            mine, other = comparable(mine["metadata"]), comparable(other["metadata"])
            if mine.pop("next-row-id", 0) > other.pop("next-row-id", 0) and mine == other:
                return commit.odd & {"row ids after a gap"}
        return set()


class PyIceberg:
    """PyIceberg's engine. The reasons say why ours is right."""

    NAME = "PyIceberg"
    KINDS = Commit.KINDS
    KNOWN = {
        "equal parts are found again": "a schema, spec or order that is there keeps its id (Java reference); "
        "PyIceberg adds a twin",
        "what is gone already can be removed": "the Java reference passes over ids and names that are not there; "
        "PyIceberg raises",
        "sequence numbers are checked in v3 too": "the Java reference checks every version but v1; PyIceberg checks "
        "v2 alone",
        "main is a branch": "the Java reference refuses a tag of that name; PyIceberg takes it",
        "history before a removed snapshot ends": "a gap in the snapshot log would make time travel wrong (Java "
        "reference)",
        "parents of expired snapshots stay": "a snapshot says on what it was built (Java reference); PyIceberg "
        "writes null",
        "partition statistics go with their snapshot": "as statistics do (Java reference); PyIceberg leaves them",
        "tables can go up to v3": "PyIceberg reads and creates v3 tables, but upgrades to v2 at most",
    }

    def create(self, request):
        schema = Schema.model_validate(request["schema"])
        spec, order = UNPARTITIONED_PARTITION_SPEC, UNSORTED_SORT_ORDER
        if "partition-spec" in request:
            spec = PartitionSpec.model_validate(request["partition-spec"])
        if "write-order" in request:
            order = SortOrder.model_validate(request["write-order"])
        properties = dict(request["properties"])
        made = new_table_metadata(schema, spec, order, request["location"], properties, request["uuid"])
        return {"metadata": dump(made)}

    def apply(self, table, commit):
        try:
            body = {"updates": commit.updates, "requirements": commit.requirements}
            request = CommitTableRequest.model_validate({"identifier": {"namespace": ["n"], "name": "t"}, **body})
            base = TableMetadataUtil.parse_obj(copy.deepcopy(table))
            for requirement in request.requirements:
                requirement.validate(base)
            made = update_table_metadata(base, tuple(request.updates), metadata_location="previous")
            return {"metadata": dump(made)}
        except Exception as error:  # Whatever it raises is its way to refuse.
            return {"error": f"{type(error).__name__}: {error}"}

    def reread(self, table):
        return self.same_spelling(table)

    def same_spelling(self, table):
        """Our metadata as PyIceberg prints it. It must be able to read it."""
        return dump(TableMetadataUtil.parse_obj(copy.deepcopy(table)))

    def explanations(self, commit, mine, other):
        if commit.odd:
            return commit.odd
        removed = {i for update in commit.updates for i in update.get("snapshot-ids", [])}
        if not removed or "error" in mine or "error" in other:
            return set()
        mine, other = comparable(self.same_spelling(mine["metadata"])), comparable(other["metadata"])
        names = set()
        if mine["snapshot-log"] != other["snapshot-log"] == other["snapshot-log"]:
            cut = len(other["snapshot-log"]) - len(mine["snapshot-log"])
            if other["snapshot-log"][cut:] == mine["snapshot-log"]:
                names.add("history before a removed snapshot ends")
                other["snapshot-log"] = mine["snapshot-log"]
        for snapshot, twin in zip(mine["snapshots"], other["snapshots"], strict=False):
            if snapshot.get("parent-snapshot-id") in removed and "parent-snapshot-id" not in twin:
                names.add("parents of expired snapshots stay")
                snapshot.pop("parent-snapshot-id")
        left = [file for file in other["partition-statistics"] if file["snapshot-id"] not in removed]
        if left != other["partition-statistics"]:
            names.add("partition statistics go with their snapshot")
            other["partition-statistics"] = left
        return names if mine == other else set()


def dump(metadata):
    """PyIceberg's own `model_dump_json` refuses v3, though it can be printed."""
    return BaseModel.model_dump(metadata, mode="json", by_alias=True, exclude_none=True)


def comparable(table):
    """Without what may differ: times of the clock, order of sets, and spellings of nothing."""
    table = copy.deepcopy(table)
    table.pop("last-updated-ms")
    table["snapshot-log"] = [entry["snapshot-id"] for entry in table["snapshot-log"]]
    for part in ("statistics", "partition-statistics"):
        table[part] = sorted(table.get(part, []), key=lambda file: file["snapshot-id"])
    if table["format-version"] < 3:
        # PyIceberg carries what only other versions have.
        table.pop("next-row-id", None)
    else:
        # The spec wants it in every v3 table; PyIceberg begins without.
        table.setdefault("next-row-id", 0)
    if table["format-version"] == 1:
        table.pop("last-sequence-number", None)
    for legacy in ("schema", "partition-spec"):
        table.pop(legacy, None)
    for snapshot in table["snapshots"]:
        if snapshot.get("sequence-number") == 0:
            snapshot.pop("sequence-number")
    return {name: part for name, part in table.items() if part not in (None, -1)}
