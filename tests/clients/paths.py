"""Where the suites keep what they download and what they log."""

from __future__ import annotations

import os
import time
from pathlib import Path

CLIENTS = Path(__file__).resolve().parent
ROOT = CLIENTS.parents[1]
CACHE = Path(os.environ.get("LAKEKEEPER_CLIENTS_CACHE", ROOT / ".cache" / "clients"))
# a folder for each run, so that two runs at once do not write into each other's
LOGS = CACHE / "logs" / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"


def lakekeeper_binary() -> Path | None:
    """The binary under test: LAKEKEEPER_BIN, or the newer of the release and the debug build."""
    if chosen := os.environ.get("LAKEKEEPER_BIN"):
        return Path(chosen).resolve()
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    built = [p for p in (target / "release/lakekeeper", target / "debug/lakekeeper") if p.is_file()]
    return max(built, key=lambda p: p.stat().st_mtime, default=None)
