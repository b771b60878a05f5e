"""Trino as docs/engines.md sets it up: each credential is a catalog of its own."""

import json
import os
import time

import pytest
import trino
from guarded import Guarded
from services.keycloak import HASTY, HASTY_TOKEN_SECONDS, LEEWAY_SECONDS, STRANGER

TOLD = json.loads(os.environ["TRINO_SCENARIO"])
LAKE = Guarded(TOLD["url"], TOLD["token_endpoint"])


def sql(statement: str) -> list[tuple]:
    cursor = trino.dbapi.connect(host="127.0.0.1", port=int(os.environ["TRINO_PORT"]), user="test").cursor()
    cursor.execute(statement)
    return [tuple(row) for row in cursor.fetchall()]


@pytest.fixture(scope="session", autouse=True)
def first_step() -> float:
    """A write with a token that lives for seconds, before all tests; answers when that token counts no more."""
    sql("CREATE SCHEMA lake.marathon")
    sql("CREATE TABLE lake.marathon.steps (id BIGINT)")
    LAKE.give("modify", HASTY, "marathon", "steps")
    sql("INSERT INTO hasty.marathon.steps VALUES 1")
    return time.monotonic() + HASTY_TOKEN_SECONDS + LEEWAY_SECONDS + 2


@pytest.mark.parametrize("catalog", ["open", "lake"])
def test_it_creates_writes_and_reads(catalog: str) -> None:
    sql(f"CREATE SCHEMA {catalog}.rabbits")
    sql(f"CREATE TABLE {catalog}.rabbits.words AS SELECT 1 AS id, VARCHAR 'a' AS word")
    sql(f"INSERT INTO {catalog}.rabbits.words VALUES (2, 'b')")
    sql(f"UPDATE {catalog}.rabbits.words SET word = 'c' WHERE id = 2")
    assert sql(f"SELECT * FROM {catalog}.rabbits.words ORDER BY id") == [(1, "a"), (2, "c")]
    sql(f"DROP TABLE {catalog}.rabbits.words")


def test_a_caller_sees_the_one_table_that_was_given_to_them() -> None:
    sql("CREATE SCHEMA lake.warren")
    for name in ("shown", "hidden"):
        sql(f"CREATE TABLE lake.warren.{name} AS SELECT 1 AS id")
    LAKE.give("select", STRANGER, "warren", "shown")
    assert sql("SHOW TABLES FROM theirs.warren") == [("shown",)]
    assert sql("SELECT * FROM theirs.warren.shown") == [(1,)]
    with pytest.raises(trino.exceptions.TrinoUserError, match="TABLE_NOT_FOUND"):
        sql("SELECT * FROM theirs.warren.hidden")
    with pytest.raises(trino.exceptions.TrinoQueryError):
        sql("INSERT INTO theirs.warren.shown VALUES 2")


def test_it_goes_on_when_its_first_token_has_ended(first_step: float) -> None:
    time.sleep(max(0.0, first_step - time.monotonic()))
    sql("INSERT INTO hasty.marathon.steps VALUES 2")
    assert sql("SELECT count(*) FROM hasty.marathon.steps") == [(2,)]
