"""`harness compare` on what was really measured. NumPy stands in for a framework; it starts at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Command

SUITE = """\
schema: harness.suite/1
name: small
targets: [{target: numpy@cpu, label: a}, {target: numpy@cpu, label: b}]
measure: {profile: standard, max_time: 1s}
cases:
  - {id: product, workload: matmul, m: 32, n: 32, k: 32}
"""


@pytest.fixture
def measured(tmp_path: Path, harness: Command) -> Path:
    """Two runs of the same two arms, with equal inputs."""
    (tmp_path / "small.yaml").write_text(SUITE, encoding="utf-8")
    for _ in range(2):
        done = harness("run", "small.yaml", "--seed", "7", "--quiet")
        assert done.returncode == 0, done.stderr
    return tmp_path


def test_two_arms_of_a_session_are_compared_and_two_sessions_are_not(measured: Path, harness: Command) -> None:
    """What the numbers are is the machine's affair; that there are some, and what they rest on, is ours."""
    done = harness("compare", "latest::a", "latest::b", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    (found,) = json.loads(done.stdout)["comparisons"]
    (line,) = found["lines"]
    assert (found["how"], line["case"], line["base"], line["new"]) == ("session", "product", "a", "b")
    assert (line["sets"], line["pairing"]) == (5, "round")
    assert line["low"] <= line["ratio"] <= line["high"]
    assert found["self_check"]["cases"] == 1
    assert found["changes"] == []  # the same interpreter twice

    refused = harness("compare", "latest~1", "latest")
    assert refused.returncode == 4
    assert "not-comparable (2)" in refused.stdout

    insisted = json.loads(harness("compare", "latest~1", "latest", "--insist", "--json").stdout)["comparisons"][0]
    assert insisted["how"] == "insisted"
    assert [one["counts"] for one in insisted["lines"]] == [[5, 5], [5, 5]]

    through = json.loads(harness("compare", "latest~1", "latest", "--through", "a", "--json").stdout)["comparisons"][0]
    assert (through["how"], through["anchor"]) == ("through", "a")
    assert [one["new"] for one in through["lines"]] == ["b"]

    assert harness("compare", "--across", "results").returncode == 5  # one machine

    done = harness("compare", "latest", "--all", "--markdown", "page.md")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("b beside a, run ")
    assert "at product" in done.stdout
    assert (measured / "page.md").read_text(encoding="utf-8").startswith("# Comparison\n\n## `b` beside `a`, run `")
