"""A private API server of Kubernetes with its etcd: tokens of service accounts, and reviews of them. There are no pods."""

from __future__ import annotations

import json
import ssl
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import install

from services.process import Process, free_port

AUDIENCE = "lakekeeper"
ADMIN_TOKEN = "admin-token-of-the-tests"


class Kubernetes:
    def __init__(self, home: Path, logs: Path):
        self._home = home
        etcd, peer, port = free_port(), free_port(), free_port()
        self.url = f"https://127.0.0.1:{port}"
        self.ca = home / "certs/apiserver.crt"
        key = home / "sa.key"
        subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
        public = ["openssl", "rsa", "-in", str(key), "-pubout", "-out", str(home / "sa.pub")]
        subprocess.run(public, check=True, capture_output=True)
        (home / "tokens.csv").write_text(f'{ADMIN_TOKEN},admin,admin-uid,"system:masters"\n')
        self._etcd = Process(
            [
                str(install.etcd()),
                f"--data-dir={home / 'etcd'}",
                f"--listen-client-urls=http://127.0.0.1:{etcd}",
                f"--advertise-client-urls=http://127.0.0.1:{etcd}",
                f"--listen-peer-urls=http://127.0.0.1:{peer}",
                f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
                f"--initial-cluster=default=http://127.0.0.1:{peer}",
            ],
            logs / "etcd.log",
        )
        issuer = "https://kubernetes.default.svc.cluster.local"
        command = [
            str(install.kube_apiserver()),
            f"--etcd-servers=http://127.0.0.1:{etcd}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={port}",
            f"--cert-dir={home / 'certs'}",
            f"--service-account-key-file={home / 'sa.pub'}",
            f"--service-account-signing-key-file={key}",
            f"--service-account-issuer={issuer}",
            f"--api-audiences={issuer}",
            f"--token-auth-file={home / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.96.0.0/24",
            "--disable-admission-plugins=ServiceAccount",
        ]
        self._apiserver = Process(command, logs / "kube-apiserver.log")
        self._apiserver.wait_until(self._is_ready, 120)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json", "authorization": f"Bearer {ADMIN_TOKEN}"}
        request = urllib.request.Request(f"{self.url}{path}", data, headers, method=method)
        trusted = ssl.create_default_context(cafile=str(self.ca))
        with urllib.request.urlopen(request, timeout=30, context=trusted) as response:
            text = response.read()
            return json.loads(text) if text.startswith(b"{") else text

    def service_account(self, namespace: str, name: str) -> str:
        """Makes it, and its namespace if need be; answers its UID."""
        if namespace != "default" and namespace not in self._namespaces():
            self.call("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
        made = self.call("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": name}})
        return made["metadata"]["uid"]

    def token(self, namespace: str, name: str, audiences: list[str]) -> str:
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        spec = {"audiences": audiences, "expirationSeconds": 3600}
        return self.call("POST", path, {"spec": spec})["status"]["token"]

    def may_review(self, namespace: str, name: str) -> None:
        """Lets a service account ask about the tokens of others."""
        body = {
            "metadata": {"name": f"review-{name}"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:auth-delegator"},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
        }
        self.call("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", body)

    def stop(self) -> None:
        self._apiserver.stop()
        self._etcd.stop()

    def _namespaces(self) -> list[str]:
        return [one["metadata"]["name"] for one in self.call("GET", "/api/v1/namespaces")["items"]]

    def _is_ready(self) -> bool:
        try:
            return self.call("GET", "/readyz") == b"ok"
        except OSError:
            return False
