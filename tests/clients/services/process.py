"""One child process with a log, stopped by its own id."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path


class StartFailed(Exception):
    """A process ended or did not become ready in time; the text ends with the tail of its log."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(url: str) -> bool:
    """Whether a GET of this address is answered with a 2xx."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return 200 <= response.status < 300
    except (urllib.error.URLError, OSError):
        return False


class Process:
    """Starts on construction; `wait_until` blocks until it is ready, `stop` is safe to call twice."""

    def __init__(self, command: list[str], log: Path, env: dict[str, str] | None = None, cwd: Path | None = None):
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        self.name = Path(command[0]).name
        with log.open("ab") as out:
            self._child = subprocess.Popen(
                command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=env, cwd=cwd
            )

    @property
    def pid(self) -> int:
        return self._child.pid

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not ready():
            if self._child.poll() is not None:
                raise StartFailed(f"{self.name} ended with {self._child.returncode}\n{self.tail()}")
            if time.monotonic() > end:
                self.stop()
                raise StartFailed(f"{self.name} was not ready after {seconds:.0f} s\n{self.tail()}")
            time.sleep(0.05)

    def alive(self) -> bool:
        return self._child.poll() is None

    def finish(self, seconds: float) -> None:
        """Waits for a command that ends by itself, and well."""
        try:
            code = self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.stop()
            code = f"nothing after {seconds:.0f} s"
        if code != 0:
            raise StartFailed(f"{self.name} ended with {code}\n{self.tail()}")

    def tail(self, lines: int = 30) -> str:
        text = self.log.read_text(errors="replace").splitlines()
        return "\n".join(text[-lines:]) + f"\n(log: {self.log})"

    def stop(self, with_signal: signal.Signals = signal.SIGTERM, seconds: float = 15) -> None:
        if self._child.poll() is not None:
            return
        self._child.send_signal(with_signal)
        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            os.kill(self._child.pid, signal.SIGKILL)
            self._child.wait()
