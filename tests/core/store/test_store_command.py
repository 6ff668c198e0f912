"""The command ``store``: what it prints, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli import main
from harness.errors import ExitCode
from harness.store.layout import RunPaths
from harness.store.record import Measurement
from harness.store.writer import RunWriter

RUN = "20260102T030405678Z-0123456789ab"
FEB = "20260201T000000000Z-0123456789ab"


@pytest.fixture
def results(tmp_path: Path, write_run: Callable[..., RunPaths]) -> Path:
    write_run(tmp_path, RUN)
    return tmp_path


def test_a_sound_store_is_said_to_be_sound(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["store", "verify", "--results", str(results)]) == ExitCode.FINE
    assert capsys.readouterr().out == "1 runs, 1 measurements, 1 samples: sound\n"


def test_a_harmed_file_is_named_and_ends_with_its_own_exit_code(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = results / "samples" / f"{RUN}.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    assert main(["store", "verify", "--results", str(results)]) == ExitCode.STORE
    out = capsys.readouterr().out
    assert f"{path}: set aside: " in out
    assert "NOT sound" in out
    assert main(["store", "verify", "--json", "--results", str(results)]) == ExitCode.STORE
    document = json.loads(capsys.readouterr().out)
    assert (document["sound"], document["findings"][0]["file"]) == (False, str(path))


def test_a_killed_run_is_mentioned_by_verify_and_mended_by_recover(
    results: Path,
    capsys: pytest.CaptureFixture[str],
    begin: Callable[..., RunWriter],
    make_row: Callable[..., Measurement],
) -> None:
    begin(results, [make_row(run_id=FEB)], FEB).release()
    assert main(["store", "verify", "--results", str(results)]) == ExitCode.FINE
    assert "store recover" in capsys.readouterr().out
    assert main(["store", "recover", "--results", str(results)]) == ExitCode.FINE
    assert capsys.readouterr().out == f"recovered {FEB} (partial)\n"
    assert main(["store", "recover", "--results", str(results), "--json"]) == ExitCode.FINE
    assert json.loads(capsys.readouterr().out) == {"recovered": [], "left": {}}


def test_a_run_that_is_under_way_is_left_alone_and_said_so(
    results: Path,
    capsys: pytest.CaptureFixture[str],
    begin: Callable[..., RunWriter],
    make_row: Callable[..., Measurement],
) -> None:
    writer = begin(results, [make_row(run_id=FEB)], FEB)
    assert main(["store", "recover", "--results", str(results)]) == ExitCode.FINE
    said = capsys.readouterr()
    assert said.out == "nothing to recover\n"
    assert "left alone, live" in said.err
    writer.release()


def test_migrate_says_what_it_did(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["store", "migrate", "--results", str(results)]) == ExitCode.FINE
    assert capsys.readouterr().out == "nothing to migrate\n"
    assert main(["store", "migrate", "--json", "--results", str(results)]) == ExitCode.FINE
    assert json.loads(capsys.readouterr().out) == {"rewritten": []}


def test_a_folder_that_is_not_there_is_not_called_sound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["store", "verify", "--results", str(tmp_path / "nowhere")]) == ExitCode.NOTHING
    assert "no folder" in capsys.readouterr().err
