"""Baselines: a reviewed file says which run is meant, and what changes behind its back is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError, StoreError, StoreLocked, UsageError
from harness.store.baseline_text import Baseline, entry_of, read_text, to_text
from harness.store.baselines import (
    FILE,
    age_note,
    differences,
    find_baseline,
    pinned,
    read_baselines,
    remove_baseline,
    set_baseline,
)
from harness.store.layout import RunPaths
from harness.store.lock import locked
from harness.store.migrate import migrate
from harness.store.runs import resolve

JAN, FEB = (f"20260{month}01T000000000Z-0123456789ab" for month in (1, 2))
NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
WriteRun = Callable[..., RunPaths]
MakeRow = Callable[..., Any]


@pytest.fixture
def store(tmp_path: Path, write_run: WriteRun, make_row: MakeRow) -> Path:
    for run_id in (JAN, FEB):
        write_run(tmp_path, run_id, rows=[make_row(run_id=run_id, outcome="measured", time_s=0.5, env_id="e1")])
    return tmp_path


def pin(store: Path, name: str = "main", run: str = JAN, **options: Any) -> Baseline:
    said: dict[str, Any] = {"reason": "the release", "now": NOW} | options
    return set_baseline(store, name, resolve(store, run).run, **said)


def test_a_baseline_says_which_run_what_files_and_why(store: Path) -> None:
    made = pin(store)
    assert (made.run_id, made.suite, made.suite_hash) == (JAN, "gemm", "5" * 64)
    assert (made.env_ids, made.harness_version, made.method_version) == (("e1",), "1.0", 1)
    assert (made.reason, made.set_at, made.max_age_days) == ("the release", NOW, 90)
    files = json.loads((store / "runs" / f"{JAN}.json").read_bytes())["files"]
    assert made.sha256 == {name: facts["sha256"] for name, facts in files.items()}
    assert read_baselines(store) == {"main": made}


def test_the_file_is_text_that_a_person_can_review(store: Path) -> None:
    """One fact a line, names in order, the same bytes for the same baselines; and nobody's name in it."""
    pin(store, "next", FEB)
    pin(store, "main", reason="schneller geht's nicht: größer 2 %")
    text = (store / FILE).read_text(encoding="utf-8")
    assert text.index('"main"') < text.index('"next"')
    assert '      "reason": "schneller geht\'s nicht: größer 2 %",' in text.splitlines()
    assert '      "set_at": "2026-03-01T12:00:00.000Z",' in text.splitlines()
    assert set(json.loads(text)["baselines"]["main"]) == {
        *("run_id", "suite", "suite_hash", "sha256", "env_ids", "harness_version"),
        *("method_version", "reason", "set_at", "max_age_days"),
    }
    assert to_text(read_baselines(store)) == (store / FILE).read_bytes()


def test_a_pin_names_its_run_wherever_runs_are_named(store: Path) -> None:
    pin(store, now=datetime.now(UTC))
    assert resolve(store, "pin:main").run == resolve(store, JAN).run
    chosen = resolve(store, "pin:main::torch.eager@cpu")
    assert (chosen.run.run_id, chosen.target, chosen.notes) == (JAN, "torch.eager@cpu", ())


def test_a_baseline_is_replaced_only_on_request(store: Path) -> None:
    pin(store)
    with pytest.raises(UsageError, match=f"'main' is a baseline already, the run {JAN}") as caught:
        pin(store, run=FEB)
    assert caught.value.remedy == "say --replace to replace it"
    assert pinned(store, "main").run_id == JAN
    pin(store, run=FEB, replace=True)
    assert pinned(store, "main").run_id == FEB


def test_a_baseline_is_removed_and_its_run_stays(store: Path) -> None:
    pin(store)
    pin(store, "next", FEB)
    assert remove_baseline(store, "main").run_id == JAN
    assert list(read_baselines(store)) == ["next"]
    assert resolve(store, JAN).run.complete


def test_an_unknown_name_is_answered_with_those_there_are(store: Path) -> None:
    with pytest.raises(UsageError, match="no pin is named 'main'") as caught:
        find_baseline(store, "main")
    assert "nothing is pinned here" in str(caught.value.remedy)
    pin(store)
    for ask in (lambda: resolve(store, "pin:mian"), lambda: remove_baseline(store, "mian")):
        with pytest.raises(UsageError, match="no pin is named 'mian'") as caught:
            ask()
        assert caught.value.remedy == "did you mean 'main'? known: main"


@pytest.mark.parametrize("table", ["measurements", "samples"])
def test_files_that_changed_or_are_gone_are_named(store: Path, table: str) -> None:
    pin(store)
    path = resolve(store, JAN).run.paths[table]
    data = path.read_bytes()
    path.write_bytes(data + b"!")
    with pytest.raises(StoreError, match=rf"the baseline 'main' is the run {JAN}, and .*{table}.* is another file"):
        resolve(store, "pin:main")
    path.unlink()
    with pytest.raises(StoreError, match=rf"{table}.* is gone") as caught:
        resolve(store, "pin:main")
    assert "--replace" in str(caught.value.remedy)
    path.write_bytes(data)
    assert differences(store, find_baseline(store, "main")) == []


def test_a_manifest_that_changed_or_is_gone_is_named(store: Path) -> None:
    pin(store)
    manifest = store / "runs" / f"{JAN}.json"
    document = json.loads(manifest.read_bytes())
    manifest.write_text(json.dumps(document | {"suite_hash": "6" * 64}), encoding="ascii")
    with pytest.raises(StoreError, match="another suite hash"):
        pinned(store, "main")
    manifest.write_text("{", encoding="ascii")
    with pytest.raises(StoreError, match="cannot be used: not JSON"):
        pinned(store, "main")
    manifest.unlink()
    with pytest.raises(StoreError, match=rf"{JAN}\.json is gone"):
        pinned(store, "main")


def test_a_run_with_both_files_exchanged_behind_its_pin_is_seen(store: Path) -> None:
    """Files that fit to their own manifest, but not to what was reviewed."""
    baseline = pin(store)
    other = resolve(store, FEB).run
    text = to_text({"main": Baseline(**{**vars(baseline), "run_id": FEB})})
    (store / FILE).write_bytes(text)
    assert differences(store, read_baselines(store)["main"]) == [
        f"{other.paths[name]} is another file" for name in ("measurements", "samples")
    ]


def test_a_migration_that_rewrites_nothing_leaves_pins_alone(store: Path) -> None:
    pin(store)
    assert migrate(store) == []
    assert pinned(store, "main").run_id == JAN


def test_an_old_baseline_warns_and_works(store: Path) -> None:
    made = pin(store, max_age_days=30, now=datetime.now(UTC) - timedelta(days=31, hours=1))
    selection = resolve(store, "pin:main")
    assert selection.run.run_id == JAN
    (note,) = selection.notes
    assert note.startswith("the baseline main was set 31 days ago and is meant for 30")
    assert age_note("main", made, made.set_at + timedelta(days=30)) == ""
    assert age_note("main", made, made.set_at + timedelta(days=30, seconds=1)) != ""


def test_what_is_no_whole_run_is_no_baseline(store: Path, write_run: WriteRun, tmp_path: Path) -> None:
    partial = "20260301T000000000Z-0123456789ab"
    write_run(store, partial, state="partial")
    with pytest.raises(UsageError, match=r"\(partial\) is no baseline"):
        pin(store, run=partial)
    copy = tmp_path / "from-a-friend.parquet"
    copy.write_bytes(resolve(store, JAN).run.paths["measurements"].read_bytes())
    with pytest.raises(UsageError, match=r"\(unlisted\) is no baseline"):
        pin(store, run=str(copy))
    elsewhere = tmp_path / "elsewhere"
    write_run(elsewhere, JAN)
    with pytest.raises(UsageError, match="does not lie in") as caught:
        set_baseline(store, "main", resolve(elsewhere, "latest").run, reason="because")
    assert "copy its three files" in str(caught.value.remedy)
    assert not (store / FILE).exists()


@pytest.mark.parametrize("table", ["measurements", "samples"])
def test_a_harmed_run_cannot_be_pinned(store: Path, table: str) -> None:
    run = resolve(store, JAN).run
    run.paths[table].write_bytes(run.paths[table].read_bytes()[:-1])
    with pytest.raises(StoreError, match=f"cannot pin {JAN}: .*{table}.*not the file of its manifest"):
        set_baseline(store, "main", run, reason="because")


def test_a_run_without_rows_cannot_be_pinned(store: Path, write_run: WriteRun) -> None:
    empty = "20260401T000000000Z-0123456789ab"
    write_run(store, empty, rows=[], samples=[])
    with pytest.raises(StoreError, match="it has no row"):
        pin(store, run=empty)


@pytest.mark.parametrize(
    ("name", "options", "complaint"),
    [
        ("", {}, "not a name"),
        ("a b", {}, "not a name"),
        ("x" * 65, {}, "not a name"),
        ("../up", {}, "not a name"),
        ("\ud800", {}, "not a name"),
        ("main", {"reason": " "}, "reason: should be a reason"),
        ("main", {"reason": "two\nlines"}, "reason: should be a reason"),
        ("main", {"reason": "turned \u202e round"}, "reason: should be a reason"),
        ("main", {"reason": "x" * 1001}, "reason: should be a reason"),
        ("main", {"max_age_days": 0}, "max_age_days: should be days"),
        ("main", {"max_age_days": 10**6}, "max_age_days: should be days"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(
    store: Path, name: str, options: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        pin(store, name, **options)
    assert not (store / FILE).exists()


def test_two_do_not_change_the_file_at_once(store: Path) -> None:
    held = locked(store / ".baselines.lock", what="changing the baselines")
    with held, pytest.raises(StoreLocked, match="somebody else is changing the baselines"):
        pin(store)
    assert pin(store).run_id == JAN


@pytest.mark.parametrize("mode", ["once", "kill"])
def test_a_failing_disk_leaves_the_old_file_or_the_new(
    store: Path, failing_os: Callable[[int, str], AbstractContextManager[Any]], mode: str
) -> None:
    old = pin(store)
    new = Baseline(**{**vars(old), "run_id": FEB})
    for at in range(1, 12):
        with failing_os(at, mode) as disk, suppress(StoreError, SystemExit):
            pin(store, run=FEB, replace=True)
        there = pinned(store, "main").run_id
        assert there in (JAN, FEB)
        if disk.count < at:
            break
        (store / FILE).write_bytes(to_text({"main": old}))
    else:
        pytest.fail("the disk never stopped failing")
    assert there == new.run_id


def a_file(**changes: Any) -> dict[str, Any]:
    baseline = Baseline(
        run_id=JAN,
        suite="gemm",
        suite_hash="5" * 64,
        sha256={"measurements": "a" * 64, "samples": "b" * 64},
        env_ids=(),
        harness_version="1.0",
        method_version=1,
        reason="because",
        set_at=NOW,
        max_age_days=90,
    )
    return {"schema": "harness.baselines/1", "baselines": {"main": entry_of(baseline) | changes}}


def test_all_mistakes_of_a_hand_edited_file_are_told_at_once() -> None:
    document = a_file(run_id="latest", max_age_days="90", resaon="a slip")
    del document["baselines"]["main"]["reason"]
    with pytest.raises(UsageError) as caught:
        read_text(json.dumps(document).encode(), "results/baselines.json")
    assert caught.value.message.splitlines() == [
        (
            "results/baselines.json: baselines.'main': unknown field 'resaon'; did you mean 'reason'? known: "
            "run_id, suite, suite_hash, sha256, env_ids, harness_version, method_version, reason, set_at, max_age_days"
        ),
        "results/baselines.json: baselines.'main'.run_id: should be the whole name of a run",
        "results/baselines.json: baselines.'main': reason is missing",
        "results/baselines.json: baselines.'main'.max_age_days: should be days, 1 to 36500",
    ]
    assert "mend it" in str(caught.value.remedy)


def test_a_sound_text_is_read() -> None:
    (found,) = read_text(json.dumps(a_file()).encode(), "f").values()
    assert found.set_at == NOW
    assert read_text(b"\xef\xbb\xbf" + json.dumps(a_file()).encode(), "f")["main"] == found


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"", r"f:1:1: not JSON"),
        (b'{\n  "schema": oops\n}', r"f:2:13: not JSON"),
        (b'{\n "\xff', r"f:2:1: not UTF-8"),
        (b"[" * 100_000, r"f: not JSON"),
        (b"[1" + b"0" * 5000 + b"]", r"f: not JSON"),
        (b"7", r"f: not a file of baselines of schema harness\.baselines/1"),
        (b'{"schema": "harness.baselines/2"}', r"not a file of baselines of schema"),
        (b'{"schema": "harness.baselines/1"}', r"baselines: should be an object"),
        (b'{"schema": "harness.baselines/1", "baselines": {}, "x": 1}', r"unknown field 'x'"),
        (b'{"schema": "harness.baselines/1", "baselines": {"a": 1}}', r"baselines\.'a': should be an object"),
        (b'{"schema": "harness.baselines/1", "baselines": {"a": {}, "a": {}}}', r"stands there twice: 'a'"),
        (b" " * ((1 << 20) + 1), r"larger than 1 MiB"),
    ],
)
def test_what_is_no_file_of_baselines_is_refused_with_its_place(text: bytes, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        read_text(text, "f")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("run_id", "../../etc/passwd"),
        ("suite", ""),
        ("suite", "\ud800"),
        ("suite_hash", None),
        ("sha256", {"measurements": "a" * 64}),
        ("sha256", {"measurements": "A" * 64, "samples": "b" * 64}),
        ("env_ids", "e1"),
        ("env_ids", [1]),
        ("method_version", True),
        ("method_version", 1.5),
        ("set_at", "yesterday"),
        ("set_at", "2026-03-01T12:00:00"),
        ("set_at", "0001-01-01T00:00:00+23:59"),
        ("max_age_days", float("nan")),
    ],
)
def test_each_field_has_its_kind(field: str, value: Any) -> None:
    with pytest.raises(UsageError, match=rf"baselines\.'main'\.{field}: should be"):
        read_text(json.dumps(a_file(**{field: value})).encode(), "f")


def test_a_folder_in_place_of_the_file_is_an_error_of_the_store(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(StoreError, match="cannot read"):
        read_baselines(tmp_path)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([JAN, "a" * 64]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
ENTRIES = st.dictionaries(st.sampled_from([*a_file()["baselines"]["main"], "more"]), VALUES, max_size=11)
DOCUMENTS = (
    VALUES
    | st.fixed_dictionaries({"schema": st.just("harness.baselines/1"), "baselines": VALUES})
    | st.fixed_dictionaries(
        {
            "schema": st.just("harness.baselines/1"),
            "baselines": st.dictionaries(st.text(max_size=5), ENTRIES.map(lambda more: whole() | more) | VALUES),
        }
    )
)


def whole() -> dict[str, Any]:
    entry: dict[str, Any] = a_file()["baselines"]["main"]
    return entry


@given(DOCUMENTS)
def test_whatever_json_stands_there_reading_ends_in_baselines_or_in_words(document: Any) -> None:
    check(json.dumps(document).encode("ascii"))


@given(st.binary() | st.text().map(lambda text: json.dumps(a_file()).replace("main", text).encode("utf-8", "replace")))
def test_whatever_bytes_stand_there_too(data: bytes) -> None:
    check(data)


def check(data: bytes) -> None:
    error = None
    try:
        found = read_text(data, "baselines.json")
    except HarnessError as raised:
        error = raised
    if error is None:
        assert read_text(to_text(found), "again") == found
        return
    assert type(error) is UsageError
    assert error.remedy
    assert error.message.startswith("baselines.json")
    str(error).encode("utf-8")
