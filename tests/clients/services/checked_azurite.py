"""Stands in for a storage account with hierarchical namespace and for Entra ID: checks the signatures itself, since
Azurite, which keeps the files, knows none for folders and has no dfs endpoint.

It gives the catalog's application a token and with it user delegation keys, and lets a request pass only with that token,
or with a signature that `sas.py` finds to allow it. Of the dfs endpoint it has what engines use, made of blob requests.
"""

from __future__ import annotations

import base64
import json
import secrets
import ssl
import time
import xml.etree.ElementTree as ElementTree
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import install

from services.azurite import Azurite
from services.checking import Answer, CheckingServer, Refused, Request, Upstream
from services.sas import KNOWN, OF_KEY, Access, DelegationKey, problem

TENANT = "tenant-1"
APPLICATION = {"client-id": "app-1", "client-secret": "the-secret-of-an-application-that-only-tests-know"}
LIFE_SECONDS = 3600
LONGEST_KEY = timedelta(days=7)
VERSION = "2023-11-03"
SAS_FIELDS = KNOWN | {"ss", "srt", "si", "sip", "ses", "saoid", "suoid", "scid", "rscc", "rscd", "rsce", "rscl", "rsct"}
WINDOWS_EPOCH = datetime(1601, 1, 1, tzinfo=timezone.utc)


class CheckedAzurite:
    def __init__(self, home: Path, log: Path, emulator_log: Path):
        self._tokens: dict[str, float] = {}
        self._keys: dict[tuple[str, ...], DelegationKey] = {}
        self.emulator = Azurite(emulator_log)
        self._upstream = Upstream(self.emulator.port)
        names = [f"{self.emulator.account}.{service}.localhost" for service in ("blob", "dfs")]
        self.certificate, key = install.certificate(names, home)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.certificate, key)
        self._server = CheckingServer(self._judge, _refusal, log, tls)
        self.host = f"dfs.localhost:{self._server.port}"
        self.authority_host = f"http://127.0.0.1:{self._server.port}"

    @property
    def application(self) -> dict[str, str]:
        return {"tenant-id": TENANT, **APPLICATION}

    def stop(self) -> None:
        self._server.stop()
        self.emulator.stop()

    def _judge(self, request: Request) -> Answer:
        host = (request.headers.get("Host") or "").partition(":")[0]
        match host.removeprefix(f"{self.emulator.account}."):
            case "127.0.0.1":
                return self._token(request)
            case "blob.localhost" if request.query.get("comp") == "userdelegationkey":
                return self._key(request)
            case "blob.localhost":
                self._check(request, _blob_access(request))
                return self._forward(request)
            case "dfs.localhost":
                self._check(request, _dfs_access(request))
                return self._dfs(request)
        raise Refused(400, "InvalidUri", f"no service at {host}")

    def _token(self, request: Request) -> Answer:
        """RFC 6749, client credentials."""
        expected = {
            "grant_type": "client_credentials",
            "client_id": APPLICATION["client-id"],
            "client_secret": APPLICATION["client-secret"],
            "scope": "https://storage.azure.com/.default",
        }
        if (request.method, request.path) != ("POST", f"/{TENANT}/oauth2/v2.0/token"):
            raise Refused(404, "ResourceNotFound", f"there is no {request.method} {request.path}")
        if request.form != expected:
            return _json(401, {"error": "invalid_client", "error_description": f"the form has {sorted(request.form)}"})
        value = secrets.token_urlsafe(32)
        self._tokens[value] = time.time() + LIFE_SECONDS
        return _json(200, {"access_token": value, "expires_in": LIFE_SECONDS, "token_type": "Bearer"})

    def _key(self, request: Request) -> Answer:
        self._check_bearer(request)
        asked = ElementTree.fromstring(request.body)
        start, expiry = (asked.findtext(name) or "" for name in ("Start", "Expiry"))
        if datetime.fromisoformat(expiry) > datetime.now(timezone.utc) + LONGEST_KEY:
            raise Refused(400, "InvalidXmlNodeValue", f"a key until {expiry} would live too long")
        fields = dict(zip(OF_KEY, ("oid-1", TENANT, start, expiry, "b", VERSION), strict=True))
        key = self._keys.setdefault(tuple(fields.values()), DelegationKey(fields, secrets.token_bytes(32)))
        names = ("SignedOid", "SignedTid", "SignedStart", "SignedExpiry", "SignedService", "SignedVersion")
        answer = ElementTree.Element("UserDelegationKey")
        for name, value in zip((*names, "Value"), (*fields.values(), base64.b64encode(key.value).decode()), strict=True):
            ElementTree.SubElement(answer, name).text = value
        return Answer(200, ElementTree.tostring(answer), {"Content-Type": "application/xml"})

    def _check(self, request: Request, access: Access) -> None:
        if "sig" not in request.query:
            return self._check_bearer(request)
        given = {name: value for name, value in request.query.items() if name in _sas_names(request)}
        key = self._keys.get(tuple(given.get(name, "") for name in OF_KEY))
        if why := problem(given, key, self.emulator.account, access):
            raise Refused(403, "AuthorizationFailure", f"{access}: {why}")

    def _check_bearer(self, request: Request) -> None:
        if self._tokens.get(request.bearer or "", 0) <= time.time():
            raise Refused(401, "NoAuthenticationInformation", "no signature, and no token that was given out here")

    def _forward(self, request: Request, target: str | None = None, **headers: str) -> Answer:
        """With a signature for the whole account in place of the client's."""
        rest = {name: value for name, value in request.query.items() if name not in _sas_names(request)}
        path, query = (request.path, rest) if target is None else (target, {})
        host = f"{self.emulator.account}.blob.localhost:{self.emulator.port}"
        signed = urlencode(query | self.emulator.account_signature(), quote_via=quote)
        return self._upstream.send(request, f"{path}{'&' if '?' in path else '?'}{signed}", {"Host": host, **headers})

    def _dfs(self, request: Request) -> Answer:
        if request.method == "GET" and request.query.get("resource") == "filesystem":
            return self._listed(request)
        if request.method == "DELETE" and request.query.get("recursive", "false") == "false":
            return self._forward(request, request.path)
        raise Refused(501, "NotImplemented", f"{request.method} of the dfs endpoint with {sorted(request.query)}")

    def _listed(self, request: Request) -> Answer:
        folder = request.query.get("directory", "")
        of_blobs = {"restype": "container", "comp": "list", "prefix": f"{folder}/" if folder else ""}
        if marker := request.query.get("continuation"):
            of_blobs["marker"] = marker
        answer = self._forward(request, f"/{request.segments[0]}?{urlencode(of_blobs, quote_via=quote)}")
        if answer.status != 200:
            return answer
        listing = ElementTree.fromstring(answer.body.decode("utf-8-sig"))
        blobs = [_listed_path(blob) for blob in listing.iter("Blob")]
        if not blobs and not marker:
            raise Refused(404, "PathNotFound", "the folder does not exist")
        following = listing.findtext("NextMarker")
        return _json(200, {"paths": blobs}, {"x-ms-continuation": following} if following else {})


def _sas_names(request: Request) -> set[str]:
    """The parameters that belong to a signature, also to one that is not for a folder, if there is one."""
    return SAS_FIELDS & request.query.keys() if "sig" in request.query else set()


def _blob_access(request: Request) -> Access:
    filesystem, path = request.segments[0], "/".join(request.segments[1:])
    match (request.method, request.query.get("restype"), request.query.get("comp")):
        case ("GET", "container", "list"):
            # a prefix that ends within a name finds what lies beside it, too
            return Access("l", filesystem, request.query.get("prefix", "").rpartition("/")[0])
        case (_, _, "batch"):
            raise Refused(501, "NotImplemented", "batches; Azurite cannot read them with tokens")
        case (_, "container" | "service", _):
            return Access("-", filesystem, "")
        case ("GET" | "HEAD", None, None | "metadata" | "blocklist"):
            return Access("r", filesystem, path)
        case ("PUT", None, None | "block" | "blocklist" | "metadata" | "properties"):
            return Access("w", filesystem, path)
        case ("DELETE", None, None):
            return Access("d", filesystem, path)
    raise Refused(501, "NotImplemented", f"no check for {request.method} with {sorted(request.query)}")


def _dfs_access(request: Request) -> Access:
    filesystem, path = request.segments[0], "/".join(request.segments[1:])
    match (request.method, request.query.get("resource")):
        case ("GET", "filesystem"):
            return Access("l", filesystem, request.query.get("directory", ""))
        case ("HEAD" | "GET", None):
            return Access("r", filesystem, path)
        case ("PUT" | "PATCH", _):
            return Access("w", filesystem, path)
        case ("DELETE", None):
            return Access("d", filesystem, path)
    raise Refused(501, "NotImplemented", f"no check for {request.method} with {sorted(request.query)}")


def _listed_path(blob: ElementTree.Element) -> dict[str, Any]:
    def text(name: str) -> str:
        return blob.findtext(f"Properties/{name}") or ""

    created = parsedate_to_datetime(text("Creation-Time")) - WINDOWS_EPOCH
    return {
        "name": blob.findtext("Name"),
        "contentLength": text("Content-Length"),
        "lastModified": text("Last-Modified"),
        "etag": text("Etag"),
        # In steps of 100 ns.
        "creationTime": str(int(created.total_seconds()) * 10_000_000),
    }


def _json(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})})


def _refusal(refused: Refused) -> Answer:
    body = f"<?xml version='1.0' encoding='utf-8'?><Error><Code>{refused.code}</Code><Message>{refused.why}</Message></Error>"
    return Answer(refused.status, body.encode(), {"Content-Type": "application/xml", "x-ms-error-code": refused.code})
