"""Feeds the same tables, updates and requirements to our metadata engine and to another one, and compares.

Every difference must be one that references.py lists with the reason; everything else fails, and so does a listed
difference that never shows. Run it with `tests/differential/run`.
"""

import argparse
import json
import random
import sys
from collections import Counter

import generate
import views
from references import Java, Process, PyIceberg, comparable

# So many tables show every known difference.
ENOUGH_TABLES = 300


def equal(reference, mine, other):
    if "error" in mine or "error" in other:
        return "error" in mine and "error" in other
    if "changed" in other and other["changed"] != mine["changed"]:
        return False
    return comparable(reference.same_spelling(mine["metadata"])) == comparable(other["metadata"])


def create(engine, reference, rng):
    request = generate.create(rng)
    mine, other = engine.ask(create=request, now_ms=generate.NOW), reference.create(request)
    if not equal(reference, mine, other):
        fail("create", request, mine, other)
    return mine["metadata"]


def fail(what, request, mine, other):
    print(f"DIFFERENCE in {what}", json.dumps(request, indent=1), sep="\n")
    print("ours:", json.dumps(mine), "theirs:", json.dumps(other), sep="\n")
    sys.exit(1)


class Run:
    def __init__(self, engine, reference):
        self.engine, self.reference = engine, reference
        self.kinds, self.outcomes, self.known = Counter(), Counter(), Counter()

    def commit(self, rng, table):
        commit = generate.Commit(rng, table, self.reference.KINDS)
        body = {"updates": commit.updates, "requirements": commit.requirements}
        mine = self.engine.ask(metadata=table, now_ms=commit.now, previous="previous", **body)
        other = self.reference.apply(table, commit)
        if not equal(self.reference, mine, other):
            reasons = self.reference.explanations(commit, mine, other)
            if not reasons:
                fail(commit.kind, {"table": table, **body}, mine, other)
            self.known.update(reasons)
        if mine.get("changed"):
            # What cannot be read again is lost, whatever both made of it.
            reread = self.engine.ask(metadata=mine["metadata"], now_ms=commit.now)
            for answer in (reread, self.reference.reread(mine["metadata"])):
                if "error" in answer:
                    fail(f"rereading after {commit.kind}", {"table": table, **body}, mine, answer)
        self.kinds[commit.kind] += 1
        self.outcomes["refused" if "error" in mine else "changed" if mine["changed"] else "unchanged"] += 1
        return mine.get("metadata", table)


def compare_views(engine, java, rng, count):
    """Views are the Java reference's alone: PyIceberg has no engine for them."""
    outcomes, known = Counter(), Counter()
    for _ in range(count):
        view = views.start(rng)
        for _ in range(15):
            updates = [views.update(rng, view) for _ in range(rng.randint(1, 3))]
            request = {"view": view, "view_updates": updates, "now_ms": views.NOW + 1000}
            mine, other = engine.ask(**request), java.engine.ask(**request)
            if not views.equal(mine, other):
                reasons = views.explanations(updates, mine, other)
                if not reasons:
                    fail("view", request, mine, other)
                known.update(reasons)
            outcomes["refused" if "error" in mine else "changed" if mine["changed"] else "unchanged"] += 1
            view = mine.get("metadata", view)
    print(f"views: {count}, {sum(outcomes.values())} commits, {dict(outcomes)}, known differences {dict(known)}")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--engine", required=True)
    arguments.add_argument("--java", nargs=2, metavar=("JARS", "SOURCE"))
    arguments.add_argument("--tables", type=int, default=ENOUGH_TABLES)
    arguments.add_argument("--commits", type=int, default=15)
    arguments.add_argument("--seed", type=int, default=1)
    arguments = arguments.parse_args()
    reference = Java(*arguments.java) if arguments.java else PyIceberg()
    run, rng = Run(Process([arguments.engine]), reference), random.Random(arguments.seed)
    for _ in range(arguments.tables):
        table = create(run.engine, reference, rng)
        for _ in range(arguments.commits):
            table = run.commit(rng, table)
    commits = sum(run.kinds.values())
    print(f"{reference.NAME}: {arguments.tables} tables, {commits} commits of {len(run.kinds)} kinds")
    print(f"  {dict(run.outcomes)}, 0 differences but for {sum(run.known.values())} known ones: {dict(run.known)}")
    if arguments.java:
        compare_views(run.engine, reference, rng, arguments.tables)
    unseen = [name for name in reference.KNOWN if not run.known[name]]
    if unseen and arguments.tables >= ENOUGH_TABLES:
        sys.exit(f"these known differences never showed: take them off the list: {unseen}")


if __name__ == "__main__":
    main()
