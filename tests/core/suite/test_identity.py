"""Case keys and suite hashes are the thread of history: they change only when the work does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.core.target import Target
from harness.suite.identity import suite_from_cases, suite_hash
from harness.workloads.registry import find_workload, make_workload

from .conftest import Load

GOLDEN = json.loads(Path(__file__).with_name("case_keys.json").read_text(encoding="utf-8"))

PLAIN = """\
schema: harness.suite/1
name: tried
targets: [torch@cpu, jax@cpu]
measure: {profile: quick, seed: 3}
cases:
  - {id: a, workload: matmul, matrix: {m: [1, 2]}, n: 3, k: 4}
  - {id: b, workload: reduction, op: sum, shape: [5]}
"""
REWRITTEN = """\
schema: "harness.suite/1"   # the same, by another hand

cases:
  - workload: reduction
    op: 'sum'
    id: b
    axis: all               # its default
    shape:
      - 5
  - zip: {m: [2, 1]}
    k: 4
    n: 3
    id: a
    workload: matmul

measure:
    seed: 0x3
    profile: quick
    rounds: 30
targets:
  - target: torch.eager@cpu
  - jax.jit@cpu
reference: torch@cpu
description: Says nothing about the work
name: tried
"""


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["key"])
def test_a_key_once_given_stays(case: dict[str, object]) -> None:
    made = make_workload(str(case["workload"]), case["params"])  # type: ignore[arg-type]
    assert made.key == case["key"], "history of this case would be lost: raise the workload's version only on purpose"


def test_every_workload_has_keys_that_are_watched() -> None:
    watched = {str(case["workload"]) for case in GOLDEN}
    assert {"matmul", "reduction"} <= watched


def test_a_default_written_out_does_not_change_the_key() -> None:
    plain = find_workload("matmul").make({"m": 1, "n": 2, "k": 3})
    spelt = find_workload("matmul").make({"m": 1, "n": 2, "k": 3, "batch": 1, "dtype": "float32", "math": "ieee"})
    assert plain.key == spelt.key


def test_the_hash_is_over_what_is_asked_for_not_over_how_it_is_written(load: Load) -> None:
    first, second = load(PLAIN), load(REWRITTEN)
    assert first.hash == second.hash
    assert first.source != second.source


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: tried", "name: other"),
        ("k: 4", "k: 5"),
        ("[torch@cpu, jax@cpu]", "[jax@cpu, torch@cpu]"),
        ("[torch@cpu, jax@cpu]", "[torch@cpu, {target: jax@cpu, env: {A: b}}]"),
        ("quick", "standard"),
        ("seed: 3", "seed: 4"),
        ("id: b,", "id: c,"),
        ("shape: [5]", "shape: [5], when: {device: cpu}"),
    ],
)
def test_the_hash_changes_with_what_is_asked_for(load: Load, old: str, new: str) -> None:
    assert old in PLAIN
    assert load(PLAIN).hash != load(PLAIN.replace(old, new)).hash


def test_a_program_can_make_a_suite() -> None:
    product = find_workload("matmul").make({"m": 1, "n": 2, "k": 3})
    total = find_workload("reduction").make({"op": "sum", "shape": [4]})
    suite = suite_from_cases("mine", [product, total], targets=[Target.parse("torch.eager@cpu")])
    assert [case.name for case in suite.cases] == ["matmul-1", "reduction-2"]
    assert str(suite.reference) == "torch.eager@cpu"
    assert suite.hash == suite_hash(suite)
    with pytest.raises(ValueError, match="'matmul-2' is the same case as 'matmul-1'"):
        suite_from_cases("mine", [product, product])
