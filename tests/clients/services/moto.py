"""A private moto: S3 Tables and S3 as AWS has them, in memory. It asks nobody who they are."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import install

from services.process import Process, answers, free_port

# what tells moto which service is meant; it checks no signature
SIGNED = "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/s3tables/aws4_request, SignedHeaders=host, Signature=any"


class Moto:
    def __init__(self, log: Path):
        port = free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        command = [*install.moto(), "-H", "127.0.0.1", "-p", str(port)]
        self._process = Process(command, log)
        self._process.wait_until(lambda: answers(f"{self.endpoint}/moto-api/"), 180)

    def create_table_bucket(self, name: str) -> str:
        """The ARN of a new table bucket."""
        body = json.dumps({"name": name}).encode()
        headers = {"Authorization": SIGNED, "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.endpoint}/buckets", body, headers, method="PUT")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return str(json.load(answer)["arn"])

    def stop(self) -> None:
        self._process.stop()
