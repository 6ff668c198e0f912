"""What a report says of trainings."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from harness.report import figures
from harness.report.learning import curves_of, phases, quality, sameness
from harness.report.picture import Curves
from harness.report.summarise import summarise
from harness.store.record import Measurement
from tests.core.report.synthetic import arm

TARGETS = ("torch.eager@cpu", "torch.compile@cpu", "jax.jit@cpu")


def trained(target: str, case: str = "mlp", **values: Any) -> Measurement:
    said: dict[str, Any] = {
        "workload": "training",
        "losses": (2.3, 2.2, 2.0),
        "loss_error": 1e-7,
        "gradient_error": 2e-7,
        "weight_error": 3e-6,
        "max_error": 1e-6,
        "time_s": 1e-3,
        "first_call_s": 0.1,
        "forward_s": 3e-4,
        "backward_s": 5e-4,
        "update_s": 2e-4,
        "items_per_s": 32_000.0,
        "items_name": "samples",
        "sets": 1,
    }
    return arm(case, target, **{**said, **values})


def told(lines: Any) -> str:
    return "\n".join(lines)


def test_the_furthest_arm_of_a_case_is_named_and_any_two_are_compared() -> None:
    rows = [trained(TARGETS[0]), trained(TARGETS[2], weight_error=5e-5, max_error=1e-3, losses=(2.3, 2.2, 2.1))]
    text = told(sameness(summarise(rows)))
    assert "| `mlp` | 2 | 1.0e-07 | 2.0e-07 | 5.0e-05 | – | 4.3e-02 | `jax.jit@cpu` |" in text


def test_a_compiled_mode_repays_itself_after_so_many_steps() -> None:
    rows = [
        trained(TARGETS[0]),
        trained(TARGETS[1], time_s=0.5e-3, first_call_s=10.1),
        trained(TARGETS[1], case="slow", time_s=2e-3, first_call_s=10.1),
        trained(TARGETS[0], case="slow"),
    ]
    text = told(phases(summarise(rows)))
    assert "| 20,000 steps |" in text
    assert "| never |" in text
    assert "300 µs | 500 µs | 200 µs | – | 32" in text


def classified(target: str, seed: int, precision: str = "float32", **values: Any) -> Measurement:
    params = {"seed": seed, "precision": precision, "target": 0.97, "model": "mlp"}
    said = {
        "workload": "time_to_accuracy",
        "params": json.dumps(params),
        "accuracies": (0.5, 0.98),
        "accuracy": 0.98,
        "recall": 0.97,
        "f1": 0.96,
        "epochs": 2,
        "time_s": 0.1 * (seed + 1),
        "sets": 1,
    }
    return arm(f"digits[precision={precision},seed={seed}]", target, **{**said, **values})


def test_seeds_are_counted_and_those_that_never_arrive_are_not_dropped() -> None:
    lost: dict[str, Any] = {
        "outcome": "failed",
        "detail": "unreached: 50.0% at best",
        "epochs": None,
        "time_s": None,
        "accuracy": 0.5,
    }
    rows = [
        *(classified(TARGETS[0], seed) for seed in range(5)),
        *(classified(TARGETS[2], seed) for seed in range(4)),
        classified(TARGETS[2], 4, **lost),
        *(classified(TARGETS[0], seed, "mixed_bfloat16", accuracy=0.97 + seed / 1000) for seed in range(5)),
    ]
    text = told(quality(summarise(rows)))
    assert "| `digits` | `torch.eager@cpu` | float32 | 5 of 5 to 97 % | 2 | 300 ms | 98 % (98 % to 98 %)" in text
    assert "| `digits` | `jax.jit@cpu` | float32 | 4 of 5 to 97 % | 2 | 250 ms | 88 % (50 % to 98 %)" in text
    assert "| mixed_bfloat16 | 5 of 5 to 97 % |" in text
    assert "-0.80 [-1.00, -0.60] |" in text
    assert "| reference |" in text


def test_runs_without_training_say_nothing_of_it() -> None:
    found = summarise([arm()])
    for lines in (sameness(found), phases(found), quality(found)):
        assert list(lines) == []
    assert curves_of(found, TARGETS, "") == []


def test_curves_are_drawn_in_one_picture_even_where_they_are_no_numbers() -> None:
    rows = [
        trained(target, case=f"case-{number}", losses=(2.0, float("nan"), 1.0) if number == 1 else (2.0, 1.5, 1.0))
        for number in range(5)
        for target in TARGETS
    ]
    found = summarise([*rows, replace(rows[0], replica=1)])
    (picture,) = curves_of(found, TARGETS, "")
    assert isinstance(picture, Curves)
    assert [panel.name for panel in picture.panels] == [f"case-{number}" for number in range(5)]
    assert set(picture.panels[0].lines) == set(TARGETS)
    assert figures.render(picture).startswith(b"\x89PNG")
