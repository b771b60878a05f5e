"""Runs pytest tests with the Python of a suite, and reads what they found."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from outcome import Outcome, from_junit
from paths import CLIENTS

# Settings of this machine that would change what a client does or which jars it loads.
FOREIGN = ("AWS_", "DLT_", "DESTINATION__", "HADOOP_", "PYICEBERG_", "PYSPARK_", "SPARK_")


def clean_environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)} | {"SPARK_LOCAL_IP": "127.0.0.1"}


@dataclass(frozen=True)
class Tests:
    """Tests in files or folders; the report and the log are put into `logs`, under `name`."""

    python: Path
    paths: list[Path]
    logs: Path
    name: str = "pytest"
    prefix: str = ""
    seconds: int = 600

    def run(self, told: dict[str, str], *options: str) -> Outcome:
        """`told` is added to a clean environment; tests may import what lies beside the suites."""
        report = self.logs / f"{self.name}.xml"
        root = self.paths[0] if self.paths[0].is_dir() else self.paths[0].parent
        command = [str(self.python), "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", str(root), *map(str, self.paths)]
        command += ["-p", "no:cacheprovider", "--import-mode=importlib", f"--junitxml={report}", *options]
        env = clean_environment() | {"PYTHONPATH": f"{CLIENTS}:{root}"} | told
        with (self.logs / f"{self.name}.log").open("wb") as log:
            subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, env=env, cwd=self.logs, timeout=self.seconds)
        return from_junit(report, self.prefix)
