"""Judges a user delegation SAS of Azure for a folder, from what Azure documents, not from the code that makes signatures.

<https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas>, versions 2020-12-06 to 2024-11-04. What
it does not know it refuses.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timezone

VERSIONS = ("2020-12-06", "2024-11-04")
KNOWN = {"sp", "st", "se", "spr", "sv", "sr", "sdd", "skoid", "sktid", "skt", "ske", "sks", "skv", "sig"}
OF_KEY = ("skoid", "sktid", "skt", "ske", "sks", "skv")
# Authorized and unauthorized object id, correlation id, addresses.
NEVER_GIVEN = ("saoid", "suoid", "scid", "sip")
HEADERS_OF_ANSWERS = ("rscc", "rscd", "rsce", "rscl", "rsct")


@dataclass(frozen=True)
class Access:
    """What a request needs: a permission, `r`, `w` and so on, for a path, which of a listing is its folder."""

    permission: str
    filesystem: str
    path: str


@dataclass(frozen=True)
class DelegationKey:
    """`fields` are the six of `OF_KEY`, by which a signature names the key that made it."""

    fields: dict[str, str]
    value: bytes


def problem(given: dict[str, str], key: DelegationKey | None, account: str, access: Access) -> str | None:
    """Why Azure would refuse, if it would."""

    def field(name: str) -> str:
        return given.get(name, "")

    if unknown := given.keys() - KNOWN:
        return f"unknown fields {sorted(unknown)}"
    if not key:
        return "no such key was given out"
    if field("sr") != "d" or not field("sdd").isdigit():
        return "not for a folder"
    if not VERSIONS[0] <= field("sv") <= VERSIONS[1]:
        return f"version {field('sv')}"
    # The folder does not stand in the signature: it is the first so many parts of the path that is asked for.
    parts = access.path.split("/")
    depth = int(field("sdd"))
    if len(parts) < depth or "" in parts[:depth] or {".", ".."} & set(parts):
        return "outside of the folder"
    resource = "/".join(["/blob", account, access.filesystem, *parts[:depth]])
    lines = [field("sp"), field("st"), field("se"), resource]
    lines += [field(name) for name in (*OF_KEY, *NEVER_GIVEN, "spr", "sv", "sr")]
    # Snapshot, encryption scope.
    lines += ["", "", *(field(name) for name in HEADERS_OF_ANSWERS)]
    expected = hmac.new(key.value, "\n".join(lines).encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(base64.b64encode(expected).decode(), field("sig")):
        return "the signature is not one for this folder"
    now = datetime.now(timezone.utc)
    if any(field(end) and now >= datetime.fromisoformat(field(end)) for end in ("se", "ske")):
        return "it has ended"
    if any(field(start) and now < datetime.fromisoformat(field(start)) for start in ("st", "skt")):
        return "it has not begun"
    if access.permission not in field("sp"):
        return f"no permission `{access.permission}`"
    return None
