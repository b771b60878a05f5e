"""Waits for Trino, before all tests."""

import os
import time

import pytest
import trino


@pytest.fixture(scope="session", autouse=True)
def nodes():
    """Trino says that it has started a moment before its own node has announced itself to it."""
    connection = trino.dbapi.connect(host="127.0.0.1", port=int(os.environ["TRINO_PORT"]), user="test")
    end = time.monotonic() + 60
    while time.monotonic() < end:
        cursor = connection.cursor()
        cursor.execute("SELECT count(*) FROM system.runtime.nodes WHERE state = 'active'")
        if cursor.fetchone()[0] > 0:
            return
        time.sleep(0.5)
    pytest.fail("Trino has no active node after 60 s")
