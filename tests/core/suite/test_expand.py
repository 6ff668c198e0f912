"""What a suite says becomes the cases that its author means, in whatever order it is written."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.suite.load import load_suite
from harness.suite.model import Suite

from .conftest import HEAD, Load, Refuse


def _names(suite: Suite) -> list[str]:
    return [case.name for case in suite.cases]


def test_a_matrix_is_a_cross_product_named_by_what_varies(load: Load) -> None:
    suite = load("cases: [{id: a, workload: matmul, matrix: {m: [1, 2], dtype: [float32, float64]}, n: 3, k: 4}]")
    assert _names(suite) == [
        "a[m=1,dtype=float32]",
        "a[m=1,dtype=float64]",
        "a[m=2,dtype=float32]",
        "a[m=2,dtype=float64]",
    ]
    assert suite.cases[-1].workload.params()["n"] == 3


def test_what_takes_one_value_is_not_in_the_name(load: Load) -> None:
    suite = load("cases: [{id: a, workload: matmul, matrix: {m: [1, 2], n: [5]}, zip: {k: [4]}}]")
    assert _names(suite) == ["a[m=1]", "a[m=2]"]


def test_a_case_without_axes_is_named_by_its_id(load: Load) -> None:
    assert _names(load("cases: [{id: only, workload: matmul, m: 1, n: 2, k: 3}]")) == ["only"]


def test_zip_goes_in_step(load: Load) -> None:
    suite = load("cases: [{id: a, workload: matmul, zip: {m: [1, 8], n: [4, 4]}, k: 2}]")
    assert [(case.name, case.workload.params()["n"]) for case in suite.cases] == [("a[m=1]", 4), ("a[m=8]", 4)]


def test_ranges_and_powers_hold_both_ends(load: Load) -> None:
    suite = load(
        "cases: [{id: a, workload: matmul, matrix: {m: {pow2: [7, 9]}, n: {range: [64, 192], step: 64}}, k: 1}]"
    )
    shapes = {(case.workload.params()["m"], case.workload.params()["n"]) for case in suite.cases}
    assert shapes == {(m, n) for m in (128, 256, 512) for n in (64, 128, 192)}


def test_derived_parameters_follow_and_may_chain(load: Load) -> None:
    suite = load("cases: [{id: a, workload: matmul, matrix: {m: [2, 3]}, derive: {k: n + batch, n: 4 * m}}]")
    params = [case.workload.params() for case in suite.cases]
    assert [(each["m"], each["n"], each["k"]) for each in params] == [(2, 8, 9), (3, 12, 13)]


def test_exclusions_match_all_of_their_keys(load: Load) -> None:
    suite = load(
        "cases: [{id: a, workload: matmul, matrix: {m: [1, 2, 3], dtype: [float32, float64]}, n: 1, k: 1,"
        " exclude: [{m: 1, dtype: float64}, {m: [2, 3], dtype: float32}]}]"
    )
    assert _names(suite) == ["a[m=1,dtype=float32]", "a[m=2,dtype=float64]", "a[m=3,dtype=float64]"]


def test_an_exclusion_sees_defaults_and_derived_values_and_lists(load: Load) -> None:
    suite = load(
        "cases:\n"
        "  - {id: a, workload: matmul, matrix: {m: [1, 2]}, derive: {n: 2 * m}, k: 1, exclude: [{n: 4, batch: 1}]}\n"
        "  - {id: b, workload: reduction, op: sum, matrix: {shape: [[2], [2, 3]]}, exclude: [{shape: [2, 3]}]}\n"
    )
    assert _names(suite) == ["a[m=1]", "b[shape=2]"]


def test_defaults_reach_the_workloads_that_have_them_and_yield_to_the_case(load: Load) -> None:
    suite = load(
        "defaults: {dtype: float64, axis: first}\n"
        "cases:\n"
        "  - {id: a, workload: matmul, m: 1, n: 1, k: 1}\n"
        "  - {id: b, workload: reduction, op: sum, shape: [4], dtype: float32}\n"
    )
    assert [case.workload.params()["dtype"] for case in suite.cases] == ["float64", "float32"]
    assert suite.cases[1].workload.params()["axis"] == "first"


def test_devices_are_kept_with_each_case(load: Load) -> None:
    suite = load(
        "cases:\n"
        "  - {id: a, workload: matmul, m: 1, n: 1, k: 1, when: {device: cpu}}\n"
        "  - {id: b, workload: matmul, m: 2, n: 1, k: 1, when: {device: [cuda, tpu]}}\n"
        "  - {id: c, workload: matmul, m: 3, n: 1, k: 1}\n"
    )
    assert [case.devices for case in suite.cases] == [("cpu",), ("gpu", "tpu"), ()]


def test_shapes_come_from_a_table_with_comments_and_spaces(load: Load, tmp_path: Path) -> None:
    (tmp_path / "shapes.csv").write_text("m, n,k,transpose_b\n# ours\n\n1, 2,3,true\n4,5,6,false\n", encoding="utf-8")
    suite = load("cases: [{id: a, workload: matmul, shapes_from: shapes.csv, matrix: {dtype: [float32, float64]}}]")
    assert len(suite.cases) == 4
    assert suite.cases[0].name == "a[m=1,n=2,k=3,transpose_b=true,dtype=float32]"


def test_a_table_may_hold_lists(load: Load, tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("shape,op\n4x5,sum\n6,max\n", encoding="utf-8")
    suite = load("cases: [{id: a, workload: reduction, shapes_from: s.csv}]")
    assert _names(suite) == ["a[op=sum,shape=4x5]", "a[op=max,shape=6]"]


def test_a_table_may_hold_words_in_the_place_of_lists(load: Load, tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("kernel,padding\n3x3,same\n1x5,0x2\n", encoding="utf-8")
    sizes = "batch: 1, height: 8, width: 8, in_channels: 2, out_channels: 2"
    suite = load(f"cases: [{{id: a, workload: conv2d, {sizes}, shapes_from: s.csv}}]")
    assert [case.workload.params()["padding"] for case in suite.cases] == ["same", [0, 2]]


def test_included_suites_lend_their_cases_made_with_their_own_defaults(load: Load, tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "one.yaml").write_text(
        "schema: harness.suite/1\nname: one\ndefaults: {dtype: float64}\ninclude: [two.yaml]\n"
        "cases: [{id: one, workload: matmul, m: 1, n: 1, k: 1}]\n",
        encoding="utf-8",
    )
    (tmp_path / "parts" / "two.yaml").write_text(
        "schema: harness.suite/1\nname: two\ncases: [{id: two, workload: matmul, m: 2, n: 1, k: 1}]\n", encoding="utf-8"
    )
    suite = load("include: [parts/one.yaml]\n")
    assert [(case.name, case.workload.params()["dtype"]) for case in suite.cases] == [
        ("one", "float64"),
        ("two", "float32"),
    ]
    assert suite.name == "tried"
    assert "# included: two.yaml" in suite.source


def test_ten_thousand_cases_are_expanded(load: Load) -> None:
    suite = load("cases: [{id: a, workload: matmul, matrix: {m: {range: [1, 100]}, n: {range: [1, 100]}}, k: 3}]")
    assert len({case.key for case in suite.cases}) == 10_000


@pytest.mark.parametrize("entries", ["{range: [1, 10000000]}", "{range: [1, 10001]}"])
def test_too_many_cases_are_counted_not_made(refuse: Refuse, monkeypatch: pytest.MonkeyPatch, entries: str) -> None:
    def made(*_: object) -> None:
        raise AssertionError("a case was made")

    monkeypatch.setattr("harness.workloads.matmul.Matmul.make", made)
    (finding,) = refuse(f"cases: [{{id: a, workload: matmul, matrix: {{m: {entries}}}, n: 1, k: 1}}]")
    assert "at most 10,000 are expanded" in finding.message
    assert "--max-cases" in str(finding.hint)


def test_the_limit_is_on_the_whole_suite_and_can_be_moved(tmp_path: Path, load: Load) -> None:
    text = "".join(f"  - {{id: a{m}, workload: matmul, m: {m}, n: 1, matrix: {{k: [1, 2]}}}}\n" for m in (1, 2, 3))
    path = tmp_path / "x.yaml"
    path.write_text(f"{HEAD}cases:\n{text}", encoding="utf-8")
    assert len(load_suite(path, max_cases=6).cases) == 6
    with pytest.raises(Exception, match="a3 brings the suite to 6 cases; at most 5"):
        load_suite(path, max_cases=5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False))
def test_the_order_of_keys_never_matters(tmp_path: Path, rng: object) -> None:
    """Names, keys and the order of the cases are the same however the author sorts his mappings."""
    plain = {
        "schema": "harness.suite/1",
        "name": "tried",
        "defaults": {"dtype": "float64", "axis": "last"},
        "measure": {"profile": "quick", "max_time": "3s", "seed": 5},
        "cases": [
            {
                "id": "a",
                "workload": "matmul",
                "matrix": {"m": [1, 2], "dtype": ["float32", "float64"]},
                "zip": {"batch": [1, 2], "n": [3, 4]},
                "derive": {"k": "n + m"},
                "exclude": [{"m": 1, "dtype": "float64"}],
                "when": {"device": ["cpu", "gpu"]},
            },
            {"id": "b", "workload": "reduction", "matrix": {"op": ["sum", "max"], "shape": [[2], [2, 3]]}},
        ],
    }

    def shuffled(value: object) -> object:
        if isinstance(value, dict):
            keys = list(value)
            rng.shuffle(keys)  # type: ignore[attr-defined]
            return {key: shuffled(value[key]) for key in keys}
        return [shuffled(item) for item in value] if isinstance(value, list) else value

    path = tmp_path / "a.yaml"
    path.write_text(yaml.safe_dump(plain, sort_keys=False), encoding="utf-8")
    first = load_suite(path)
    path.write_text(yaml.safe_dump(shuffled(plain), sort_keys=False, default_flow_style=True), encoding="utf-8")
    second = load_suite(path)
    assert [(case.name, case.key) for case in first.cases] == [(case.name, case.key) for case in second.cases]
    assert first.hash == second.hash
