"""Targets and references name things that exist, and no target is taken for another."""

from __future__ import annotations

import pytest

from .conftest import Load, Refuse

CASES = "cases: [{id: a, workload: matmul, m: 1, n: 1, k: 1}]\n"


def test_auto_is_left_to_the_planner(load: Load) -> None:
    suite = load(CASES)
    assert (suite.targets, suite.reference) == (None, None)


def test_modes_are_filled_in_and_the_first_target_is_the_reference(load: Load) -> None:
    suite = load(f"targets: [torch@cpu, jax@cuda:1]\n{CASES}")
    assert [str(target) for target in suite.targets or ()] == ["torch.eager@cpu", "jax.jit@gpu:1"]
    assert str(suite.reference) == "torch.eager@cpu"


def test_a_target_may_have_an_interpreter_an_environment_and_a_label(load: Load) -> None:
    suite = load(
        "targets:\n  - torch@cpu\n"
        "  - {target: torch@cpu, python: /opt/old/bin/python, env: {OMP_PROC_BIND: 'true'}, label: old}\n"
        f"reference: old\n{CASES}"
    )
    assert suite.reference is not None
    assert (suite.reference.label, suite.reference.python) == ("old", "/opt/old/bin/python")
    assert suite.reference.env == {"OMP_PROC_BIND": "true"}


def test_a_reference_may_leave_the_mode_out_and_may_stand_beside_auto(load: Load) -> None:
    assert (
        str(load(f"targets: [jax@cpu, torch.eager@cpu]\nreference: torch@cpu\n{CASES}").reference) == "torch.eager@cpu"
    )
    assert str(load(f"reference: torch@cpu\n{CASES}").reference) == "torch.eager@cpu"


@pytest.mark.parametrize(
    ("head", "place", "message", "hint"),
    [
        ("targets: [torhc@cpu]", (3, 11), "no backend named 'torhc'", "did you mean 'torch'?"),
        ("targets: [torch@gpuu]", (3, 17), "no such device: 'gpuu'", "did you mean 'gpu'?"),
        ("targets: ['torch@gpuu']", (3, 18), "no such device: 'gpuu'", "did you mean 'gpu'?"),
        ("targets: [torch.compiel@cpu]", (3, 11), "torch has no mode 'compiel'", "did you mean 'compile'?"),
        ("targets: [numpy@gpu]", (3, 11), "numpy does not run on gpu", "it runs on cpu"),
        ("targets: [torch@cpu:1]", (3, 17), "device 'cpu' has no number: 'cpu:1'", "write 'cpu'"),
        ("targets: [torch]", (3, 11), "not a target: 'torch'", "write backend[.mode]@device"),
        ("targets: ['@cpu']", (3, 11), "not a target: '@cpu'", "write backend[.mode]@device"),
        ("targets: [torch@cpu, torch.eager@cpu]", (3, 22), "torch.eager@cpu is already a target", "label"),
        (
            "targets: [{target: torch@cpu, label: x}, {target: jax@cpu, label: x}]",
            (3, 51),
            "x is already a target",
            "labels must differ",
        ),
        ("targets: [{target: torch@cpu, label: a b}]", (3, 38), "not a label: 'a b'", "use letters"),
        (
            "targets: [torch@cpu]\nreference: jax@cpu",
            (4, 12),
            "the reference 'jax@cpu' is not among",
            "torch.eager@cpu",
        ),
        ("targets: [torch@cpu]\nreference: tocrh", (4, 12), "the reference 'tocrh' is not among", "torch.eager@cpu"),
        (
            "targets: [{target: torch@cpu, label: a}, {target: torch@cpu, label: b}]\nreference: torch@cpu",
            (4, 12),
            "several targets are torch@cpu",
            "a, b",
        ),
        ("targets: everything", (3, 10), "targets must be 'auto', not 'everything'", None),
        ("targets: []", (3, 10), "targets is empty", "put at least one in"),
        ("targets: [{target: torch@cpu, env: {A: 1}}]", (3, 40), "A must be text, not 1", "put it in quotes"),
        ("targets: [{target: torch@cpu, env: {A B: x}}]", (3, 37), "'A B' is not the name of an environment", None),
    ],
)
def test_a_wrong_name_is_shown_where_it_stands(
    refuse: Refuse, head: str, place: tuple[int, int], message: str, hint: str | None
) -> None:
    (finding,) = refuse(f"{head}\n{CASES}")
    assert (finding.line, finding.column) == place
    assert finding.message.startswith(message)
    assert (hint or "") in (finding.hint or "")


def test_a_reference_without_a_label_is_the_target_without_one(load: Load) -> None:
    suite = load(f"targets: [{{target: torch@cpu, label: old}}, torch@cpu]\nreference: torch@cpu\n{CASES}")
    assert suite.reference is not None
    assert suite.reference.name == "torch.eager@cpu"


def test_a_wrong_backend_does_not_hide_a_wrong_device(refuse: Refuse) -> None:
    assert [finding.message for finding in refuse(f"targets: [torhc@gpuu]\n{CASES}")] == [
        "no backend named 'torhc'",
        "no such device: 'gpuu'",
    ]
