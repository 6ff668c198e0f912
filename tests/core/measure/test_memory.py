"""Host memory is read where Linux tells it, and else not told."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from harness.measure.memory import HostMemory


def test_growth_is_from_where_it_began_to_the_highest_mark(tmp_path: Path) -> None:
    status = tmp_path / "status"
    status.write_text("VmHWM:\t  900 kB\nVmRSS:\t  500 kB\n")
    watched = HostMemory(tmp_path)
    assert (tmp_path / "clear_refs").read_text() == "5"
    status.write_text("VmHWM:\t  750 kB\nVmRSS:\t  510 kB\n")
    assert watched.grown() == 250 * 1024


def test_where_nothing_is_told_nothing_is_known(tmp_path: Path) -> None:
    assert HostMemory(tmp_path / "none").grown() is None
    (tmp_path / "status").write_text("Name:\tx\n")
    assert HostMemory(tmp_path).grown() is None


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells")
def test_a_large_array_shows() -> None:
    watched = HostMemory()
    np.ones(8 * 2**20).sum()
    grown = watched.grown()
    assert grown is None or grown >= 48 * 2**20
