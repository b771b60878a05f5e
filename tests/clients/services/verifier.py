"""A verifier of contracts that keeps what is called `kept…` as it is."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

REASON = "it is part of contract 7; ask the team `sales`"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        proposal = json.loads(self.rfile.read(int(self.headers["content-length"])))
        is_kept = any(change["name"].startswith("kept") for change in proposal["changes"])
        answer = {"decision": "deny", "reason": REASON} if is_kept else {"decision": "allow"}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Verifier:
    """A context manager."""

    reason = REASON

    def __enter__(self) -> Verifier:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
