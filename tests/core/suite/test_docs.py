"""What the documentation shows as a suite is one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .conftest import Load

TEXT = (Path(__file__).parents[3] / "docs" / "suites.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
CASES = "cases: [{id: a, workload: matmul, m: 1, n: 1, k: 1}]\n"


@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_every_snippet_loads(load: Load, tmp_path: Path, snippet: str) -> None:
    (tmp_path / "shapes.csv").write_text("m,n,k\n# projections of the encoder\n128,768,768\n128,3072,768\n", "utf-8")
    (tmp_path / "parts").mkdir()
    for number, name in enumerate(("encoder", "decoder"), start=1):
        case = f"{{id: {name}, workload: matmul, m: {number}, n: 1, k: 1}}"
        part = f"schema: harness.suite/1\nname: {name}\ncases: [{case}]\n"
        (tmp_path / "parts" / f"{name}.yaml").write_text(part, "utf-8")
    if snippet.startswith("# yaml-language-server"):
        assert load(snippet[snippet.index("schema:") :]).cases
    elif snippet.startswith("  - id:"):
        names = [case.name for case in load(f"cases:\n{snippet}").cases]
        assert len(names) == 7 + 3 + 2 + 2
        assert names[0] == "grid[m=128,dtype=float32]"
    elif snippet.startswith("include:"):
        assert len(load(snippet).cases) == 2
    else:
        assert load(f"{snippet}{CASES}").cases


def test_there_are_snippets() -> None:
    assert len(SNIPPETS) == 6


def test_the_mistake_shown_is_what_is_printed(refuse: object) -> None:
    shown = re.search(r"^mine\.yaml:7:13: (.*)\n  (.*)$", TEXT, re.MULTILINE)
    assert shown is not None
    (finding,) = refuse("cases:\n  - id: a\n    workload: matmull\n    m: 1\n")  # type: ignore[operator]
    assert finding.message == shown[1]
    assert str(finding.hint).startswith(shown[2].split(" known: ")[0])
