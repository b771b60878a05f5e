"""Judges a credential access boundary of Google, from what Google documents, not from the code that makes boundaries.

<https://cloud.google.com/iam/docs/downscoping-short-lived-credentials>. Of the Common Expression Language it knows what a
condition for one folder needs; anything else is refused.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

ROLES = {
    "inRole:roles/storage.objectViewer": {"storage.objects.get", "storage.objects.list"},
    "inRole:roles/storage.objectUser": {
        f"storage.objects.{verb}" for verb in ("create", "delete", "get", "list", "update")
    },
}
LIST_PREFIX = "storage.googleapis.com/objectListPrefix"
MAX_RULES = 10
MAX_EXPRESSION = 2048
LITERAL = r"'((?:[^'\\]|\\['\\]|\\u[0-9a-fA-F]{4})*)'"
CLAUSE = re.compile(rf"(resource\.name|api\.getAttribute\({LITERAL}, {LITERAL}\))\.startsWith\({LITERAL}\)")


class BadBoundary(Exception):
    """Google would refuse to exchange a token for it."""


@dataclass(frozen=True)
class Access:
    """What a request needs. `prefix` is that of a listing."""

    permission: str
    bucket: str
    object: str | None = None
    prefix: str | None = None


@dataclass(frozen=True)
class Clause:
    attribute: str | None
    default: str
    start: str

    def holds(self, access: Access) -> bool:
        if self.attribute is None:
            name = f"projects/_/buckets/{access.bucket}"
            return (name if access.object is None else f"{name}/objects/{access.object}").startswith(self.start)
        found = access.prefix if self.attribute == LIST_PREFIX else None
        return (self.default if found is None else found).startswith(self.start)


@dataclass(frozen=True)
class Rule:
    bucket: str
    permissions: set[str]
    clauses: list[Clause]

    def allows(self, access: Access) -> bool:
        is_meant = access.bucket == self.bucket and access.permission in self.permissions
        return is_meant and any(clause.holds(access) for clause in self.clauses)


class Boundary:
    def __init__(self, options: str):
        try:
            rules = json.loads(options)["accessBoundary"]["accessBoundaryRules"]
            self._rules = [_rule(rule) for rule in rules]
        except (ValueError, KeyError, TypeError) as error:
            raise BadBoundary(f"unreadable: {error!r}") from error
        if not 1 <= len(self._rules) <= MAX_RULES:
            raise BadBoundary(f"{len(self._rules)} rules; there must be 1 to {MAX_RULES}")

    def allows(self, access: Access) -> bool:
        return any(rule.allows(access) for rule in self._rules)


def _rule(rule: dict[str, Any]) -> Rule:
    place, found, bucket = rule["availableResource"].partition("//storage.googleapis.com/projects/_/buckets/")
    if place or not found or not bucket or "/" in bucket:
        raise BadBoundary(f"`{rule['availableResource']}` is no bucket")
    unknown = [name for name in rule["availablePermissions"] if name not in ROLES]
    if unknown:
        raise BadBoundary(f"unknown permissions {unknown}")
    permissions = {permission for name in rule["availablePermissions"] for permission in ROLES[name]}
    return Rule(bucket, permissions, _clauses(rule["availabilityCondition"]["expression"]))


def _clauses(expression: str) -> list[Clause]:
    if len(expression) > MAX_EXPRESSION:
        raise BadBoundary(f"a condition of {len(expression)} characters; there may be {MAX_EXPRESSION}")
    clauses, at = [], 0
    while True:
        found = CLAUSE.match(expression, at)
        if not found:
            raise BadBoundary(f"the condition is not understood from `{expression[at:]}` on")
        subject, attribute, default, start = found.groups()
        is_name = subject == "resource.name"
        clauses.append(Clause(None if is_name else _text(attribute), _text(default or ""), _text(start)))
        at = found.end()
        if at == len(expression):
            return clauses
        if not expression.startswith(" || ", at):
            raise BadBoundary(f"the condition is not understood from `{expression[at:]}` on")
        at += 4


def _text(literal: str) -> str:
    return re.sub(r"\\(u([0-9a-fA-F]{4})|.)", lambda m: chr(int(m[2], 16)) if m[2] else m[1], literal)
