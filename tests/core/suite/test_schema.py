"""The published JSON Schema is what the models say, and it and the loader agree about structure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from harness.suite.schema import json_schema, schema_text

from .conftest import HEAD, Load, Refuse

OK = "cases: [{id: a, workload: matmul, m: 1, n: 1, k: 1}]\n"


@pytest.fixture(scope="module")
def published(root: Path) -> dict[str, Any]:
    text = (root / "harness" / "suite" / "suite.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _errors(schema: dict[str, Any], text: str) -> list[str]:
    return [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(yaml.safe_load(text))]


def test_the_published_file_is_the_generated_one(root: Path) -> None:
    assert (root / "harness" / "suite" / "suite.schema.json").read_text(encoding="utf-8") == schema_text()


def test_it_is_a_draft_7_schema_that_editors_understand(published: dict[str, Any]) -> None:
    jsonschema.Draft7Validator.check_schema(published)
    text = json.dumps(published)
    for newer in ("$defs", "prefixItems", "unevaluatedProperties", "dependentRequired"):
        assert newer not in text


def test_every_shipped_suite_fits(published: dict[str, Any], root: Path) -> None:
    paths = sorted((root / "suites").glob("*.yaml"))
    assert paths
    assert {path.name: _errors(published, path.read_text(encoding="utf-8")) for path in paths} == {
        path.name: [] for path in paths
    }


@pytest.mark.parametrize(
    "text",
    [
        OK,
        f"measure: {{profile: rigorous, target_ci: 0.5%, max_time: 10m, threads: 2, rounds: 10, seed: 0}}\n{OK}",
        f"targets: [torch@cpu, {{target: jax@cpu, python: /p, env: {{A: b}}, label: c}}]\nreference: torch@cpu\n{OK}",
        "cases: [{id: a, workload: matmul, zip: {m: [1, 2], n: {pow2: [1, 2]}}, k: 1, when: {device: cpu}}]",
        "cases: [{id: a, workload: matmul, matrix: {m: {range: [1, 2]}}, derive: {n: m}, k: 1, exclude: [{m: [2]}]}]",
        "cases: [{id: a, workload: reduction, op: sum, matrix: {shape: [[1], [2, 3]]}, dtype: float64}]",
    ],
)
def test_what_loads_fits(published: dict[str, Any], load: Load, text: str) -> None:
    load(text)
    assert _errors(published, HEAD + text) == []


@pytest.mark.parametrize(
    "text",
    [
        "description: x",
        "cases: []",
        "cases: {}",
        f"nam: x\n{OK}",
        f"description: 3\n{OK}",
        f"targets: []\n{OK}",
        f"targets: some\n{OK}",
        f"targets: [{{label: x}}]\n{OK}",
        f"targets: [{{target: torch@cpu, pyton: x}}]\n{OK}",
        f"targets: [{{target: torch@cpu, env: {{A: 1}}}}]\n{OK}",
        f"measure: {{target_ci: 1}}\n{OK}",
        f"measure: {{max_time: 20}}\n{OK}",
        f"measure: {{threads: true}}\n{OK}",
        f"measure: {{threads: 0}}\n{OK}",
        f"measure: {{rounds: 3}}\n{OK}",
        f"measure: {{profile: fast}}\n{OK}",
        f"measure: {{seed: null}}\n{OK}",
        f"defaults: {{A: 1}}\n{OK}",
        f"include: []\n{OK}",
        "cases: [{workload: matmul}]",
        "cases: [{id: a}]",
        "cases: [{id: ../a, workload: matmul, m: 1, n: 1, k: 1}]",
        "cases: [{id: a, workload: matmul, m: null, n: 1, k: 1}]",
        "cases: [{id: a, workload: matmul, m: {x: 1}, n: 1, k: 1}]",
        "cases: [{id: a, workload: matmul, matrix: {}, m: 1, n: 1, k: 1}]",
        "cases: [{id: a, workload: matmul, matrix: null, m: 1, n: 1, k: 1}]",
        "cases: [{id: a, workload: matmul, matrix: {m: []}, n: 1, k: 1}]",
        "cases: [{id: a, workload: matmul, matrix: {m: 3}, n: 1, k: 1}]",
        "cases: [{id: a, workload: matmul, matrix: {m: {pow2: [1]}}, n: 1, k: 1}]",
        "cases: [{id: a, workload: matmul, matrix: {m: {pow2: [1, 99]}}, n: 1, k: 1}]",
        "cases: [{id: a, workload: matmul, matrix: {m: {range: [1, 2], stop: 3}}, n: 1, k: 1}]",
        "cases: [{id: a, workload: matmul, m: 1, n: 1, derive: {k: 1}}]",
        "cases: [{id: a, workload: matmul, m: 1, n: 1, k: 1, when: {}}]",
        "cases: [{id: a, workload: matmul, m: 1, n: 1, k: 1, when: {device: []}}]",
        "cases: [{id: a, workload: matmul, m: 1, n: 1, k: 1, exclude: [{}]}]",
    ],
)
def test_what_has_the_wrong_structure_fits_neither(published: dict[str, Any], refuse: Refuse, text: str) -> None:
    assert refuse(text)
    assert _errors(published, HEAD + text)


def test_every_key_of_ours_is_explained(published: dict[str, Any]) -> None:
    bare = [
        f"{name}.{key}"
        for name, model in {"Suite": json_schema(), **published["definitions"]}.items()
        for key, spec in model.get("properties", {}).items()
        if "description" not in spec
    ]
    assert bare == []
