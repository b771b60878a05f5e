"""Puts into the cache what a suite needs. Every step is pinned, done once, and says in one line what it cannot do."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from paths import CACHE, LOGS

AZURITE_VERSION = "3.35.0"
ETCD_PACKAGE = "etcd-server"
KEYCLOAK_VERSION = "26.7.3"
KUBERNETES_VERSION = "1.36.3"
MINIO_VERSION = "v0.0.0-20260212201848-7aac2a2c5b7c"
FAKE_GCS_VERSION = "v1.56.1"
NATS_VERSION = "v2.11.10"
OPENFGA_VERSION = "v1.22.1"
OPA_VERSION = "v1.22.2"
VAULT_VERSION = "v1.21.4"

# Of the log of a command that failed: where the run is over, its folder may be gone.
SHOWN_LOG_LINES = 6


class Missing(Exception):
    """Something that must be installed by hand; the text says what and how."""


def venv(name: str, requirements: Path) -> Path:
    """The Python of a virtual environment that holds exactly these requirements."""
    key = _digest(requirements.read_bytes() + sys.version.encode())
    home = CACHE / f"venv-{name}-{key}"
    with _lock(home.name):
        if not (home / ".ready").exists():
            _say(f"installing {requirements.name} of {name} into {home.name}")
            shutil.rmtree(home, ignore_errors=True)
            try:
                _run([sys.executable, "-m", "venv", str(home)], f"venv-{name}")
            except Missing as error:
                raise Missing(f"Python venv module is missing: apt-get install python3-venv ({error})") from error
            pip = [str(home / "bin/python"), "-m", "pip", "install", "-q", "-r", str(requirements)]
            _run(pip, f"venv-{name}")
            (home / ".ready").touch()
    return home / "bin/python"


def jars(name: str, pom: Path) -> Path:
    """The folder with the jars that a POM resolves to."""
    home = CACHE / f"jars-{name}-{_digest(pom.read_bytes())}"
    with _lock(home.name):
        if not (home / ".ready").exists():
            java()
            if not shutil.which("mvn"):
                _apt("maven", "Maven is missing: apt-get install maven")
            _say(f"resolving the jars of {name}")
            shutil.rmtree(home, ignore_errors=True)
            copy = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={home}"]
            _run(copy, f"jars-{name}")
            (home / ".ready").touch()
    return home


def artifact(coordinates: str, unpacked_name: str) -> Path:
    """A Maven artifact that is an archive, unpacked."""
    home = CACHE / unpacked_name
    with _lock(unpacked_name):
        if not (home / ".ready").exists():
            if not shutil.which("mvn"):
                _apt("maven", "Maven is missing: apt-get install maven")
            _say(f"downloading {coordinates}")
            shutil.rmtree(home, ignore_errors=True)
            parts = CACHE / f"{unpacked_name}.download"
            get = ["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={coordinates}", f"-DoutputDirectory={parts}"]
            _run(get, unpacked_name)
            home.mkdir(parents=True)
            for archive in parts.iterdir():
                _run(["tar", "xf", str(archive), "-C", str(home), "--strip-components=1"], unpacked_name)
            shutil.rmtree(parts)
            (home / ".ready").touch()
    return home


def source_of(package: str) -> Path:
    """The unpacked source distribution of a PyPI package, given as name==version."""
    home = CACHE / f"source-{package.replace('==', '-')}"
    with _lock(home.name):
        if not (home / ".ready").exists():
            _say(f"downloading the source of {package}")
            shutil.rmtree(home, ignore_errors=True)
            parts = CACHE / f"{home.name}.download"
            fetch = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-build-isolation"]
            fetch += ["--no-binary", ":all:", package, "-d", str(parts)]
            try:
                _run(fetch, home.name)
            except Missing:
                fetch.remove("--no-build-isolation")
                _run(fetch, home.name)
            home.mkdir(parents=True)
            for archive in parts.glob("*.tar.gz"):
                _run(["tar", "xf", str(archive), "-C", str(home), "--strip-components=1"], home.name)
            shutil.rmtree(parts)
            (home / ".ready").touch()
    return home


def minio() -> Path:
    """The MinIO server, built from its Go module."""
    return _built_with_go("github.com/minio/minio", MINIO_VERSION)


def fake_gcs_server() -> Path:
    """An emulator of Google Cloud Storage, built from its Go module."""
    return _built_with_go("github.com/fsouza/fake-gcs-server", FAKE_GCS_VERSION)


def openfga() -> Path:
    """An OpenFGA server, built from its Go module."""
    return _built_with_go("github.com/openfga/openfga/cmd/openfga", OPENFGA_VERSION)


def opa() -> Path:
    """Open Policy Agent, built from its Go module."""
    return _built_with_go("github.com/open-policy-agent/opa", OPA_VERSION)


def kafka() -> Path:
    """The folder with the jars of a Kafka broker."""
    java()
    return jars("kafka", Path(__file__).parent / "services" / "kafka.xml")


def nats_server() -> Path:
    """The NATS server, built from its Go module."""
    return _built_with_go("github.com/nats-io/nats-server/v2", NATS_VERSION)


def go() -> str:
    """The command of Go."""
    if found := shutil.which("go"):
        return found
    raise Missing("Go is missing (some servers and clients are built with it): install Go 1.25 or newer")


def go_module(program: Path, module: str) -> Path:
    """The source of a module that a program asks for, in the version of its go.mod."""
    here = [go(), "-C", str(program)]
    _run([*here, "mod", "download", module], module.rsplit("/", 1)[1])
    listing = [*here, "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", module]
    return Path(subprocess.run(listing, check=True, capture_output=True, text=True).stdout.strip())


def _built_with_go(module: str, version: str) -> Path:
    # `/v2` is a version, not a name.
    name = re.sub(r"/v[0-9]+$", "", module).rsplit("/", 1)[1]
    home = CACHE / f"{name}-{version}"
    with _lock(home.name):
        if not (home / name).exists():
            _say(f"building {name}, a few minutes")
            _run([go(), "install", f"{module}@{version}"], name, {"GOBIN": str(home)})
    return home / name


def keycloak() -> Path:
    """The folder of Keycloak, unpacked from its Maven artifact."""
    home = CACHE / f"keycloak-{KEYCLOAK_VERSION}"
    with _lock(home.name):
        if not (home / ".ready").exists():
            java()
            if not shutil.which("mvn"):
                _apt("maven", "Maven is missing: apt-get install maven")
            _say(f"downloading Keycloak {KEYCLOAK_VERSION}")
            shutil.rmtree(home, ignore_errors=True)
            parts = CACHE / f"{home.name}.download"
            coordinates = f"org.keycloak:keycloak-quarkus-dist:{KEYCLOAK_VERSION}:zip"
            _run(["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={coordinates}", f"-DoutputDirectory={parts}"], home.name)
            for archive in parts.glob("*.zip"):
                shutil.unpack_archive(archive, parts)
            (parts / home.name).rename(home)
            (home / "bin/kc.sh").chmod(0o755)
            shutil.rmtree(parts)
            (home / ".ready").touch()
    return home


def moto() -> list[str]:
    """The command of moto's server. Its own list of what a server needs is ten times as long."""
    python = venv("moto", Path(__file__).parent / "services/moto.txt")
    return [str(python), "-m", "moto.server"]


def kube_apiserver() -> Path:
    """The API server of Kubernetes, built from its Go module; its staging modules are published under versions of their own."""
    home = CACHE / f"kube-apiserver-{KUBERNETES_VERSION}"
    with _lock(home.name):
        if not (home / "kube-apiserver").exists():
            go()
            _say("building kube-apiserver, about ten minutes")
            home.mkdir(parents=True, exist_ok=True)
            _run(["bash", "-euc", _BUILD_APISERVER, home.name, str(home), KUBERNETES_VERSION], home.name)
    return home / "kube-apiserver"


_BUILD_APISERVER = """
cd "$1"
module=$(go mod download -json "k8s.io/kubernetes@v$2" | python3 -c 'import json, sys; print(json.load(sys.stdin)["Dir"])')
{ echo 'module example.invalid/kube'; grep '^go ' "$module/go.mod"
  grep -oE 'k8s.io/[a-z-]+ => \\./staging' "$module/go.mod" | awk -v v="v0.${2#*.}" '{ print "replace " $1 " => " $1 " " v }'
} > go.mod
go get -tool "k8s.io/kubernetes/cmd/kube-apiserver@v$2"
go build -o kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver
"""


def vault() -> Path:
    """Vault, built from its Go module without the plugins that nothing here needs."""
    home = CACHE / f"vault-{VAULT_VERSION}"
    with _lock(home.name):
        if not (home / "vault").exists():
            go()
            _say("building Vault, about ten minutes")
            home.mkdir(parents=True, exist_ok=True)
            _run(["bash", "-euc", _BUILD_VAULT, home.name, str(home), VAULT_VERSION], home.name)
    return home / "vault"


# `go install` refuses a module with `replace` lines, and none of the published modules that take their place fits exactly.
_BUILD_VAULT = """
module=$(go mod download -json "github.com/hashicorp/vault@$2" | python3 -c 'import json, sys; print(json.load(sys.stdin)["Dir"])')
source=$(mktemp -d); trap 'chmod -R u+w "$source"; rm -rf "$source"' EXIT
cp -r "$module/." "$source"; chmod -R u+w "$source"; cd "$source"
for one in api api/auth/approle api/auth/kubernetes api/auth/userpass sdk; do go mod edit -dropreplace="github.com/hashicorp/vault/$one"; done
sed -i 's/ActivationFunc(ctx, nil)/ActivationFunc(ctx, nil, "")/' vault/logical_system_activation_flags.go
sed -i 's/activateDeduplication(ctx context.Context, req \\*logical.Request) error/activateDeduplication(ctx context.Context, req *logical.Request, _ string) error/' vault/identity_store_util.go
sed -i 's/restoredKeyName, err := b.lm.RestorePolicy/err := b.lm.RestorePolicy/; s/"key_name": restoredKeyName/"key_name": keyName/' builtin/logical/transit/path_restore.go
cat > helper/builtinplugins/registry_min.go <<'GO'
//go:build minimal

package builtinplugins

import credKube "github.com/hashicorp/vault-plugin-auth-kubernetes"

func extendAddonPlugins(reg *registry) {
	reg.credentialBackends["kubernetes"] = credentialBackend{Factory: credKube.Factory}
}
GO
go build -mod=mod -tags minimal -ldflags='-s -w' -o "$1/vault" .
"""


def etcd() -> Path:
    """Where Kubernetes keeps its state."""
    if not shutil.which("etcd"):
        _apt(ETCD_PACKAGE, f"etcd is missing: apt-get install {ETCD_PACKAGE}")
    return Path(shutil.which("etcd") or "etcd")


def azurite() -> list[Path]:
    """The command of Azurite's Blob service."""
    home = CACHE / f"azurite-{AZURITE_VERSION}"
    with _lock(home.name):
        if not (home / ".ready").exists():
            if not shutil.which("npm"):
                _apt("npm", "npm is missing (Azurite is a package of it): install Node.js 18 or newer")
            _say(f"installing Azurite {AZURITE_VERSION}")
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir(parents=True)
            npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(home)]
            _run([*npm, f"azurite@{AZURITE_VERSION}"], "azurite")
            (home / ".ready").touch()
    return [Path(shutil.which("node") or "node"), home / "node_modules/azurite/dist/src/blob/main.js"]


def postgres() -> Path:
    """The folder with initdb, postgres and pg_ctl."""

    def newest() -> Path | None:
        found = [p.parent for p in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
        return max(found, key=lambda p: int(p.parent.name), default=None)

    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    if not newest():
        _apt("postgresql", "PostgreSQL is missing: apt-get install postgresql")
    if found := newest():
        return found
    raise Missing("PostgreSQL is missing: apt-get install postgresql")


def java() -> Path:
    """A Java 17 or newer."""
    if home := os.environ.get("JAVA_HOME"):
        return Path(home) / "bin/java"
    if not shutil.which("java"):
        _apt("openjdk-17-jdk-headless", "Java is missing: apt-get install openjdk-17-jdk-headless")
    return Path(shutil.which("java") or "java")


def certificate(names: list[str], home: Path) -> tuple[Path, Path]:
    """A certificate for these names that is its own authority, and its key."""
    if not shutil.which("openssl"):
        _apt("openssl", "openssl is missing: apt-get install openssl")
    home.mkdir(parents=True)
    made, key = home / "certificate.pem", home / "key.pem"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    make += ["-subj", "/CN=tests of lakekeeper", "-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names)]
    _run([*make, "-out", str(made), "-keyout", str(key)], "certificate")
    return made, key


def _apt(package: str, otherwise: str) -> None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Missing(otherwise)
    _say(f"apt-get install {package}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    _run(["apt-get", "-qq", "update"], f"apt-{package}", quiet)
    _run(["apt-get", "-qq", "install", "-y", "--no-install-recommends", package], f"apt-{package}", quiet)


def _run(command: list[str], log_name: str, extra_env: dict[str, str] | None = None) -> None:
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"install-{log_name}.log"
    with log.open("ab") as out:
        done = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, env={**os.environ, **(extra_env or {})})
    if done.returncode != 0:
        last = "\n".join(log.read_text(errors="replace").splitlines()[-SHOWN_LOG_LINES:])
        raise Missing(f"`{' '.join(command)}` failed with {done.returncode}, the end of {log}:\n{last}")


@contextmanager
def _lock(name: str) -> Iterator[None]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f".{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def _say(text: str) -> None:
    print(f"  · {text}", flush=True)
