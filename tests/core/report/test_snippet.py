"""The suite that measures a row again: the very case, and nothing that a suite could not hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import SuiteError
from harness.report.snippet import snippet, why_not
from harness.store.record import Measurement
from harness.suite.load import load_suite
from harness.suite.model import Suite
from harness.workloads.base import Workload
from harness.workloads.registry import find_workload, make_workload, workload_names
from tests.core.report.sessions import JAX
from tests.core.report.synthetic import REFERENCE, arm

PRODUCT = {"m": 8, "n": 16, "k": 32}


def row_of(work: Workload, target: str = JAX, **values: Any) -> Measurement:
    """Return the row that a run writes for a workload."""
    said: dict[str, Any] = {
        "case": "square[m=8]",
        "workload": work.name,
        "case_key": work.key,
        "params": json.dumps(work.params(), sort_keys=True),
        **{name: getattr(work, name) for name in ("dtype", "math", "direction", "cache")},
    }
    return arm(target=target, **(said | values))


def product(target: str = JAX, **values: Any) -> Measurement:
    """Return the row of a small matrix product."""
    return row_of(make_workload("matmul", PRODUCT), target, **values)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for suites."""
    return tmp_path_factory.mktemp("suites")


def loaded(folder: Path, text: str) -> Suite:
    """Read a suite as everybody's is read."""
    path = folder / "again.yaml"
    path.write_text(text, encoding="utf-8")
    return load_suite(path)


@pytest.mark.parametrize("name", workload_names())
def test_every_workload_comes_out_as_the_same_case(name: str, folder: Path) -> None:
    """Whatever its parameters are: its key is that of the row, so the history is one."""
    examples = list(find_workload(name).examples())
    assert examples
    for example in examples:
        row = row_of(example)
        (case,) = loaded(folder, snippet(row)).cases
        assert case.key == row.case_key
        assert case.workload == example


def test_target_reference_threads_and_seed_are_those_of_the_row(folder: Path) -> None:
    suite = loaded(folder, snippet(product(seed=11, threads=2)))
    assert [str(target) for target in suite.targets or ()] == [REFERENCE, JAX]
    assert suite.reference is not None
    assert str(suite.reference) == REFERENCE
    assert (suite.measure.seed, suite.measure.threads, suite.measure.profile) == (11, 2, "standard")
    assert (suite.name, suite.cases[0].name) == ("again-square-m-8", "square-m-8")


def test_a_row_of_the_reference_is_measured_alone(folder: Path) -> None:
    suite = loaded(folder, snippet(product(REFERENCE)))
    assert [str(target) for target in suite.targets or ()] == [REFERENCE]


def test_labels_are_kept_and_a_reference_is_named_by_its_own(folder: Path) -> None:
    row, reference = (product(REFERENCE, label=label, reference="old") for label in ("new", "old"))
    text = snippet(row, reference)
    suite = loaded(folder, text)
    assert [target.name for target in suite.targets or ()] == ["old", "new"]
    assert suite.reference is not None
    assert suite.reference.name == "old"
    assert "target_specs" in text


def test_a_reference_that_nobody_knows_is_asked_for(folder: Path) -> None:
    text = snippet(product(REFERENCE, label="new", reference="old"))
    assert 'its reference "old" is: add it' in text
    assert [target.name for target in loaded(folder, text).targets or ()] == ["new"]


def test_a_label_that_counts_threads_is_a_number_of_threads(folder: Path) -> None:
    suite = loaded(folder, snippet(product(label="1-thread", threads=1)))
    assert [target.label for target in suite.targets or ()] == ["", ""]
    assert suite.measure.threads == 1


def test_a_case_that_took_long_gets_the_time_that_it_needs(folder: Path) -> None:
    slow = product(time_s=2.0, inner=1, sets=5, rounds=50, pairing="round")  # 10 rounds of 4 s in each of 5 sets
    assert loaded(folder, snippet(slow)).measure.max_time_s == 250.0
    assert loaded(folder, snippet(product(), slow)).measure.max_time_s == 250.0
    quick = product(time_s=1e-3, inner=10, sets=5, rounds=150, pairing="round")
    assert loaded(folder, snippet(quick)).measure.max_time_s == 20.0


def test_arms_that_alternate_by_processes_are_measured_until_they_are_known(folder: Path) -> None:
    assert loaded(folder, snippet(product(pairing="process"))).measure.profile == "rigorous"


def test_columns_of_their_own_stand_in_for_parameters_that_are_missing(folder: Path) -> None:
    row = product(params=json.dumps(PRODUCT), dtype="bfloat16")
    (case,) = loaded(folder, snippet(row)).cases
    assert case.workload.params()["dtype"] == "bfloat16"


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"params": "not JSON"}, "its parameters are not JSON"),
        ({"params": "[1]"}, "its parameters are not JSON"),
        ({"params": '{"m": NaN}'}, "its parameters are not JSON"),
        ({"params": "[" * 100_000}, "its parameters are not JSON"),
        ({"params": '{"m": 1e400}'}, 'no suite can hold its parameter "m"'),
        ({"params": '{"m": 9223372036854775808}'}, 'no suite can hold its parameter "m"'),
        ({"params": '{"id": "x"}'}, 'no suite can hold its parameter "id"'),
        ({"params": '{"m: 1\\n    n": 2}'}, "no suite can hold its parameter"),
        ({"params": '{"data": "\\u202egnp.exe"}'}, 'no suite can hold its parameter "data"'),
        ({"params": '{"m": {"pow2": [1, 2]}}'}, 'no suite can hold its parameter "m"'),
        ({"workload": "nobodys"}, 'there is no workload "nobodys" here'),
        ({"label": "a b"}, '"a b" is no target'),
    ],
)
def test_what_no_suite_could_hold_is_a_comment_that_says_why(values: dict[str, Any], says: str) -> None:
    row = product(**values)
    text = snippet(row)
    assert says in text
    assert says in why_not(row)
    assert all(line.startswith("# ") for line in text.splitlines())


NAMES = st.sampled_from(["m", "n", "k", "batch", "dtype", "transpose_a", "when"]) | st.text(max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)


@given(
    params=st.dictionaries(NAMES, VALUES, max_size=5),
    texts=st.tuples(*[st.text(max_size=12)] * 4),
    threads=st.none() | st.integers(-1, 10_000),
    seed=st.integers(-1, 2**63),
)
def test_whatever_a_row_holds_the_suite_says_that_or_is_none(
    folder: Path, params: dict[str, Any], texts: tuple[str, str, str, str], threads: int | None, seed: int
) -> None:
    case, label, reference, run_id = texts
    said: dict[str, Any] = {"case": case, "run_id": run_id, "label": label, "reference": reference}
    row = product(**said, threads=threads, seed=seed, params=json.dumps(PRODUCT | params))
    text = snippet(row)
    assert snippet(row) == text
    if why_not(row):
        assert all(line.startswith("#") for line in text.splitlines())
        return
    try:
        (made,) = loaded(folder, text).cases
    except SuiteError:  # a value that no such workload takes; it was told, and nothing else was measured
        return
    known = made.workload.params()
    assert all(known[name] == value for name, value in params.items() if value is not None)
