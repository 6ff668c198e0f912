"""Rows by the names that people write: whole names first, and what is not clear is asked about."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.errors import NothingSelected, UsageError
from harness.report.named import find
from tests.core.report.sessions import CASE, JAX, ZERO, run_id, session
from tests.core.report.synthetic import REFERENCE, RUN, hash_of

KEY = hash_of(CASE)
COMPILED = "torch.compile@cpu"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A store with one run: a case on three targets, and one on two that is called like nothing else."""
    cases = {
        CASE: {REFERENCE: ZERO, JAX: ZERO, COMPILED: ZERO},
        "a::b, c": {REFERENCE: ZERO, JAX: ZERO},
    }
    session(tmp_path, cases)
    return tmp_path


@pytest.mark.parametrize(
    "text",
    [
        f"latest::{CASE}::{JAX}",
        f"{RUN}::{CASE}::{JAX}",
        f"{RUN[:10]}::{CASE}::jax",
        f"latest::{CASE}::jax.jit",
        f"latest::{CASE}::jax@cpu",
        f"{RUN}::{KEY}::{JAX}",
        f"{KEY}::jax",
        f"{KEY[:6]}::{JAX}",
        f"| `{CASE}` | `{KEY}` | `{JAX}` | `{RUN}::{KEY}::{JAX}` |",
        f"{CASE}\t{KEY}\t{JAX}",
        f'"{CASE}",{KEY},{JAX},"{RUN}::{KEY}::{JAX}"',
    ],
)
def test_a_row_is_found_by_any_of_its_names(results: Path, text: str) -> None:
    found = find(results, text)
    assert (found.row.case, found.row.target, found.row.replica) == (CASE, JAX, 0)
    assert found.run.info.run_id == RUN
    assert found.reference is not None
    assert (found.reference.target, found.reference.case_key) == (REFERENCE, KEY)
    assert found.pair is not None
    assert [arm.target for arm in found.pair] == [REFERENCE, JAX]


def test_a_name_is_never_taken_apart(results: Path) -> None:
    assert find(results, f"latest::a::b, c::{JAX}").row.case == "a::b, c"


def test_of_two_rows_the_reference_is_not_meant(results: Path) -> None:
    assert find(results, "latest::a::b, c").row.target == JAX
    assert find(results, hash_of("a::b, c")[:8]).row.target == JAX


def test_the_reference_may_be_named_and_has_nobody_beside_it(results: Path) -> None:
    found = find(results, f"latest::{CASE}::{REFERENCE}")
    assert found.row.target == REFERENCE
    assert found.pair is None


def test_what_several_rows_could_be_is_asked_about(results: Path) -> None:
    with pytest.raises(UsageError, match="means 2 rows") as error:
        find(results, f"latest::{CASE}")
    assert f"{CASE}::{JAX}, {CASE}::{COMPILED}" in str(error.value)


def test_a_misspelt_name_is_told_what_it_could_mean(results: Path) -> None:
    with pytest.raises(NothingSelected, match="did you mean"):
        find(results, f"latest::square[m=129]::{JAX}")
    with pytest.raises(NothingSelected, match=r"no complete run .* begins with 0123456789ab"):
        find(results, "0123456789ab")


@pytest.mark.parametrize("text", ["", "nonsense", "no such run::x::y", "::", "x" * 4000])
def test_what_is_no_name_of_a_row_is_told_how_to_write_one(results: Path, text: str) -> None:
    with pytest.raises(UsageError, match="RUN::CASE::TARGET"):
        find(results, text)


def test_a_name_with_terminal_escapes_is_shown_as_text(results: Path) -> None:
    with pytest.raises(NothingSelected) as error:
        find(results, "latest::\x1b[31m\u202e")
    assert "\x1b" not in str(error.value)
    assert "\\u001b" in str(error.value)


def test_a_key_is_looked_for_in_the_newest_run_that_repeats_no_other(results: Path) -> None:
    manifests: list[tuple[int, dict[str, Any]]] = [(3, {}), (4, {"replays": {"run_id": RUN}}), (5, {"confirms": RUN})]
    for number, said in manifests:
        session(results, {CASE: {REFERENCE: ZERO, JAX: ZERO}}, run=run_id(number), manifest=said)
    session(results, {CASE: {REFERENCE: ZERO, JAX: ZERO}}, run=run_id(6), state="partial")
    session(results, {"other": {REFERENCE: ZERO, JAX: ZERO}}, run=run_id(7))
    assert find(results, KEY).run.info.run_id == run_id(3)


def test_a_run_that_cannot_be_read_is_passed_over_and_told(results: Path) -> None:
    later = session(results, {CASE: {REFERENCE: ZERO, JAX: ZERO}}, run=run_id(3))
    (results / "measurements" / f"{later}.parquet").write_bytes(b"")
    found = find(results, f"{KEY}::{JAX}")
    assert found.run.info.run_id == RUN
    assert len(found.notes) == 1
    assert later in found.notes[0]


def test_a_file_of_somebody_else_is_a_run(results: Path, tmp_path: Path) -> None:
    alone = tmp_path / "theirs.parquet"
    shutil.copy(results / "measurements" / f"{RUN}.parquet", alone)
    found = find(tmp_path / "nowhere", f"{alone}::{CASE}::{JAX}")
    assert (found.row.target, found.run.info.state, dict(found.run.manifest)) == (JAX, "unlisted", {})


def test_numbers_of_threads_are_told_apart(tmp_path: Path) -> None:
    targets = {f"{name},label={count}": ZERO for name in (REFERENCE, JAX) for count in ("1-thread", "2-threads")}
    session(tmp_path, {CASE: targets}, copy=None)
    found = find(tmp_path, f"latest::{CASE}::{JAX}/2-threads")
    assert (found.row.target, found.row.label) == (JAX, "2-threads")
    assert found.reference is not None
    assert (found.reference.target, found.reference.label) == (REFERENCE, "2-threads")
    assert find(tmp_path, f"latest::{CASE}, 1 thread::{JAX}").row.label == "1-thread"
    with pytest.raises(UsageError, match="means 2 rows"):
        find(tmp_path, f"latest::{CASE}::{JAX}")
