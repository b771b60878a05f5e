"""What a suite found, and how it is counted."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Outcome:
    """Skips come in two kinds: excused ones (nothing here could run them; the reason is written down) and all others."""

    passed: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    excused: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def add(self, other: Outcome) -> None:
        self.passed += other.passed
        self.failures |= other.failures
        self.excused |= other.excused
        self.skipped |= other.skipped

    def excuse(self, reasons: dict[str, str]) -> Outcome:
        """Moves skips whose name contains one of the keys to the excused ones."""
        for name in list(self.skipped):
            for part, reason in reasons.items():
                if part in name:
                    del self.skipped[name]
                    self.excused[name] = reason
                    break
        return self

    @property
    def good(self) -> bool:
        return self.passed > 0 and not self.failures and not self.skipped

    def line(self) -> str:
        return f"{self.passed} passed, {len(self.failures)} failed, {len(self.skipped) + len(self.excused)} skipped"


def from_junit(report: Path, prefix: str = "") -> Outcome:
    """Reads a JUnit XML report, as pytest and the JUnit console write it."""
    found = Outcome()
    if not report.exists():
        logs = [f"{log.name}: {line}" for log in report.parent.glob("*.log") for line in _tail(log)]
        found.failures[f"{prefix}report"] = "\n".join(["the tests ended without a report", *logs])
        return found
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        name = f"{prefix}{case.get('classname', '').rsplit('.', 1)[-1]}.{case.get('name', '')}"
        problem = case.find("failure") if case.find("failure") is not None else case.find("error")
        skip = case.find("skipped")
        if problem is not None:
            found.failures[name] = f"{problem.get('message') or ''}\n{problem.text or ''}".strip()
        elif skip is not None:
            found.skipped[name] = (skip.get("message") or skip.text or "").strip()
        else:
            found.passed += 1
    return found


def from_go_test(log: Path) -> Outcome:
    """Reads what `go test -json` wrote."""
    found, said = Outcome(), {}
    lines = log.read_text(errors="replace").splitlines()
    for event in (json.loads(line) for line in lines if line.startswith("{")):
        name, text = event.get("Test"), event.get("Output", "")
        if not name:
            continue
        said[name] = said.get(name, "") + text
        match event["Action"]:
            case "pass":
                found.passed += 1
            case "fail":
                found.failures[name] = said[name]
            case "skip":
                found.skipped[name] = said[name]
    if not said:
        found.failures["go test"] = "\n".join(["it ran no test", *_tail(log)])
    return found


def _tail(log: Path, lines: int = 6) -> list[str]:
    return log.read_text(errors="replace").splitlines()[-lines:]
