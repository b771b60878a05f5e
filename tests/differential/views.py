"""Random views and replacements of them, for our engine and the Java reference."""

import copy
import uuid

NOW = 1_700_000_000_000
DIALECTS = ["spark", "Spark", "trino", "duckdb"]
REUSED = "-1 is an equal part too"
KNOWN = {
    REUSED: "as for tables",
    "equal versions are found by -1": "we look at the schema that -1 means before we compare; the reference compares "
    "the -1, and so never finds a version that names its schema so",
}


def schema(rng):
    fields = [{"id": 1, "name": rng.choice("abc"), "required": False, "type": rng.choice(["int", "string"])}]
    return {"type": "struct", "schema-id": rng.randint(0, 5), "fields": fields}


def version(rng, view):
    dialects = rng.sample(DIALECTS, k=rng.choice([1, 1, 1, 2]))
    return {
        "version-id": rng.choice([view["current-version-id"], max(ids(view)) + 1, rng.randint(1, 9)]),
        "timestamp-ms": NOW + rng.randint(0, 99),
        "schema-id": rng.choice([-1, 404, *[s["schema-id"] for s in view["schemas"]] * 9]),
        "summary": {"engine-name": "spark"},
        "default-namespace": ["ns"],
        "representations": [
            {"type": "sql", "sql": f"SELECT {rng.randint(0, 2)}", "dialect": dialect} for dialect in dialects
        ],
    }


def ids(view):
    return [version["version-id"] for version in view["versions"]]


def start(rng):
    first = {
        "version-id": 1,
        "timestamp-ms": NOW,
        "schema-id": 0,
        "summary": {},
        "default-namespace": [],
        "representations": [{"type": "sql", "sql": "SELECT 0", "dialect": "spark"}],
    }
    return {
        "view-uuid": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "format-version": 1,
        "location": "s3://b/v",
        "properties": {"replace.drop-dialect.allowed": rng.choice(["true", "true", "false"])},
        "schemas": [{**schema(rng), "schema-id": 0}],
        "current-version-id": 1,
        "versions": [first],
        "version-log": [{"timestamp-ms": NOW, "version-id": 1}],
    }


def update(rng, view):
    """One update; replacing is what people do most."""
    kind = rng.choice(["version", "version", "version", "current", "current", "schema", "keep", "other"])
    if kind == "version":
        return {"action": "add-view-version", "view-version": version(rng, view)}
    if kind == "current":
        return {"action": "set-current-view-version", "view-version-id": rng.choice([-1, 404, *ids(view) * 5])}
    if kind == "schema":
        return {"action": "add-schema", "schema": rng.choice([schema(rng), *view["schemas"]])}
    if kind == "keep":
        number = str(rng.choice([0, 1, 2, 2, 3, 3, 3, 10]))
        return {"action": "set-properties", "updates": {"version.history.num-entries": number}}
    return rng.choice(
        [
            {"action": "remove-properties", "removals": ["version.history.num-entries", "nope"]},
            {"action": "set-location", "location": f"s3://b/v{rng.randint(0, 3)}"},
            {"action": "assign-uuid", "uuid": rng.choice([view["view-uuid"], str(uuid.UUID(int=7))])},
            {"action": "upgrade-format-version", "format-version": rng.choice([0, 1])},
            {"action": "set-current-schema", "schema-id": 0},
        ]
    )


def comparable(view):
    view = copy.deepcopy(view)
    view["versions"].sort(key=lambda version: version["version-id"])
    view["schemas"].sort(key=lambda schema: schema["schema-id"])
    # Going back to an old version is logged with the time of the clock.
    view["version-log"] = [entry["version-id"] for entry in view["version-log"]]
    view.setdefault("properties", {})
    return view


def equal(mine, other):
    if "error" in mine or "error" in other:
        return "error" in mine and "error" in other
    return mine["changed"] == other["changed"] and comparable(mine["metadata"]) == comparable(other["metadata"])


def explanations(updates, mine, other):
    added = [u["view-version"] for u in updates if u["action"] == "add-view-version"]
    if "Cannot set last" in other.get("error", "") and "error" not in mine:
        return {REUSED}
    if any(version["schema-id"] == -1 for version in added) and "error" not in mine:
        return {"equal versions are found by -1"}
    return set()
