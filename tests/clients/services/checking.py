"""An HTTP server that stands before an emulator: it judges each request itself, and forwards what it allows."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

# Of one connection; the server of the other side, or this one, writes them anew.
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "expect", "date", "server"}

TLS_HANDSHAKE = b"\x16"


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: Message
    body: bytes

    @cached_property
    def path(self) -> str:
        """As it was sent, without the query."""
        return urlsplit(self.target).path

    @cached_property
    def segments(self) -> list[str]:
        """Of the path, decoded."""
        return [unquote(part) for part in self.path.lstrip("/").split("/")]

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @cached_property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def bearer(self) -> str | None:
        kind, _, token = (self.headers.get("Authorization") or "").partition(" ")
        return token.strip() if kind.lower() == "bearer" else None


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """What a request is answered that may not pass, or that nobody here understands."""

    def __init__(self, status: int, code: str, why: str):
        super().__init__(f"{status} {code}: {why}")
        self.status, self.code, self.why = status, code, why


class Upstream:
    """The emulator; one connection per thread."""

    def __init__(self, port: int):
        self._port = port
        self._own = threading.local()

    def send(self, request: Request, target: str, headers: dict[str, str]) -> Answer:
        """Sends method and body of `request` to `target`; with the headers that travel end to end, but for `headers`."""
        kept = {k: v for k, v in request.headers.items() if k.lower() not in HOP_BY_HOP | {"authorization"}}
        for is_last in (False, True):
            connection = self._connection()
            try:
                connection.request(request.method, target, request.body or None, kept | headers)
                found = connection.getresponse()
                body = found.read()
            except (OSError, http.client.HTTPException):
                self._own.connection = None
                # an idle connection that the emulator has closed
                if is_last:
                    raise
                continue
            passed = {k: v for k, v in found.getheaders() if k.lower() not in HOP_BY_HOP}
            if request.method == "HEAD" and (length := found.getheader("Content-Length")):
                passed["Content-Length"] = length
            return Answer(found.status, body, passed)
        raise AssertionError("unreachable")

    def _connection(self) -> http.client.HTTPConnection:
        if not getattr(self._own, "connection", None):
            self._own.connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            self._own.connection.connect()
            self._own.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._own.connection


class CheckingServer:
    """Answers with what `judge` gives; `refusal` writes a `Refused` as the real service would. One line per request in `log`.

    With a certificate it speaks TLS to those who begin so, on the same port.
    """

    def __init__(
        self,
        judge: Callable[[Request], Answer],
        refusal: Callable[[Refused], Answer],
        log: Path,
        tls: ssl.SSLContext | None = None,
    ):
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log.open("a", buffering=1)
        self._server = _Server(("127.0.0.1", 0), _handler(judge, refusal, self._log.write))
        self._server.tls = tls
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._log.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    tls: ssl.SSLContext | None = None

    def finish_request(self, request: socket.socket, client_address: tuple[str, int]) -> None:
        if not self.tls or request.recv(1, socket.MSG_PEEK) != TLS_HANDSHAKE:
            return super().finish_request(request, client_address)
        with self.tls.wrap_socket(request, server_side=True) as encrypted:
            super().finish_request(encrypted, client_address)

    def handle_error(self, *_: object) -> None:
        """A client that goes away is no error here; what goes wrong in between is in the log."""


def _handler(
    judge: Callable[[Request], Answer], refusal: Callable[[Refused], Answer], note: Callable[[str], object]
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def __getattr__(self, name: str) -> Callable[[], None]:
            if name.startswith("do_"):
                return self._serve
            raise AttributeError(name)

        def _serve(self) -> None:
            request = Request(self.command, self.path, self.headers, self._body())
            why = ""
            try:
                answer = judge(request)
            except Refused as refused:
                answer, why = refusal(refused), f" {refused.code}: {refused.why}"
            except Exception:
                answer, why = Answer(500), f"\n{traceback.format_exc()}"
            # a signature is for the client alone, also in a log that is kept
            note(f"{time.strftime('%H:%M:%S')} {self.command} {self.headers.get('Host')} {_without_signature(self.path)} -> {answer.status}{why}\n")
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if "Content-Length" not in answer.headers:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        def _body(self) -> bytes:
            if "chunked" in (self.headers.get("Transfer-Encoding") or "").lower():
                return b"".join(iter(self._chunk, b""))
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        def _chunk(self) -> bytes:
            size = int(self.rfile.readline().split(b";")[0], 16)
            chunk = self.rfile.read(size)
            self.rfile.readline()
            return chunk

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def _without_signature(target: str) -> str:
    return "&".join("sig=…" if part.startswith("sig=") else part for part in target.split("&"))
