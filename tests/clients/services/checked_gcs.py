"""Stands in for Google Cloud Storage with its token services: checks the tokens itself, since fake-gcs-server, which
keeps the objects, asks for none.

It gives a service account a token for its statement, exchanges that for one with an access boundary, and lets a request
pass only with one of the two: with the first anywhere, with the second where `boundary.py` finds that its boundary allows
it. Whether the statement is signed well is checked by a test of `crates/objects`, not here.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from paths import ROOT

from services.boundary import Access, BadBoundary, Boundary
from services.checking import Answer, CheckingServer, Refused, Request, Upstream
from services.fake_gcs import FakeGcs

EMAIL = "catalog@project-1.iam.gserviceaccount.com"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
LIFE_SECONDS = 3600
# Opens nothing: it is made for tests.
PRIVATE_KEY = ROOT / "crates/objects/src/gcs/opens-nothing.pem"
VERBS = {"GET": "storage.objects.get", "DELETE": "storage.objects.delete", "PATCH": "storage.objects.update"}


@dataclass(frozen=True)
class Token:
    """`boundary` is none for that of the service account itself."""

    ends_at: float
    boundary: Boundary | None = None


class CheckedGcs:
    def __init__(self, log: Path, emulator_log: Path):
        self._tokens: dict[str, Token] = {}
        self._uploads: set[str] = set()
        self._server = CheckingServer(self._judge, _refusal, log)
        self.endpoint = f"http://127.0.0.1:{self._server.port}"
        self.emulator = FakeGcs(emulator_log)
        self._upstream = Upstream(urlsplit(self.emulator.endpoint).port or 0)

    @property
    def service_account_key(self) -> dict[str, str]:
        return {
            "type": "service_account",
            "project_id": "project-1",
            "private_key_id": "key-1",
            "private_key": PRIVATE_KEY.read_text(),
            "client_email": EMAIL,
            "token_uri": f"{self.endpoint}/token",
            "gcs_base_url": self.endpoint,
            "sts_url": f"{self.endpoint}/v1/token",
        }

    def stop(self) -> None:
        self._server.stop()
        self.emulator.stop()

    def _judge(self, request: Request) -> Answer:
        if request.method == "POST" and request.path == "/token":
            return self._issue(_checked_statement(request, f"{self.endpoint}/token"))
        if request.method == "POST" and request.path == "/v1/token":
            return self._issue(self._narrowed(request))
        if request.query.get("upload_id") in self._uploads:
            # whoever knows the address of an upload may go on with it, as with Google
            return self._forward(request)
        # the parts of a batch have tokens of their own; here all stand or fall together
        for part in _parts(request) if request.path == "/batch/storage/v1" else [request]:
            self._check(part)
        return self._forward(request)

    def _check(self, request: Request) -> None:
        token = self._tokens.get(request.bearer or "")
        if not token or token.ends_at <= time.time():
            raise Refused(401, "UNAUTHENTICATED", "no token, or none that was given out here and has not ended")
        access = _access(request)
        if token.boundary and not token.boundary.allows(access):
            raise Refused(403, "PERMISSION_DENIED", f"the access boundary does not allow {access}")

    def _forward(self, request: Request) -> Answer:
        # with this host an upload that goes on at another address comes back through here
        answer = self._upstream.send(request, request.target, {"Host": urlsplit(self.endpoint).netloc})
        if started := answer.headers.get("Location"):
            self._uploads.add(Request("GET", started, request.headers, b"").query["upload_id"])
        return answer

    def _issue(self, token: Token) -> Answer:
        value = f"ya29.{secrets.token_urlsafe(32)}"
        self._tokens[value] = token
        seconds = int(token.ends_at - time.time())
        return _json(200, {"access_token": value, "expires_in": seconds, "token_type": "Bearer"})

    def _narrowed(self, request: Request) -> Token:
        """RFC 8693, with Google's option."""
        form = dict(request.form)
        own = self._tokens.get(form.pop("subject_token", ""))
        options = form.pop("options", "")
        expected = {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "requested_token_type": ACCESS_TOKEN,
            "subject_token_type": ACCESS_TOKEN,
        }
        if form != expected:
            raise Refused(400, "invalid_request", f"the form is {form}")
        if not own or own.boundary or own.ends_at <= time.time():
            raise Refused(400, "invalid_grant", "the token to narrow is not one of a service account")
        try:
            return Token(own.ends_at, Boundary(options))
        except BadBoundary as bad:
            raise Refused(400, "invalid_request", str(bad)) from bad


def _checked_statement(request: Request, audience: str) -> Token:
    """RFC 7523."""
    if request.form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
        raise Refused(400, "unsupported_grant_type", f"{request.form.get('grant_type')}")
    part = request.form["assertion"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    if (claims["iss"], claims["aud"]) != (EMAIL, audience) or not claims["iat"] - 60 <= time.time() < claims["exp"]:
        raise Refused(400, "invalid_grant", f"the statement says {claims}")
    return Token(time.time() + LIFE_SECONDS)


def _access(request: Request) -> Access:
    """What a request of the JSON API does."""
    match [request.method, *request.segments]:
        case ["GET", "storage", "v1", "b", bucket, "o"]:
            return Access("storage.objects.list", bucket, prefix=request.query.get("prefix", ""))
        case ["POST", "upload", "storage", "v1", "b", bucket, "o"]:
            return Access("storage.objects.create", bucket, _uploaded_name(request))
        case [method, "storage", "v1", "b", bucket, "o", name] if method in VERBS:
            return Access(VERBS[method], bucket, name)
        case ["GET", "download", "storage", "v1", "b", bucket, "o", name]:
            return Access("storage.objects.get", bucket, name)
        case ["GET", "storage", "v1", "b", bucket]:
            return Access("storage.buckets.get", bucket)
    raise Refused(501, "UNIMPLEMENTED", f"no check for {request.method} {request.path}")


def _parts(batch: Request) -> list[Request]:
    head = f"Content-Type: {batch.headers['Content-Type']}\r\n\r\n".encode()
    found = []
    for part in message_from_bytes(head + batch.body).get_payload():
        start, _, rest = part.get_payload(decode=True).lstrip().partition(b"\r\n")
        method, target = start.decode().split(" ")[:2]
        inner = message_from_bytes(rest)
        found.append(Request(method, urlsplit(target)._replace(scheme="", netloc="").geturl(), inner, b""))
    return found


def _uploaded_name(request: Request) -> str:
    if "name" in request.query:
        return request.query["name"]
    described = request.body
    if request.query.get("uploadType") == "multipart":
        head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
        described = message_from_bytes(head + request.body).get_payload()[0].get_payload(decode=True)
    return json.loads(described)["name"]


def _json(status: int, body: dict[str, Any]) -> Answer:
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


def _refusal(refused: Refused) -> Answer:
    if refused.status == 400:
        return _json(400, {"error": refused.code, "error_description": refused.why})
    return _json(
        refused.status, {"error": {"code": refused.status, "message": refused.why, "status": refused.code}}
    )
