"""A private MinIO with one bucket per caller."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import install

from services.process import Process, answers, free_port

REGION = "local-01"


@dataclass(frozen=True)
class Keys:
    access_key: str
    secret_key: str


class Minio:
    def __init__(self, home: Path, log: Path):
        self.keys = Keys("minio-root-user", "minio-root-password")
        self.region = REGION
        self._home = home
        port = free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        home.mkdir(parents=True)
        env = {
            **os.environ,
            "MINIO_ROOT_USER": self.keys.access_key,
            "MINIO_ROOT_PASSWORD": self.keys.secret_key,
            "MINIO_REGION": REGION,
            "MINIO_BROWSER": "off",
        }
        command = [str(install.minio()), "server", "--quiet", "--address", f"127.0.0.1:{port}", str(home)]
        self._process = Process(command, log, env)
        self._process.wait_until(lambda: answers(f"{self.endpoint}/minio/health/ready"), 180)

    def create_bucket(self, name: str) -> str:
        # on a single drive a bucket is a folder, so no S3 client is needed here
        (self._home / name).mkdir(exist_ok=True)
        return name

    def stop(self) -> None:
        self._process.stop()
