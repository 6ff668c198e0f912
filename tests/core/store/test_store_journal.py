"""The journal: nothing appended is lost, nothing torn is believed."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import StoreError
from harness.store.journal import Journal, is_live, read_entries

Failing = Callable[[int, str], AbstractContextManager[Any]]
ENTRIES: list[dict[str, Any]] = [{"n": 0}, {"n": 1, "text": 'ä"\\\n\u2028\x00'}, {"n": 2, "list": [None, 1.5]}]


def write(path: Path, entries: list[dict[str, Any]]) -> Path:
    journal = Journal.create(path, entries[0])
    for entry in entries[1:]:
        journal.append(entry, durable=False)
    journal.release()
    return path


def read(path: Path) -> list[Any]:
    return [entry.value for entry in read_entries(path)]


@given(
    entries=st.lists(
        st.dictionaries(st.text(), st.none() | st.integers() | st.floats(allow_nan=False) | st.text()), min_size=1
    )
)
def test_what_is_appended_is_read_back(entries: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> None:
    assert read(write(tmp_path_factory.mktemp("journal") / "run.jsonl", entries)) == entries


def test_every_line_is_json_for_other_programs(tmp_path: Path) -> None:
    lines = write(tmp_path / "run.jsonl", ENTRIES).read_text("utf-8").splitlines()
    assert [json.loads(line)[2] for line in lines] == ENTRIES


def test_cut_off_at_any_byte_it_is_read_up_to_the_last_whole_line(tmp_path: Path) -> None:
    data = write(tmp_path / "run.jsonl", ENTRIES).read_bytes()
    ends = [index + 1 for index, byte in enumerate(data) if byte == ord("\n")]
    for length in range(len(data)):
        cut = tmp_path / "cut.jsonl"
        cut.write_bytes(data[:length])
        assert read(cut) == ENTRIES[: sum(end <= length for end in ends)]


def test_a_flipped_bit_anywhere_never_changes_an_entry(tmp_path: Path) -> None:
    data = write(tmp_path / "run.jsonl", ENTRIES).read_bytes()
    for index in range(len(data)):
        harmed = tmp_path / "harmed.jsonl"
        harmed.write_bytes(data[:index] + bytes([data[index] ^ 4]) + data[index + 1 :])
        found = read(harmed)
        assert found == ENTRIES[: len(found)]
        assert len(found) < len(ENTRIES)


def test_an_append_that_fails_half_way_leaves_no_trace(tmp_path: Path, failing_os: Failing) -> None:
    journal = Journal.create(tmp_path / "run.jsonl", ENTRIES[0])
    with failing_os(1, "once"), pytest.raises(StoreError, match=r"run\.jsonl: No space left"):
        journal.append(ENTRIES[1], durable=True)
    journal.append(ENTRIES[2], durable=True)
    journal.release()
    assert read(tmp_path / "run.jsonl") == [ENTRIES[0], ENTRIES[2]]


def test_where_even_the_half_line_cannot_be_removed_nothing_is_written_behind_it(
    tmp_path: Path, failing_os: Failing, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal.create(tmp_path / "run.jsonl", ENTRIES[0])
    with monkeypatch.context() as broken:
        broken.setattr("harness.store.files.cut", _refuse)
        with failing_os(1, "once"), pytest.raises(StoreError, match="No space left"):
            journal.append(ENTRIES[1], durable=True)
    with pytest.raises(StoreError, match="cannot be written any more"):
        journal.append(ENTRIES[2], durable=True)
    journal.release()
    assert read(tmp_path / "run.jsonl") == [ENTRIES[0]]


def _refuse(descriptor: int, length: int) -> None:
    raise OSError(5, "Input/output error")


def test_a_journal_has_one_owner_until_it_is_let_go(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    journal = Journal.create(path, ENTRIES[0])
    assert is_live(path)
    assert Journal.adopt(path) is None
    journal.release()
    assert not is_live(path)
    heir = Journal.adopt(path)
    assert heir is not None
    assert Journal.adopt(path) is None
    heir.remove()
    assert not path.exists()
    assert Journal.adopt(path) is None


def test_a_journal_that_somebody_recovers_between_our_opening_and_our_locking_is_not_taken_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "run.jsonl", ENTRIES)
    lock = fcntl.flock

    def recovered_meanwhile(descriptor: int, operation: int) -> None:
        path.unlink()
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", recovered_meanwhile)
    assert Journal.adopt(path) is None


def test_being_killed_frees_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    code = (
        "import sys, pathlib; from harness.store.journal import Journal\n"
        "journal = Journal.create(pathlib.Path(sys.argv[1]), {'n': 0})\n"
        "journal.append({'n': 1}, durable=False); print('ready', flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen([sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        assert is_live(path)
        child.kill()
    assert not is_live(path)
    assert read(path) == [{"n": 0}, {"n": 1}]


def test_a_second_journal_of_the_same_name_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "run.jsonl", ENTRIES)
    with pytest.raises(StoreError, match="a journal already"):
        Journal.create(tmp_path / "run.jsonl", ENTRIES[0])
    assert read(tmp_path / "run.jsonl") == ENTRIES
