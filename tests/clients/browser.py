"""What a person's browser does at Keycloak's login page."""

from __future__ import annotations

import html
import http.cookiejar
import re
import urllib.error
import urllib.parse
import urllib.request
from typing import Any


def log_in(page: str, user: str, password: str) -> str:
    """Opens the page, sends its form, and answers where it leads to then, with the code."""
    # As browsers do on loopback: cookies that are for TLS only are sent there without it.
    policy = http.cookiejar.DefaultCookiePolicy(secure_protocols=("http", "https"))
    cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar(policy))
    browser = urllib.request.build_opener(cookies, _NoRedirect)
    form = browser.open(page, timeout=30).read().decode()
    action = html.unescape(re.search(r'action="([^"]+)"', form).group(1))
    filled = urllib.parse.urlencode({"username": user, "password": password}).encode()
    try:
        answer = browser.open(action, filled, timeout=30)
    except urllib.error.HTTPError as redirected:
        return redirected.headers["location"]
    raise AssertionError(f"the login was answered by a page, not by a redirect: {answer.status}")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None
