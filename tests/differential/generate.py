"""Random tables and commits, most of them such that both engines must take them alike."""

import uuid

NOW = 1_700_000_000_000
PRIMITIVES = [
    "boolean",
    "int",
    "long",
    "float",
    "double",
    "decimal(9, 2)",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "string",
    "uuid",
    "fixed[8]",
    "binary",
]
# Of columns and partition fields, so that they get into each other's way.
NAMES = ["key", "p", "q", "r"]
TIMES = {"date", "timestamp", "timestamptz"}


class Columns:
    """Hands out field ids and names that are all different."""

    def __init__(self, rng, first=1):
        self.rng, self.next = rng, first

    def id(self):
        self.next += self.rng.randint(1, 3)
        return self.next

    def field(self, depth=0):
        field_id = self.id()
        return {
            "id": field_id,
            "name": f"c{field_id}_{self.rng.randint(0, 9999)}",
            "required": self.rng.random() < 0.3 and depth == 0,
            "type": self.type(depth),
        }

    def type(self, depth):
        kind = self.rng.random()
        if depth > 2 or kind < 0.8:
            return self.rng.choice(PRIMITIVES)
        if kind < 0.87:
            fields = [self.field(depth + 1) for _ in range(self.rng.randint(1, 3))]
            return {"type": "struct", "fields": fields}
        if kind < 0.94:
            return {
                "type": "list",
                "element-id": self.id(),
                "element": self.type(depth + 1),
                "element-required": self.rng.random() < 0.5,
            }
        return {
            "type": "map",
            "key-id": self.id(),
            "key": "string",
            "value-id": self.id(),
            "value": self.type(depth + 1),
            "value-required": self.rng.random() < 0.5,
        }


def schema(rng):
    columns = Columns(rng)
    fields = [{"id": columns.id(), "name": "key", "required": True, "type": "long"}]
    fields += [columns.field() for _ in range(rng.randint(1, 8))]
    chosen = {"type": "struct", "schema-id": 0, "fields": fields}
    if rng.random() < 0.3:
        chosen["identifier-field-ids"] = [fields[0]["id"]]
    return chosen


def plain_fields(chosen):
    return [field for field in chosen["fields"] if isinstance(field["type"], str)]


def transform(rng, kind):
    if kind in TIMES:
        return rng.choice(["year", "month", "day", "identity"])
    if kind in {"boolean", "float", "double"}:
        return "identity"
    if kind in {"int", "long", "string"}:
        return rng.choice([f"bucket[{rng.randint(1, 99)}]", f"truncate[{rng.randint(1, 99)}]", "identity"])
    return "identity"


def spec(rng, chosen, spec_id=0, first=1000):
    fields, taken = [], set()
    for source in rng.sample(plain_fields(chosen), k=min(2, len(plain_fields(chosen)))):
        text = transform(rng, source["type"])
        if source["id"] in taken:
            continue
        taken.add(source["id"])
        name = source["name"] if text == "identity" else f"{source['name']}_{text.split('[')[0]}_{rng.randint(0, 999)}"
        fields.append({"source-id": source["id"], "field-id": first + len(fields), "name": name, "transform": text})
    return {"spec-id": spec_id, "fields": fields}


def order(rng, chosen, order_id=1):
    source = rng.choice(plain_fields(chosen))
    return {
        "order-id": order_id,
        "fields": [
            {
                "source-id": source["id"],
                "transform": transform(rng, source["type"]),
                "direction": rng.choice(["asc", "desc"]),
                "null-order": rng.choice(["nulls-first", "nulls-last"]),
            }
        ],
    }


def create(rng):
    chosen = schema(rng)
    request = {
        "uuid": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "location": "s3://b/t",
        "schema": chosen,
        "properties": {
            "format-version": str(rng.choice([1, 2, 3])),
            "write.parquet.compression-codec": "snappy",
            "owner": "me",
        },
    }
    if rng.random() < 0.7:
        request["partition-spec"] = spec(rng, chosen)
    if rng.random() < 0.5:
        request["write-order"] = order(rng, chosen)
    return request


class Commit:
    """One commit on a table: updates, requirements, and what is odd about it (names of known differences)."""

    # What every engine knows; appends come more often.
    KINDS = """properties location append append append branch tag drop_ref rollback widen old_schema respec
        old_spec reorder upgrade statistics no_statistics expire drop_schema drop_spec unknown gone equal_schema
        stale main_tag""".split()
    # What only the Java reference does as the spec says.
    RARE_KINDS = "two_appends expire_any narrow newer_types keys mixed odd_row_ids retention bad_spec names".split()

    def __init__(self, rng, table, kinds):
        self.rng, self.table = rng, table
        self.now = table["last-updated-ms"] + 1000
        self.updates, self.requirements, self.odd = [], [], set()
        self.kind = rng.choice(kinds)
        getattr(self, self.kind)()
        if rng.random() < 0.3:
            self.requirement()

    def current(self, of, by, key):
        return next(part for part in self.table[of] if part[key] == self.table[by])

    def schema(self):
        return self.current("schemas", "current-schema-id", "schema-id")

    def snapshots(self):
        return [snapshot["snapshot-id"] for snapshot in self.table["snapshots"]]

    def refs(self):
        return self.table["refs"]

    def add(self, action, **fields):
        self.updates.append({"action": action, **{name.replace("_", "-"): value for name, value in fields.items()}})

    def properties(self):
        self.add(
            "set-properties",
            updates={f"p{self.rng.randint(0, 5)}": "x", "write.metadata.previous-versions-max": "4"},
        )
        mine = [name for name in self.table["properties"] if name.startswith("p")]
        if mine:
            self.add("remove-properties", removals=[self.rng.choice(mine)])

    def location(self):
        self.add("set-location", location=f"s3://b/t{self.rng.randint(0, 99)}")

    def snapshot(self, **more):
        version = self.table["format-version"]
        new = {
            "snapshot-id": self.rng.getrandbits(62),
            "timestamp-ms": self.now - 10,
            "manifest-list": "s3://b/m",
            "summary": {
                "operation": self.rng.choice(["append", "overwrite", "delete"]),
                "added-records": "1",
            },
            "schema-id": self.table["current-schema-id"],
        }
        new["sequence-number"] = self.table.get("last-sequence-number", 0) + 1 if version > 1 else 0
        if self.table["current-snapshot-id"] not in (None, -1):
            new["parent-snapshot-id"] = self.table["current-snapshot-id"]
        if version > 2:
            new["first-row-id"], new["added-rows"] = self.table["next-row-id"], self.rng.randint(0, 9)
        return {**new, **more}

    def append(self):
        new = self.snapshot()
        self.add("add-snapshot", snapshot=new)
        self.add("set-snapshot-ref", ref_name="main", type="branch", snapshot_id=new["snapshot-id"])
        head = self.refs().get("main", {}).get("snapshot-id")
        self.requirements.append({"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": head})

    def branch(self):
        new = self.snapshot()
        self.add("add-snapshot", snapshot=new)
        self.add(
            "set-snapshot-ref",
            ref_name=f"b{self.rng.randint(0, 3)}",
            type="branch",
            snapshot_id=new["snapshot-id"],
            min_snapshots_to_keep=3,
            max_snapshot_age_ms=1000,
        )

    def tag(self):
        target = self.rng.choice(self.snapshots() or [404])
        self.add("set-snapshot-ref", ref_name=f"t{self.rng.randint(0, 3)}", type="tag", snapshot_id=target)

    def drop_ref(self):
        self.add("remove-snapshot-ref", ref_name=self.rng.choice([*self.refs(), "nope"]))

    def rollback(self):
        target = self.rng.choice(self.snapshots() or [404])
        self.add("set-snapshot-ref", ref_name="main", type="branch", snapshot_id=target)

    def widen(self):
        wider = {**self.schema(), "schema-id": max(s["schema-id"] for s in self.table["schemas"]) + 1}
        wider["fields"] = [
            *wider["fields"],
            {**Columns(self.rng, self.table["last-column-id"] + 1).field(), "required": False},
        ]
        self.add("add-schema", schema=wider)
        if self.rng.random() < 0.8:
            self.add("set-current-schema", schema_id=-1)

    def equal_schema(self):
        self.odd.add("equal parts are found again")
        again = {**self.schema(), "schema-id": max(s["schema-id"] for s in self.table["schemas"]) + 1}
        self.add("add-schema", schema=again)

    def old_schema(self):
        self.add("set-current-schema", schema_id=self.rng.choice([s["schema-id"] for s in self.table["schemas"]]))

    def respec(self):
        next_id = max(s["spec-id"] for s in self.table["partition-specs"]) + 1
        first = 1000 if self.table["format-version"] == 1 else self.table["last-partition-id"] + 1
        new = spec(self.rng, self.schema(), next_id, first)
        shape = [
            [(f["source-id"], f["transform"], f["name"]) for f in s["fields"]]
            for s in [*self.table["partition-specs"], new]
        ]
        if shape[-1] in shape[:-1]:
            self.odd.add("equal parts are found again")
        self.add("add-spec", spec=new)
        self.add("set-default-spec", spec_id=-1)

    def old_spec(self):
        self.add("set-default-spec", spec_id=self.rng.choice([s["spec-id"] for s in self.table["partition-specs"]]))

    def reorder(self):
        next_id = max(o["order-id"] for o in self.table["sort-orders"]) + 1
        new = order(self.rng, self.schema(), next_id)
        if new["fields"] in [o["fields"] for o in self.table["sort-orders"]]:
            self.odd.add("equal parts are found again")
        self.add("add-sort-order", sort_order=new)
        self.add("set-default-sort-order", sort_order_id=-1)

    def upgrade(self):
        version = self.rng.choice([1, 2, 3])
        if version == 3:
            self.odd.add("tables can go up to v3")
        self.add("upgrade-format-version", format_version=version)

    def statistics(self):
        for target in self.snapshots()[-1:]:
            file = {
                "snapshot-id": target,
                "statistics-path": f"s{self.rng.random()}",
                "file-size-in-bytes": 1,
            }
            more = {"file-footer-size-in-bytes": 1, "blob-metadata": []}
            self.add("set-statistics", statistics={**file, **more})
            self.add("set-partition-statistics", partition_statistics=file)

    def no_statistics(self):
        files = [file["snapshot-id"] for file in self.table["statistics"]]
        if not files:
            self.odd.add("what is gone already can be removed")
        self.add("remove-statistics", snapshot_id=self.rng.choice(files or [404]))

    def expire(self):
        heads = {ref["snapshot-id"] for ref in self.refs().values() if ref["type"] == "branch"}
        old = [snapshot for snapshot in self.snapshots() if snapshot not in heads]
        if old:
            self.add("remove-snapshots", snapshot_ids=self.rng.sample(old, k=self.rng.randint(1, len(old))))

    def drop_schema(self):
        self.add("remove-schemas", schema_ids=[self.rng.choice([s["schema-id"] for s in self.table["schemas"]])])

    def drop_spec(self):
        self.add(
            "remove-partition-specs",
            spec_ids=[self.rng.choice([s["spec-id"] for s in self.table["partition-specs"]])],
        )

    def unknown(self):
        self.add(*self.rng.choice([("set-current-schema",), ("set-default-spec",), ("set-default-sort-order",)]))
        self.updates[-1][
            {
                "set-current-schema": "schema-id",
                "set-default-spec": "spec-id",
                "set-default-sort-order": "sort-order-id",
            }[self.updates[-1]["action"]]
        ] = self.rng.choice([-1, 404])

    def gone(self):
        self.odd.add("what is gone already can be removed")
        if self.rng.random() < 0.5:
            self.add("remove-properties", removals=["nope"])
        else:
            self.add("remove-snapshots", snapshot_ids=[404])

    def stale(self):
        if self.table["format-version"] > 2:
            self.odd.add("sequence numbers are checked in v3 too")
        new = self.snapshot()
        if "parent-snapshot-id" in new and self.table["format-version"] > 1:
            new["sequence-number"] -= 1
        self.add("add-snapshot", snapshot=new)

    def main_tag(self):
        self.odd.add("main is a branch")
        self.add(
            "set-snapshot-ref",
            ref_name="main",
            type="tag",
            snapshot_id=self.rng.choice(self.snapshots() or [404]),
        )

    def two_appends(self):
        """The first of the two is never seen as current."""
        first = self.snapshot()
        second = {**self.snapshot(), "parent-snapshot-id": first["snapshot-id"]}
        if self.table["format-version"] > 1:
            second["sequence-number"] += 1
        if self.table["format-version"] > 2:
            second["first-row-id"] += first["added-rows"]
        for new in (first, second):
            self.add("add-snapshot", snapshot=new)
            self.add("set-snapshot-ref", ref_name="main", type="branch", snapshot_id=new["snapshot-id"])

    def expire_any(self):
        for _ in range(self.rng.randint(1, 2)):
            old = self.rng.sample(self.snapshots(), k=min(len(self.snapshots()), self.rng.randint(1, 2)))
            self.add("remove-snapshots", snapshot_ids=old)

    def narrow(self):
        """A column less; the default spec or order may need it."""
        next_id = max(s["schema-id"] for s in self.table["schemas"]) + 1
        fields = list(self.schema()["fields"])
        if len(fields) > 1:
            fields.pop(self.rng.randrange(len(fields)))
        self.add("add-schema", schema={"type": "struct", "schema-id": next_id, "fields": fields})
        self.add("set-current-schema", schema_id=-1)
        self.odd.add("equal parts are found again")

    def newer_types(self):
        kind = self.rng.choice(["variant", "timestamp_ns", "timestamptz_ns", "unknown", "geometry", "geography"])
        field = {"id": self.table["last-column-id"] + 1, "name": f"n{self.rng.random()}", "required": False}
        wider = {**self.schema(), "schema-id": max(s["schema-id"] for s in self.table["schemas"]) + 1}
        wider["fields"] = [*wider["fields"], {**field, "type": kind}]
        self.add("add-schema", schema=wider)
        if self.rng.random() < 0.5:
            name = self.rng.choice(["identity", "bucket[4]", "truncate[4]", "day", "hour", "void"])
            source = {"source-id": field["id"], "field-id": self.table["last-partition-id"] + 1}
            self.add("set-current-schema", schema_id=-1)
            self.add("add-spec", spec={"spec-id": 77, "fields": [{**source, "name": "np", "transform": name}]})

    def keys(self):
        name = f"k{self.rng.randint(0, 3)}"
        if self.rng.random() < 0.5:
            key = {"key-id": name, "encrypted-key-metadata": "aGk=", "encrypted-by-id": "x"}
            self.add("add-encryption-key", encryption_key=key)
        else:
            self.add("remove-encryption-key", key_id=name)

    def mixed(self):
        for kind in self.rng.sample(self.KINDS, k=3):
            getattr(self, kind)()

    def odd_row_ids(self):
        self.odd.add("row ids after a gap")
        more = {"first-row-id": self.rng.choice([-1, 0, 5, 1000]), "added-rows": self.rng.choice([-1, 0, 7])}
        self.add("add-snapshot", snapshot=self.snapshot(**more))

    def retention(self):
        fields = {
            name: self.rng.choice([-1, 0, 1, 5])
            for name in self.rng.sample(["min_snapshots_to_keep", "max_snapshot_age_ms", "max_ref_age_ms"], k=2)
        }
        target = self.rng.choice(self.snapshots() or [404])
        kind = self.rng.choice(["branch", "tag"])
        self.add("set-snapshot-ref", ref_name="r", type=kind, snapshot_id=target, **fields)

    def bad_spec(self):
        """Any column with any transform, names that are taken, fields in structs, lists and maps."""
        ids = self.rng.sample(range(1, self.table["last-column-id"] + 2), k=2)
        fields = [
            {
                "source-id": source,
                "field-id": self.table["last-partition-id"] + 1 + at,
                "name": self.rng.choice([*NAMES, *[field["name"] for field in self.schema()["fields"]]]),
                "transform": self.rng.choice(["identity", "bucket[4]", "truncate[4]", "day", "hour", "void", "zorder"]),
            }
            for at, source in enumerate(ids)
        ]
        self.add("add-spec", spec={"spec-id": 77, "fields": fields})
        order = {name: part for name, part in fields[0].items() if name in ("source-id", "transform")}
        if self.rng.random() < 0.5:
            self.updates.pop()
            self.add(
                "add-sort-order",
                sort_order={"order-id": 77, "fields": [{**order, "direction": "asc", "null-order": "nulls-last"}]},
            )

    def names(self):
        """A column and a partition field with names from a small pool, in any order."""
        column = {"id": self.table["last-column-id"] + 1, "required": False, "type": "int"}
        wider = {**self.schema(), "schema-id": max(s["schema-id"] for s in self.table["schemas"]) + 1}
        wider["fields"] = [*wider["fields"], {**column, "name": self.rng.choice(NAMES)}]
        source = self.rng.choice([field["id"] for field in plain_fields(self.schema())])
        field = {"source-id": source, "field-id": self.table["last-partition-id"] + 1, "transform": "void"}
        kinds = self.rng.choice(["column", "field", "column field", "field column"]).split()
        for kind in kinds:
            if kind == "column":
                self.add("add-schema", schema=wider)
                self.add("set-current-schema", schema_id=-1)
            else:
                self.add("add-spec", spec={"spec-id": 77, "fields": [{**field, "name": self.rng.choice(NAMES)}]})

    def requirement(self):
        wrong = self.rng.choice([0, 0, 1])
        table = self.table
        self.requirements.append(
            self.rng.choice(
                [
                    {
                        "type": "assert-table-uuid",
                        "uuid": str(uuid.UUID(int=7)) if wrong else table["table-uuid"],
                    },
                    {
                        "type": "assert-current-schema-id",
                        "current-schema-id": table["current-schema-id"] + wrong,
                    },
                    {
                        "type": "assert-last-assigned-field-id",
                        "last-assigned-field-id": table["last-column-id"] + wrong,
                    },
                    {
                        "type": "assert-last-assigned-partition-id",
                        "last-assigned-partition-id": table["last-partition-id"] + wrong,
                    },
                    {"type": "assert-default-spec-id", "default-spec-id": table["default-spec-id"] + wrong},
                    {
                        "type": "assert-default-sort-order-id",
                        "default-sort-order-id": table["default-sort-order-id"] + wrong,
                    },
                    {"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": 404},
                    {"type": "assert-create"},
                ]
            )
        )
