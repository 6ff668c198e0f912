"""The style and the script of a page, and the policy that lets these two work and nothing else."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files

from harness.report.draw.ink import DARK, LIGHT, rules
from harness.report.render.html_table import column_rules


@cache
def stylesheet() -> str:
    """Return the style of a page; pictures are drawn in roles, which get their colours here, light and dark."""
    inks = {role: f"light-dark({LIGHT[role]}, {DARK[role]})" for role in LIGHT}
    return "".join((_asset("page.css"), column_rules(), rules(inks, "svg "), "\n"))


@cache
def script() -> str:
    """Return the script of a page."""
    return _asset("page.js")


def policy() -> str:
    """Return the content security policy: nothing is loaded, sent or run but the style and the script themselves."""
    sources = {
        "default-src": "'none'",
        "style-src": _hash(stylesheet()),
        "script-src": _hash(script()),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{kind} {allowed}" for kind, allowed in sources.items())


def _asset(name: str) -> str:
    return files("harness.report").joinpath(f"assets/{name}").read_text(encoding="utf-8")


def _hash(content: str) -> str:
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    return f"'sha256-{digest}'"
