"""Exporters come in by one door, a stranger's like ours, and what is wrong with one names it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from harness.core import plugins
from harness.errors import UsageError
from harness.export import junit
from harness.export.registry import EXPORTERS, export, exporter_names, find_exporter


def shout(document: Mapping[str, Any]) -> str:
    return str(document["said"]).upper()


def broken(document: Mapping[str, Any]) -> str:
    raise KeyError(document["said"])


def wordless(document: Mapping[str, Any]) -> bytes:
    return str(document).encode()


NOT_ONE = "a text"


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    offer = {"junit": junit.export, "shout": shout, "broken": broken, "wordless": wordless, "NOT_ONE": NOT_ONE}
    points = [EntryPoint(name=name, value=f"a_package:{name}", group=EXPORTERS) for name in offer]
    monkeypatch.setattr(plugins, "entry_points", lambda *, group: [each for each in points if each.group == group])
    monkeypatch.setattr(EntryPoint, "load", lambda self: offer[self.attr])
    plugins._by_name.cache_clear()
    yield
    plugins._by_name.cache_clear()


@pytest.mark.usefixtures("offered")
def test_a_strangers_exporter_is_one_like_ours() -> None:
    assert exporter_names() == ("NOT_ONE", "broken", "junit", "shout", "wordless")
    assert export("shout", {"said": "pass"}) == "PASS"
    assert find_exporter("junit") is junit.export


@pytest.mark.usefixtures("offered")
@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("junti", r"no exporter named 'junti'"),
        ("NOT_ONE", r"the exporter 'NOT_ONE' cannot be called: 'a text'"),
        ("broken", r"the exporter 'broken' failed: KeyError: 'pass'"),
        ("wordless", r"the exporter 'wordless' returned bytes, not a text"),
    ],
)
def test_what_is_wrong_with_an_exporter_names_it(name: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint) as caught:
        export(name, {"said": "pass"})
    assert caught.value.remedy


def test_the_package_offers_what_it_brings(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"][EXPORTERS] == {"junit": f"{junit.__name__}:{junit.export.__name__}"}
