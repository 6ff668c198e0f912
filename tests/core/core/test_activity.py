"""What a machine and a family of processes have done, read from trees of files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core import activity, pressure
from harness.core.activity import Family, Process, Processors

STAT = """\
cpu  500 0 100 1400 0 0 0 40 0 0
cpu0 300 10 50 600 20 5 5 10 99 0
cpu1 200 0 50 800 0 0 0 30 0 0
cpu10 1 1 1 1 1 1 1 1 0 0
intr 5
ctxt 12345
"""


@pytest.fixture(autouse=True)
def _hundred_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity, "_ticks_in_a_second", lambda: 100)


def tree(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def process(parent: int, ticks: tuple[int, int, int, int], faults: tuple[int, int] = (0, 0), name: str = "a") -> str:
    """A line of /proc/N/stat: own and waited-for faults, user and system ticks, those of waited-for children."""
    return f"7 ({name}) S {parent} 1 1 0 -1 4194304 9 9 {faults[0]} {faults[1]} {' '.join(map(str, ticks))} 20 0 1"


def test_the_time_of_the_processors_that_were_asked_for(tmp_path: Path) -> None:
    root = tree(tmp_path, {"proc/stat": STAT})
    assert activity.processors(root, [0]) == Processors(total_s=10.0, busy_s=3.7, steal_s=0.1)
    both = activity.processors(root, [0, 1])
    assert both is not None
    assert (both.total_s, both.steal_s) == (20.8, 0.4)
    assert both.busy_s == pytest.approx(6.2)
    assert activity.processors(root, []) == Processors(total_s=20.4, busy_s=6.0, steal_s=0.4)


@pytest.mark.parametrize("text", ["", "cpu0 1 2\n", "cpu0 a b c d e f g h\n", "intr 5\n"])
def test_a_machine_that_shows_no_such_time(tmp_path: Path, text: str) -> None:
    assert activity.processors(tree(tmp_path, {"proc/stat": text}), [0]) is None
    assert activity.processors(tmp_path / "nowhere", [0]) is None


def test_switches_and_load(tmp_path: Path) -> None:
    root = tree(tmp_path, {"proc/stat": STAT, "proc/loadavg": "1.25 0.80 0.50 2/300 4242\n"})
    assert activity.switches(root) == 12345
    assert activity.load(root) == 1.25
    assert activity.switches(tmp_path / "nowhere") is None
    assert activity.load(tmp_path / "nowhere") is None
    assert activity.load(tree(tmp_path, {"proc/loadavg": "busy\n"})) is None


def test_what_a_quota_withheld(tmp_path: Path) -> None:
    root = tree(tmp_path, {"sys/fs/cgroup/cpu.stat": "usage_usec 9\nnr_throttled 3\nthrottled_usec 1500000\nodd\n"})
    assert activity.held_back_s(root) == 1.5
    assert activity.held_back_s(tmp_path / "nowhere") is None
    assert activity.held_back_s(tree(tmp_path, {"sys/fs/cgroup/cpu.stat": "throttled_usec max\n"})) is None


def test_a_family_is_a_process_and_all_that_descend_from_it(tmp_path: Path) -> None:
    files = {
        "proc/1/stat": process(0, (900, 900, 900, 900)),
        "proc/10/stat": process(1, (10, 20, 30, 40), (1, 2)),
        "proc/11/stat": process(10, (100, 0, 5, 0), (4, 0), name="a (b) c) d"),
        "proc/12/stat": process(11, (1, 1, 0, 0)),
        "proc/13/stat": process(1, (500, 0, 0, 0)),
        "proc/14/stat": "torn",
        "proc/self/stat": process(10, (9, 9, 9, 9)),
    }
    root = tree(tmp_path, files)
    assert activity.family(root, 10) == Family(cpu_s=2.07, major_faults=7)
    assert sorted(activity.members(root, 10)) == [10, 11, 12]
    assert activity.family(root, 99) is None
    assert activity.family(tmp_path / "nowhere", 10) is None


@given(st.dictionaries(st.integers(2, 30), st.integers(1, 30), max_size=20))
def test_every_process_descends_from_its_parent_once(parents: dict[int, int]) -> None:
    known = {number: Process(parent=parent, ticks=0, major_faults=0) for number, parent in parents.items()}
    for eldest in range(1, 31):
        found = activity.descendants(known, eldest)
        assert len(found) == len(set(found))
        for number in found:
            assert known[number].parent in {eldest, *found}


def test_this_process_has_done_something() -> None:
    """Linux only: elsewhere there is no such tree, and nothing is claimed."""
    root = Path("/")
    if not (root / "proc/self/stat").exists():
        pytest.skip("no /proc here")
    import os

    before = activity.family(root, os.getpid())
    assert before is not None
    assert before.cpu_s >= 0
    assert os.getpid() in activity.members(root, os.getpid())


PSI = "some avg10=1.50 avg60=0.40 avg300=0.10 total=2500000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"


def test_how_long_tasks_waited(tmp_path: Path) -> None:
    root = tree(
        tmp_path, {"proc/pressure/cpu": PSI, "proc/pressure/memory": "full total=9\n", "proc/pressure/io": "\0"}
    )
    assert pressure.waited_s(root) == {"cpu": 2.5, "memory": None, "io": None}
    assert pressure.waited_s(tmp_path / "nowhere") == {"cpu": None, "memory": None, "io": None}


@given(st.text(max_size=80))
def test_any_pressure_file_gives_a_number_or_nothing(text: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        root = tree(Path(folder), {"proc/pressure/cpu": text})
        found = pressure.waited_s(root)["cpu"]
        assert found is None or found >= 0
