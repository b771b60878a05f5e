"""A private PostgreSQL: its own folder, its own port, gone with the run."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

import install

from services.process import Process, StartFailed, free_port

SETTINGS = """
listen_addresses='127.0.0.1'
port={port}
unix_socket_directories='{home}'
max_connections=200
fsync=off
"""


class Postgres:
    """Durability is off: the suites prove behaviour, not that the disk was flushed."""

    def __init__(self, home: Path, log: Path):
        self.port = free_port()
        self._bin = install.postgres()
        self._as_user = _unprivileged()
        home.mkdir(parents=True)
        if self._as_user:
            shutil.chown(home, self._as_user)
        data = home / "data"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            init = [*self._prefix(), str(self._bin / "initdb"), "-D", str(data), "-A", "trust", "-U", "postgres"]
            if subprocess.run([*init, "--no-sync", "-E", "UTF8"], stdout=out, stderr=out, cwd="/").returncode != 0:
                raise StartFailed(f"initdb failed, see {log}")
        with (data / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS.format(port=self.port, home=home))
        self._process = Process([*self._prefix(), str(self._bin / "postgres"), "-D", str(data)], log, cwd=Path("/"))
        ready = [str(self._bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        self._process.wait_until(lambda: subprocess.run(ready).returncode == 0, 30)

    def create_database(self, name: str) -> str:
        """Creates an empty database and gives its connection URL."""
        psql = [str(self._bin / "psql"), "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres"]
        subprocess.run([*psql, "-c", f'CREATE DATABASE "{name}"'], check=True)
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def stop(self) -> None:
        self._process.stop(signal.SIGINT)

    def _prefix(self) -> list[str]:
        # exec through setpriv keeps the id of the child, so that it can be stopped by it
        if not self._as_user:
            return []
        user = pwd.getpwnam(self._as_user)
        return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]


def _unprivileged() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam("postgres")
        return "postgres"
    except KeyError:
        return "nobody"
