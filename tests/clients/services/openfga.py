"""A private OpenFGA, in memory."""

from __future__ import annotations

import socket
from pathlib import Path

import install

from services.process import Process, free_port


class OpenFga:
    def __init__(self, log: Path):
        self._port = free_port()
        self.endpoint = f"http://127.0.0.1:{self._port}"
        command = [str(install.openfga()), "run", "--playground-enabled=false", "--metrics-enabled=false"]
        command += ["--log-level", "error", "--datastore-engine", "memory"]
        # As docs/authorization-openfga.md says.
        command += ["--resolve-node-limit", "45"]
        command += ["--grpc-addr", f"127.0.0.1:{self._port}", "--http-addr", f"127.0.0.1:{free_port()}"]
        self._process = Process(command, log)
        self._process.wait_until(self._is_listening, 60)

    def stop(self) -> None:
        self._process.stop()

    def _is_listening(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0
