"""Trino's OPA bridge: the tests of the policy by `opa test`, then an OPA server with the policy beside a catalog, asked as Trino asks."""

from __future__ import annotations

import http.server
import json
import subprocess
import threading
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import install
from harness import Catalog, Mode, Services
from outcome import Outcome
from services.process import Process, answers, free_port

BRIDGE = Path(__file__).resolve().parents[3] / "integrations/opa"
MODES = [Mode.SQLITE_LOCAL]


def run(services: Services, mode: Mode) -> Outcome:
    opa = install.opa()
    found = _policy_tests(opa)
    with ExitStack() as until:
        catalog = until.enter_context(Catalog(services, mode, "opa"))
        ask = _server(opa, catalog, until)
        found.add(_live(catalog, ask))
    return found


def _policy_tests(opa: Path) -> Outcome:
    ran = subprocess.run([opa, "test", "--format", "json", BRIDGE], capture_output=True, text=True, timeout=120, check=False)
    if not ran.stdout.strip().startswith("["):
        return Outcome(failures={"opa test": ran.stderr or ran.stdout})
    found = Outcome()
    for test in json.loads(ran.stdout):
        if test.get("fail") or test.get("error"):
            found.failures[test["name"]] = json.dumps(test.get("error", "failed"))
        else:
            found.passed += 1
    return found


def _server(opa: Path, catalog: Catalog, until: ExitStack):
    """An OPA with the policy; answers a function that asks it."""
    identity_provider = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Tokens)
    until.callback(identity_provider.shutdown)
    threading.Thread(target=identity_provider.serve_forever, daemon=True).start()
    address = f"127.0.0.1:{free_port()}"
    env = {
        "LAKEKEEPER_URL": catalog.url,
        "LAKEKEEPER_TOKEN_ENDPOINT": f"http://127.0.0.1:{identity_provider.server_port}/token",
        "LAKEKEEPER_DEMO_WAREHOUSE": catalog.warehouse,
        "LAKEKEEPER_MAX_BATCH_CHECK_SIZE": "3",
    }
    command = [str(opa), "run", "--server", "--disable-telemetry", "--addr", address, str(BRIDGE / "policies")]
    server = Process(command, catalog.logs / "opa.log", env, catalog.folder)
    until.callback(server.stop)
    server.wait_until(lambda: answers(f"http://{address}/health"), 30)

    def ask(rule: str, operation: str, rest: dict[str, Any]) -> Any:
        identity = {"user": "ann", "groups": []}
        question = {"input": {"context": {"identity": identity}, "action": {"operation": operation} | rest}}
        url = f"http://{address}/v1/data/trino/{rule}"
        request = urllib.request.Request(url, json.dumps(question).encode(), {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.loads(response.read()).get("result")

    return ask


class _Tokens(http.server.BaseHTTPRequestHandler):
    """An identity provider for a catalog that asks nobody who they are."""

    def do_POST(self) -> None:
        body = b'{"access_token": "anything"}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def _live(catalog: Catalog, ask) -> Outcome:
    """The catalog allows everything here, so what is there is allowed and what is not there is not."""
    prefix = catalog.call("GET", f"/catalog/v1/config?warehouse={catalog.warehouse}")["defaults"]["prefix"]
    catalog.call("POST", f"/catalog/v1/{prefix}/namespaces", {"namespace": ["a"]})
    schema = {"type": "struct", "fields": [{"id": 1, "name": "id", "type": "long", "required": True}]}
    catalog.call("POST", f"/catalog/v1/{prefix}/namespaces/a/tables", {"name": "t", "schema": schema})
    tables = [{"table": {"catalogName": "demo", "schemaName": "a", "tableName": name}} for name in ["t", "u", "t", "v"]]
    expected = {
        "a table that is there may be read": (("allow", "SelectFromColumns", {"resource": tables[0]}), True),
        "a table that is not there may not": (("allow", "SelectFromColumns", {"resource": tables[1]}), False),
        "a table can be created in a schema": (("allow", "CreateTable", {"resource": tables[1]}), True),
        "a schema can be created in the catalog": (
            ("allow", "CreateSchema", {"resource": {"schema": {"catalogName": "demo", "schemaName": "b"}}}),
            True,
        ),
        "the catalog is open": (("allow", "AccessCatalog", {"resource": {"catalog": {"name": "demo"}}}), True),
        "a catalog of others is not": (("allow", "AccessCatalog", {"resource": {"catalog": {"name": "pond"}}}), False),
        "lists hold what is there": (("batch", "FilterTables", {"filterResources": tables}), [0, 2]),
    }
    found = Outcome()
    for name, (question, answer) in expected.items():
        if (said := ask(*question)) == answer:
            found.passed += 1
        else:
            found.failures[name] = f"{question} -> {said}, not {answer}"
    return found
