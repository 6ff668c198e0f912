"""Tables of a terminal hold other people's words, and keep their shape."""

from __future__ import annotations

import pytest

from harness.cli.text_table import table


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[31mb", "a\u202eb", "a\rb"])
def test_a_cell_stays_on_its_line_and_is_seen(name: str) -> None:
    text = table(("name", "n"), [(name, "1"), ("plain", "22")], right=("n",))
    assert len(text.splitlines()) == 3
    assert all(line.isprintable() for line in text.splitlines())
    assert len({len(line) for line in text.splitlines()}) == 1
