"""What docs/engines.md tells people to write, with the addresses of this run: suites run it, so that the page cannot be wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass

from paths import ROOT

PAGE = ROOT / "docs/engines.md"
CATALOG = "http://localhost:8181"
TOKEN_ENDPOINT = "https://login.example.com/realms/lake/protocol/openid-connect/token"


@dataclass(frozen=True)
class Page:
    """The page, for a catalog and an identity provider; `credential` is who asks, by client id and secret."""

    url: str
    token_endpoint: str = ""
    credential: tuple[str, str] = ("engine", "engine-secret")

    def without_login(self, engine: str) -> str:
        return self._block(engine, 0)

    def with_login(self, engine: str) -> str:
        return self._block(engine, 1)

    def _block(self, engine: str, number: int) -> str:
        section = re.search(rf"^## {re.escape(engine)}$(.*?)(?=^## |\Z)", PAGE.read_text(), re.M | re.S)
        blocks = re.findall(r"^```[a-z]+\n(.*?)^```$", section.group(1), re.M | re.S) if section else []
        if len(blocks) != 2:
            raise AssertionError(f"{PAGE} must have one block without and one with OAuth2 for {engine}, not {len(blocks)}")
        name, secret = self.credential
        text = blocks[number].replace(CATALOG, self.url).replace(TOKEN_ENDPOINT, self.token_endpoint)
        return text.replace("engine-secret", secret).replace("engine:", f"{name}:").replace("'engine'", f"'{name}'")


def properties(block: str) -> dict[str, str]:
    """`name=value` or `name value`, one a line."""
    lines = (line for line in block.splitlines() if line and not line.startswith("#"))
    return dict(re.split(r"\s*=\s*|\s+", line, maxsplit=1) for line in lines)
