"""The REST Compatibility Kit of Apache Iceberg: the Java reference's catalog tests against our server."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import install
from harness import Catalog, Mode, Services
from outcome import Outcome, from_junit
from profiles import Storage

HERE = Path(__file__).resolve().parent
MODES = [Mode.SQLITE_LOCAL, Mode.PG_LOCAL]

KIT = "org.apache.iceberg.rest.RESTCompatibilityKitSuite"
KIT_TESTS = 157
SETTINGS = {
    "local": "false",
    "requires-namespace-create": "true",
    "supports-serverside-retry": "true",
    "supports-variant": "true",
    "supports-names-with-dot": "true",
}

# Fixed in the kit's own code; the second run switches them on.
IN_SECOND_RUN = "fixed at 'not supported' in the kit, run by EverythingSupportedTests"
EXCUSED_IN_KIT = {
    "testDropNamespaceWithNestedNamespace": IN_SECOND_RUN,
    "testListNestedNamespaces": IN_SECOND_RUN,
    "testNamespaceWithSlash": IN_SECOND_RUN,
    "testTableNameWithSlash": IN_SECOND_RUN,
    "createTableInUniqueLocation": IN_SECOND_RUN,
    "listNamespacesWithEmptyNamespace": IN_SECOND_RUN,
}
EXCUSED_ALWAYS = {
    "EmptyNamespace": "the Java client refuses an empty namespace before it sends anything",
}


def run(services: Services, mode: Mode) -> Outcome:
    classpath = f"{install.jars('rck', HERE / 'pom.xml')}/*"
    found = Outcome()
    with tempfile.TemporaryDirectory() as built:
        _compile(classpath, Path(built))
        for selected, excused in ((KIT, EXCUSED_IN_KIT), ("rck.EverythingSupportedTests", {})):
            found.add(_launch(services, mode, f"{built}:{classpath}", selected).excuse(excused | EXCUSED_ALWAYS))
    return found


def _compile(classpath: str, into: Path) -> None:
    sources = [str(p) for p in (HERE / "src").rglob("*.java")]
    compiler = str(install.java().with_name("javac"))
    subprocess.run([compiler, "-nowarn", "-proc:none", "-cp", classpath, "-d", str(into), *sources], check=True)


def _launch(services: Services, mode: Mode, classpath: str, selected: str) -> Outcome:
    """One run on a fresh catalog: the kit refuses to start when its namespaces exist."""
    short = selected.rsplit(".", 1)[-1]
    root = None if mode.in_bucket else Storage(root="/tmp", prefix=None)
    with Catalog(services, mode, f"rck-{short}", root) as catalog:
        properties = SETTINGS | {"uri": catalog.catalog_url, "warehouse": catalog.warehouse} | _file_io(catalog)
        command = [str(install.java()), "-Xmx1g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
        for name, value in properties.items():
            command += [f"-D{name}={value}", f"-Drck.{name}={value}"]
        command += ["-cp", classpath, "org.junit.platform.console.ConsoleLauncher", "execute", "--disable-banner"]
        command += ["--select-class", selected, "--config", "rck.local=false", "--details", "tree"]
        command += ["--disable-ansi-colors", "--reports-dir", str(catalog.logs)]
        clean = {k: v for k, v in os.environ.items() if not k.startswith("CATALOG_")}
        with (catalog.logs / "kit.log").open("wb") as log:
            subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, env=clean, timeout=900)
        found = Outcome()
        for report in sorted(catalog.logs.glob("TEST-*.xml")):
            found.add(from_junit(report, f"{short}: "))
        return _complete(found, selected)


def _complete(found: Outcome, selected: str) -> Outcome:
    ran = found.passed + len(found.failures) + len(found.skipped)
    if selected == KIT and ran != KIT_TESTS:
        found.failures["kit"] = f"{ran} tests were reported instead of {KIT_TESTS}"
    return found


def _file_io(catalog: Catalog) -> dict[str, str]:
    if not catalog.s3:
        return {}
    return {
        "io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        "s3.endpoint": catalog.s3.endpoint,
        "s3.path-style-access": "true",
        "s3.access-key-id": catalog.s3.access_key,
        "s3.secret-access-key": catalog.s3.secret_key,
        "client.region": catalog.s3.region,
    }
