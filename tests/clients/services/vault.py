"""A private Vault in memory, with a KV secrets engine of version 2 at `secret`."""

from __future__ import annotations

import json
import os
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import install

from services.process import Process, free_port

ROOT = "root-token-of-the-tests"
POLICY = """
path "secret/data/secret/*" { capabilities = ["create", "read", "update"] }
path "secret/metadata/secret/*" { capabilities = ["delete"] }
"""


class Vault:
    def __init__(self, home: Path, log: Path):
        self.url = f"https://127.0.0.1:{(port := free_port())}"
        self.ca = home / "vault-ca.pem"
        command = [str(install.vault()), "server", "-dev-tls", f"-dev-tls-cert-dir={home}", "-dev-no-store-token"]
        command += [f"-dev-root-token-id={ROOT}", f"-dev-listen-address=127.0.0.1:{port}"]
        self._process = Process(command, log, {**os.environ, "VAULT_DISABLE_MLOCK": "1"})
        self._process.wait_until(self._is_ready, 30)
        self.call("PUT", "sys/policies/acl/catalog", {"policy": POLICY})

    def call(self, method: str, path: str, body: Any = None, token: str = ROOT) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/v1/{path}", data, {"x-vault-token": token}, method=method)
        trusted = ssl.create_default_context(cafile=str(self.ca))
        with urllib.request.urlopen(request, timeout=30, context=trusted) as response:
            text = response.read()
            return json.loads(text) if text else None

    def enable(self, method: str) -> None:
        """Mounts an auth method below its own name."""
        self.call("POST", f"sys/auth/{method}", {"type": method})

    def secrets(self) -> list[str]:
        """The ids of all that is stored."""
        try:
            return self.call("LIST", "secret/metadata/secret")["data"]["keys"]
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return []
            raise

    def secret(self, name: str) -> dict[str, Any]:
        return self.call("GET", f"secret/data/secret/{name}")["data"]["data"]

    def seal(self) -> None:
        self.call("PUT", "sys/seal", {})

    def stop(self) -> None:
        self._process.stop()

    def _is_ready(self) -> bool:
        try:
            return self.call("GET", "sys/health") is not None
        except OSError:
            return False
