"""A private fake-gcs-server. It keeps objects in memory and asks nobody who they are."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import install

from services.process import Process, answers, free_port


class FakeGcs:
    def __init__(self, log: Path):
        port = free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        command = [str(install.fake_gcs_server()), "-backend", "memory", "-scheme", "http", "-host", "127.0.0.1"]
        command += ["-port", str(port), "-public-host", f"127.0.0.1:{port}", "-external-url", self.endpoint]
        self._process = Process(command, log)
        self._process.wait_until(lambda: answers(f"{self.endpoint}/_internal/healthcheck"), 180)

    def create_bucket(self, name: str) -> str:
        body = json.dumps({"name": name}).encode()
        request = urllib.request.Request(f"{self.endpoint}/storage/v1/b?project=test", body)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=10):
            return name

    def stop(self) -> None:
        self._process.stop()
