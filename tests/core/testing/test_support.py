"""The page on backends says what the backends declare, and its examples are complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.backends.base import BackendInfo
from harness.testing.support import BEGIN, END, insert, support_tables, typical_cases


def test_the_support_tables_are_those_of_the_declarations(root: Path) -> None:
    """Mended by ``python -m harness.testing.support docs/backends.md``."""
    page = (root / "docs/backends.md").read_text(encoding="utf-8")
    assert page == insert(page, support_tables())


def test_tables_tell_refusals_from_what_works() -> None:
    tables = support_tables()
    assert "no (1)" in tables
    assert "tf32 is an arithmetic of GPUs" in tables
    assert tables.count("| yes") > len(typical_cases())


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks"):
        insert(f"{BEGIN} and nothing more", "tables")
    assert insert(f"a {BEGIN} old {END} b", "new") == f"a {BEGIN}\n\nnew\n\n{END} b"


def test_the_declaration_in_the_guide_is_one(root: Path) -> None:
    page = (root / "docs/backends.md").read_text(encoding="utf-8")
    declaration = next(
        block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "BackendInfo(" in block
    )
    names: dict[str, object] = {}
    exec(re.sub(r"^   ", "", declaration, flags=re.MULTILINE), names)  # noqa: S102  (our own page)
    assert isinstance(names["MINE"], BackendInfo)
