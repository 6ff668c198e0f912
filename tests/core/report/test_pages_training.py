"""What a page says of trainings: whether they are the same, where the time goes, what quality comes of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.report.content import Document, plain
from harness.report.pages.seeds import olympic
from harness.report.summarise import summarise
from harness.store.record import Measurement
from tests.core.report.paged import page, paged, table_called, texts
from tests.core.report.synthetic import arm, unmeasured

TARGETS = ("torch.eager@cpu", "torch.compile@cpu", "jax.jit@cpu")
TITLES = (
    "Training: is it the same?",
    "Training: loss, step by step",
    "Training: where a step's time goes",
    "Training: quality",
)


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


def made(rows: list[Measurement]) -> Document:
    """Return the page of some rows."""
    return paged(summarise(rows))


def by_name(document: Document, table: str, title: str) -> dict[tuple[str, str], str]:
    """Return a column by case and target."""
    held = table_called(document, table)
    keys = zip(map(plain, texts(held, "case")), map(plain, texts(held, "target")), strict=True)
    return dict(zip(keys, texts(held, title), strict=True))


def test_the_furthest_arm_of_a_case_is_named_and_any_two_are_compared() -> None:
    rows = [
        trained(TARGETS[0], max_error=2e-3, tolerance=1e-2),
        trained(TARGETS[2], weight_error=5e-5, max_error=1e-3, tolerance=4e-3, losses=(2.3, 2.2, 2.1)),
    ]
    text = page(summarise(rows))
    assert "| `mlp` | 2 | 1.0e-07 | 2.0e-07 | 5.0e-05 | – | 25 % | 4.3e-02 | `jax.jit@cpu` |" in text


def test_a_sentence_says_whether_all_trained_the_same() -> None:
    rows = [trained(TARGETS[0], max_error=2e-3, tolerance=1e-2), trained(TARGETS[2], max_error=1e-3, tolerance=4e-3)]
    told = "of 2 trained what the reference in float64 trains"
    assert f"2 arms {told}, the furthest with 25 % of the error that is allowed." in page(summarise(rows))
    wrong = [rows[0], unmeasured(rows[1], "failed", "wrong: loss")]
    assert f"1 arm {told}." in page(summarise(wrong))


def loaded(seconds: float) -> dict[str, Any]:
    """Return that it took so long to load a framework, and a tenth of a second to make a call ready."""
    return {"import_s": seconds, "prepare_s": 0.1}


def test_who_is_there_first_with_all_compiled_may_not_be_from_a_cold_start() -> None:
    rows = [
        *(classified(TARGETS[0], seed, first_call_s=0.6 + seed / 10, **loaded(2.0)) for seed in range(5)),
        *(classified(TARGETS[2], seed, first_call_s=3.0, **loaded(0.5)) for seed in range(5)),
        *(classified(TARGETS[1], seed, first_call_s=9.0, import_s=None) for seed in range(5)),
    ]
    document = made(rows)
    assert by_name(document, "quality", "from cold") == {
        ("digits", TARGETS[0]): "3.10 s",
        ("digits", TARGETS[2]): "3.60 s",
        ("digits", TARGETS[1]): "–",  # how long it was loading is not known
    }
    told = "with all compiled before; [from a cold start](#accuracy) another may be there first"
    assert told in page(summarise(rows))
    assert "from a cold start" not in page(summarise([trained(TARGETS[0])]))


@pytest.mark.parametrize("tolerance", [None, 0.0, float("nan"), -1.0])
def test_a_bound_that_is_none_has_no_share(tolerance: float | None) -> None:
    document = made([trained(TARGETS[0], tolerance=tolerance)])
    assert texts(table_called(document, "same-training"), "of what is allowed") == ["–"]


def test_losses_that_are_no_numbers_are_compared_with_nothing() -> None:
    rows = [trained(TARGETS[0]), trained(TARGETS[2], losses=(2.3, float("nan"), 2.1))]
    assert texts(table_called(made(rows), "same-training"), "losses of any two") == ["–"]


def test_a_compiled_mode_repays_itself_after_so_many_steps() -> None:
    rows = [
        trained(TARGETS[0]),
        trained(TARGETS[1], time_s=0.5e-3, first_call_s=10.1),
        trained(TARGETS[1], case="slow", time_s=2e-3, first_call_s=10.1),
        trained(TARGETS[0], case="slow"),
    ]
    document = made(rows)
    repaid = by_name(document, "phases", "repaid after")
    assert repaid["mlp", TARGETS[1]].endswith("20,000 steps")
    assert repaid["slow", TARGETS[1]].endswith("never")
    assert repaid["mlp", TARGETS[0]] == "–"
    (row,) = [
        row
        for row in table_called(document, "phases").rows
        if [plain(cell.text) for cell in row.cells[:2]] == ["mlp", TARGETS[1]]
    ]
    assert [cell.value for cell in row.cells[2:8]] == [0.5e-3, 3e-4, 5e-4, 2e-4, None, 32_000.0]
    assert "300 µs | 500 µs | 200 µs | – | 32" in page(summarise(rows))


def classified(target: str, seed: Any, precision: str = "float32", **values: Any) -> Measurement:
    params = {"seed": seed, "precision": precision, "target": 0.97, "model": "mlp"}
    said = {
        "workload": "time_to_accuracy",
        "params": json.dumps(params),
        "accuracies": (0.5, 0.98),
        "accuracy": 0.98,
        "recall": 0.97,
        "f1": 0.96,
        "epochs": 2,
        "time_s": 0.1 * (len(str(seed)) if not isinstance(seed, int) else seed + 1),
        "sets": 1,
    }
    return arm(f"digits[precision={precision},seed={seed}]", target, **{**said, **values})


LOST: dict[str, Any] = {
    "outcome": "failed",
    "detail": "unreached: 50.0% at best",
    "epochs": None,
    "time_s": None,
    "accuracy": 0.5,
}


def test_seeds_are_counted_and_those_that_never_arrive_are_not_dropped() -> None:
    rows = [
        *(classified(TARGETS[0], seed) for seed in range(5)),
        *(classified(TARGETS[2], seed) for seed in range(4)),
        classified(TARGETS[2], 4, **LOST),
        *(classified(TARGETS[0], seed, "mixed_bfloat16", accuracy=0.97 + seed / 1000) for seed in range(5)),
    ]
    text = page(summarise(rows))
    assert "`torch.eager@cpu` | `float32` | 5 | 5 | 97 % | 2 | 300 ms | – | 98.0 % (98.0 % to 98.0 %)" in text
    assert "`jax.jit@cpu` | `float32` | 4 | 5 | 97 % | 2 | 300 ms | – | 88.4 % (50.0 % to 98.0 %)" in text
    assert "| `mixed_bfloat16` | 5 | 5 | 97 % |" in text
    assert "| -0.80 [-1.00, -0.60] | -0.80 [-1.00, -0.60] |" in text
    assert "| reference |" in text
    table = table_called(made(rows), "quality")
    (mixed,) = [row for row in table.rows if row.cells[2].text != table.rows[0].cells[2].text]
    assert mixed.cells[-1].value == pytest.approx(-0.8)
    assert mixed.cells[-1].span == pytest.approx((-1.0, -0.6), abs=0.01)


def of_model(model: str, target: str, seed: int, accuracy: float) -> Measurement:
    """Return a training of a case that is called alike for all models."""
    params = {"seed": seed, "precision": "float32", "target": 0.97, "model": model}
    said: dict[str, Any] = {"params": json.dumps(params), "case_key": f"{model}-{seed}", "accuracy": accuracy}
    return classified(target, seed, **said)


def test_unlike_models_are_seen_beside_their_own_reference_and_called_apart() -> None:
    rows = [
        of_model(model, target, seed, accuracy)
        for model, accuracy in (("mlp", 0.98), ("cnn", 0.5))
        for target in (TARGETS[0], TARGETS[2])
        for seed in range(2)
    ]
    assert by_name(made(rows), "quality", "beside the reference in float32") == {
        ("digits, model mlp", TARGETS[0]): "reference",
        ("digits, model mlp", TARGETS[2]): "+0.00 [+0.00, +0.00]",
        ("digits, model cnn", TARGETS[0]): "reference",
        ("digits, model cnn", TARGETS[2]): "+0.00 [+0.00, +0.00]",
    }


def test_numbers_of_threads_are_not_put_together() -> None:
    rows = [
        classified(target, seed, label=label, accuracy=accuracy)
        for label, accuracy in (("1-thread", 0.98), ("2-threads", 0.5))
        for target in (TARGETS[0], TARGETS[2])
        for seed in range(2)
    ]
    document = made(rows)
    assert by_name(document, "quality", "beside the reference in float32") == {
        ("digits, 1 thread", TARGETS[0]): "reference",
        ("digits, 1 thread", TARGETS[2]): "+0.00 [+0.00, +0.00]",
        ("digits, 2 threads", TARGETS[0]): "reference",
        ("digits, 2 threads", TARGETS[2]): "+0.00 [+0.00, +0.00]",
    }
    assert set(texts(table_called(document, "quality"), "of")) == {"2"}


@pytest.mark.parametrize("outcome", [{"outcome": "failed", "detail": "timeout: x"}, {"outcome": "invalid"}])
def test_a_seed_that_failed_or_was_rejected_has_not_arrived(outcome: dict[str, Any]) -> None:
    """Where two did not arrive nothing is known of the mean, for both might have been the slowest."""
    lost = {**LOST, "accuracy": None, **outcome}
    rows = [classified(TARGETS[0], seed, **(lost if seed > 2 else {})) for seed in range(5)]
    rows += [classified(TARGETS[2], seed, outcome="not-run", time_s=None, epochs=None) for seed in range(5)]
    document = made(rows)
    assert by_name(document, "quality", "reached") == {("digits", TARGETS[0]): "3"}
    assert by_name(document, "quality", "of") == {("digits", TARGETS[0]): "5"}
    assert by_name(document, "quality", "time to the goal") == {("digits", TARGETS[0]): "–"}


def test_the_mean_is_without_the_quickest_and_the_slowest() -> None:
    assert olympic([5.0, 1.0, 2.0, 3.0], 4) == 2.5
    assert olympic([5.0, 1.0, 2.0], 4) == 3.5  # the slowest is the one that never arrived
    assert olympic([5.0, 1.0], 4) is None
    assert olympic([4.0, 2.0], 2) == 3.0
    assert olympic([4.0], 2) is None
    assert olympic([], 1) is None


def test_steps_at_other_numbers_of_threads_are_told_apart() -> None:
    rows = [trained(TARGETS[0], label=label) for label in ("1-thread", "2-threads")]
    assert set(by_name(made(rows), "phases", "step")) == {("mlp, 1 thread", TARGETS[0]), ("mlp, 2 threads", TARGETS[0])}


def test_a_target_that_never_arrives_says_so() -> None:
    rows = [classified(TARGETS[0], seed, **LOST) for seed in range(3)]
    document = made(rows)
    assert by_name(document, "quality", "epochs") == {("digits", TARGETS[0]): "not reached"}
    assert by_name(document, "quality", "time to the goal") == {("digits", TARGETS[0]): "–"}


@pytest.mark.parametrize("seed", [[1], {"a": 1}, "x", None, 1.5])
def test_parameters_may_be_anything(seed: Any) -> None:
    """A store may come from anywhere."""
    rows = [
        classified(TARGETS[0], seed, accuracy=float("nan")),
        classified(TARGETS[0], 3),
        classified(TARGETS[2], 3, params=json.dumps({"target": 10**400, "seed": seed})),
        classified(TARGETS[2], 4, params="[]"),
    ]
    assert table_called(made(rows), "quality").rows


def test_runs_without_training_say_nothing_of_it() -> None:
    for rows in ([arm()], [unmeasured(trained(TARGETS[0], losses=None, loss_error=None), "refused", "no")]):
        text = page(summarise(rows))
        assert not [title for title in TITLES if f"### {title}" in text]
