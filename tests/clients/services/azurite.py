"""A private Azurite: the Blob service of Azure with one storage account, in memory."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import os
import socket
import time
from email.utils import formatdate
from pathlib import Path

import install

from services.process import Process, StartFailed, free_port

ACCOUNT = "lakekeepertest"
API_VERSION = "2023-11-03"


class Azurite:
    def __init__(self, log: Path):
        self.account = ACCOUNT
        self.key = base64.b64encode(b"the key of a private Azurite, which only tests know" * 2).decode()
        self.port = free_port()
        # what follows the account in host names, as the storage profile has it
        self.host = f"dfs.localhost:{self.port}"
        command = [str(part) for part in install.azurite()]
        command += ["--inMemoryPersistence", "--silent", "--disableTelemetry"]
        command += ["--skipApiVersionCheck", "--blobHost", "127.0.0.1", "--blobPort", str(self.port)]
        self._process = Process(command, log, {**os.environ, "AZURITE_ACCOUNTS": f"{self.account}:{self.key}"})
        self._process.wait_until(self._is_listening, 180)

    def create_filesystem(self, name: str) -> str:
        """A container, by a request that is signed with the account's key."""
        date = formatdate(usegmt=True)
        headers = f"x-ms-date:{date}\nx-ms-version:{API_VERSION}\n"
        text = "PUT" + "\n" * 12 + headers + f"/{self.account}/{name}\nrestype:container"
        signature = hmac.new(base64.b64decode(self.key), text.encode(), hashlib.sha256).digest()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(
            "PUT",
            f"/{name}?restype=container",
            headers={
                "Host": f"{self.account}.blob.localhost:{self.port}",
                "Content-Length": "0",
                "x-ms-date": date,
                "x-ms-version": API_VERSION,
                "Authorization": f"SharedKey {self.account}:{base64.b64encode(signature).decode()}",
            },
        )
        answer = connection.getresponse()
        if answer.status not in (201, 409):
            raise StartFailed(f"Azurite created no container: {answer.status} {answer.read().decode()}")
        return name

    def account_signature(self) -> dict[str, str]:
        """A signature for everything in the Blob service, as fields of a query."""
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        fields = {"sp": "rwdlacuptfx", "ss": "b", "srt": "sco", "st": "", "se": end, "sip": "", "spr": "", "sv": API_VERSION}
        text = "\n".join([self.account, *fields.values(), "", ""])
        signature = hmac.new(base64.b64decode(self.key), text.encode(), hashlib.sha256).digest()
        given = {name: value for name, value in fields.items() if value}
        return given | {"sig": base64.b64encode(signature).decode()}

    def _is_listening(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=2).close()
            return True
        except OSError:
            return False

    def stop(self) -> None:
        self._process.stop()
