"""Whatever a file holds, it loads or is refused with findings; nothing else ever comes out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harness.errors import SuiteError
from harness.suite import guard
from harness.suite.load import load_suite
from harness.suite.nodes import Findings, Node, Place

from .conftest import HEAD

SHARED_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

_KEYS = """schema name description include targets reference measure defaults cases id workload matrix zip derive
exclude when device shapes_from m n k op shape dtype pow2 range step profile max_time target python env label <list>
[key] 0"""
_TEXTS = """matmul reduction sum float32 int8 auto torch@cpu jax@gpu:0 m*2 k 20s 1% quick cpu harness.suite/1 suite.yaml
a"""
KEYS = st.sampled_from(_KEYS.split())
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 2**70),
    st.floats(allow_nan=True),
    st.text(max_size=8),
    st.sampled_from(_TEXTS.split()),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=25
)
ENTRIES = st.fixed_dictionaries(
    {"id": st.sampled_from(["a", "b"]) | SCALARS, "workload": st.sampled_from(["matmul", "reduction"])},
    optional={
        **dict.fromkeys(("matrix", "zip"), st.dictionaries(KEYS, st.lists(SCALARS, max_size=3) | VALUES, max_size=3)),
        "derive": st.dictionaries(KEYS, st.sampled_from(["m", "n + k", "m // k", "m *", "x"]), max_size=3),
        "exclude": st.lists(st.dictionaries(KEYS, VALUES, max_size=2), max_size=2),
        "when": VALUES,
        "shapes_from": SCALARS,
        **dict.fromkeys(("m", "n", "k", "op", "shape", "dtype", "matirx"), VALUES),
    },
)
SUITES = st.fixed_dictionaries(
    {"schema": st.just("harness.suite/1"), "name": st.just("any"), "cases": st.lists(ENTRIES | VALUES, max_size=4)},
    optional=dict.fromkeys(("targets", "reference", "measure", "defaults", "include", "description", "x"), VALUES),
)


def _load(path: Path) -> None:
    """Load a suite; whatever is raised and is no `SuiteError` with findings goes on to the test."""
    cases = findings = 0
    try:
        cases = len(load_suite(path).cases)
    except SuiteError as error:
        findings = len(error.findings)
    assert bool(cases) != bool(findings)


@SHARED_FOLDER
@given(st.binary(max_size=300))
@example(b"\xff")
@example(b"\x00")
@example(b"")
def test_any_bytes(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "suite.yaml"
    path.write_bytes(data)
    _load(path)


@SHARED_FOLDER
@given(st.text(alphabet=st.sampled_from("ab:-?[]{},#&*!|>'\"%@` \n\t~0.<=\\"), max_size=120))
@example("? ")
@example("[" * 100)
@example("- " * 100)
@example("%YAML 9.9\n---\n")
@example("--- !!map\n")
def test_any_text_that_looks_like_yaml(tmp_path: Path, text: str) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    _load(path)


@SHARED_FOLDER
@given(SUITES | VALUES)
def test_any_structure(tmp_path: Path, value: object) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(yaml.safe_dump(value, allow_unicode=True), encoding="utf-8")
    _load(path)


@SHARED_FOLDER
@given(st.text(alphabet='mnk,;x0123456789\n"# .-', max_size=80))
def test_any_table(tmp_path: Path, text: str) -> None:
    (tmp_path / "s.csv").write_text(text, encoding="utf-8")
    path = tmp_path / "suite.yaml"
    path.write_text(f"{HEAD}cases: [{{id: a, workload: matmul, k: 1, shapes_from: s.csv}}]\n", encoding="utf-8")
    _load(path)


_PLAIN = st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | _PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcd", min_size=1), inner, max_size=4),
    max_leaves=12,
)


@given(JSON, st.sampled_from([None, 1, 4]))
def test_what_is_composed_is_what_was_written(value: object, indent: int | None) -> None:
    """JSON is YAML, and says without doubt what is text."""
    findings = Findings()
    tree = guard.compose(json.dumps(value, indent=indent), "x", findings)
    assert not len(findings)
    assert tree is not None
    assert tree.plain() == value


@given(JSON)
def test_both_parsers_of_the_library_give_the_same_tree_and_places(value: object) -> None:
    """Without libyaml the slower parser takes over, and nothing else changes."""
    text = yaml.safe_dump({"a": value})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guard, "_LOADER", yaml.SafeLoader)
        slow = guard.compose(text, "x", Findings())
    fast = guard.compose(text, "x", Findings())
    assert slow is not None
    assert fast is not None
    assert slow == fast


def test_every_node_stands_where_it_is_written() -> None:
    tree = guard.compose("a: 1\nb:\n  - x\n  - {c: 2}\n", "f", Findings())
    assert isinstance(tree, Node)
    assert tree.get("b", 1, "c").place == Place("f", 4, 9)
    assert tree.get("b", 1).key("c") == Place("f", 4, 6)
    assert tree.get("b", 7, "no").place == tree.get("b").place


def test_the_number_of_values_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MOST_EVENTS", 50)
    findings = Findings()
    assert guard.compose("[" + "1, " * 60 + "]", "f", findings) is None
    assert [finding.message for finding in findings] == ["more than 50 values"]
