"""No line that a command prints is an order to the runner of a workflow, whoever named what is shown."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cli import main
from harness.cli.lines import Harmless, without_orders
from tests.core.report.stored import store
from tests.core.report.synthetic import REFERENCE, run, squares, unmeasured
from tests.core.report.test_escape import ORDERS, STORABLE

ORDER = re.compile(r"^\s*::", re.MULTILINE)
PIECES = st.text(":: \n\rx", max_size=6) | st.sampled_from((*STORABLE, *ORDERS)) | st.text(max_size=20)


def printed(*pieces: str) -> str:
    """Return what reaches a stream of what is written to it piece by piece."""
    stream = io.StringIO(newline="")
    kept = Harmless(stream)
    for piece in pieces:
        assert kept.write(piece) == len(piece)
    return stream.getvalue()


@given(pieces=st.lists(PIECES, max_size=8))
def test_no_line_is_an_order_however_it_is_written(pieces: list[str]) -> None:
    """In one piece or in many; what is no order passes as it is."""
    found = printed(*pieces)
    assert not any(line.lstrip().startswith("::") for line in found.splitlines())
    assert found.replace(":\\u003a", "::") == "".join(pieces).replace(":\\u003a", "::")


def test_colons_within_a_line_stay() -> None:
    """Runs and rows are called by them."""
    assert printed("latest::square::jax.jit@cpu\n", "x", "::y\n") == "latest::square::jax.jit@cpu\nx::y\n"
    assert printed(" :", ":error::x") == " :\\u003aerror::x"


def test_streams_are_what_they_were_afterwards(capsys: pytest.CaptureFixture[str]) -> None:
    """Also where something was raised."""
    with without_orders():
        print("::error::x")
        sys.stdout.writelines(["::", "error::y\n"])
    with pytest.raises(ZeroDivisionError), without_orders():
        print(1 / 0)
    print("::ours::")
    assert capsys.readouterr().out == ":\\u003aerror::x\n:\\u003aerror::y\n::ours::\n"


@pytest.mark.parametrize("name", ORDERS)
def test_no_command_prints_an_order(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Where suites, cases, targets, devices and errors all bear one name."""
    rows, samples = run(squares(2), {REFERENCE: 1.0, "jax.jit@cpu": 0.8}, rounds=1)
    told: dict[str, Any] = {"suite": name, "device_name": name, "framework_version": name, "items_name": name}
    rows = [replace(row, case=name or row.case, **told) for row in rows]
    rows[1] = unmeasured(rows[1], "failed", f"error: {name}")
    results = tmp_path / "results"
    store(results, rows, samples, command=name, stopped=name, reference=name)
    where = ["--results", str(results)]
    commands = (
        ["show", "latest", *where],
        ["report", "--format", "md", "--out", str(tmp_path / "out"), *where],
        ["compare", "latest", *where],
        ["gate", "latest", *where],
        ["list", "runs", *where],
        ["replay", f"latest::{name}", "--yaml", *where],
        ["show", name, *where],
        ["run", name, *where],
        ["store", "verify", *where],
    )
    for command in commands:
        main(command)
        said = capsys.readouterr()
        assert not ORDER.search(said.out), command
        assert not ORDER.search(said.err), command
