"""Losses, accuracies and goals: one panel a case, and every seed counts."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

import pytest

from harness.report.charts import charts_of
from harness.report.content import Chart, Table, plain
from harness.report.findings import RunFindings
from harness.report.picture import Curves, Reached
from harness.report.render.csv_file import csv_of
from harness.report.summarise import summarise
from harness.store.record import Measurement
from tests.core.report.synthetic import REFERENCE, arm

COMPILED, JAX = "torch.compile@cpu", "jax.jit@cpu"
TARGETS = (REFERENCE, COMPILED, JAX)


def charts(of: RunFindings, question: str) -> tuple[Chart, ...]:
    return charts_of(of, "").get(question, ())


def curves_of(of: RunFindings, question: str) -> list[Curves]:
    return [chart.picture for chart in charts(of, question) if isinstance(chart.picture, Curves)]


def reached_of(of: RunFindings) -> list[Reached]:
    return [chart.picture for chart in charts(of, "quality") if isinstance(chart.picture, Reached)]


def trained(target: str, case: str = "mlp", **values: Any) -> Measurement:
    said: dict[str, Any] = {"workload": "training", "losses": (2.0, 1.5, 1.0), "time_s": 1e-3, "sets": 5}
    return arm(case, target, **{**said, **values})


def classified(target: str, seed: int, precision: str = "float32", **values: Any) -> Measurement:
    params = {"seed": seed, "precision": precision, "target": 0.97, "model": "mlp"}
    said = {
        "workload": "time_to_accuracy",
        "params": json.dumps(params),
        "accuracies": (0.5, 0.98),
        "epochs": 2,
        "time_s": 0.1 * (seed + 1),
        "sets": 5,
    }
    return arm(f"digits[precision={precision},seed={seed}]", target, **{**said, **values})


LOST: dict[str, Any] = {"outcome": "failed", "detail": "unreached: 50.0% at best", "epochs": None, "time_s": None}


def test_a_panel_a_case_and_a_line_a_target() -> None:
    odd = {1: (2.0, float("nan"), 1.0)}
    rows = [trained(target, f"case-{at}", losses=odd.get(at, (2.0, 1.5, 1.0))) for at in range(5) for target in TARGETS]
    (picture,) = curves_of(summarise([*rows, replace(rows[0], replica=1)]), "losses")
    assert [panel.name for panel in picture.panels] == [f"case-{at}" for at in range(5)]
    assert all(set(panel.lines) == set(TARGETS) for panel in picture.panels)
    assert picture.panels[0].lines[JAX] == (2.0, 1.5, 1.0)
    assert picture.goal is None


def test_many_cases_are_several_pictures_of_a_few_panels() -> None:
    of = summarise([trained(REFERENCE, f"case-{at:03d}") for at in range(70)])
    assert [len(picture.panels) for picture in curves_of(of, "losses")] == [12] * 5
    assert "60 of 70 cases" in charts(of, "losses")[0].reading


def table_of(of: RunFindings, question: str) -> Table:
    """Return the table of these charts, which one of them bears."""
    (table,) = [chart.table for chart in charts(of, question) if chart.table is not None]
    return table


def test_losses_have_a_table_with_all_of_them_by_step() -> None:
    rows = [trained(target, f"case-{at:03d}") for at in range(70) for target in (REFERENCE, JAX)]
    rows[1] = replace(rows[1], losses=(2.0, float("nan")))
    table = table_of(summarise([*rows, replace(rows[0], replica=1)]), "losses")
    assert [column.title for column in table.columns] == ["case", "target", "step 1", "step 2", "step 3"]
    assert len(table.rows) == 140  # more than are drawn
    first, second = table.rows[:2]
    assert [plain(cell.text) for cell in first.cells] == ["case-000", REFERENCE, "2", "1.5", "1"]
    assert [cell.value for cell in first.cells[2:]] == [2.0, 1.5, 1.0]
    assert [cell.text for cell in second.cells[2:]] == ["2", "no number", "–"]
    assert csv_of(table).splitlines()[1] == f"case-000,{REFERENCE},2.0,1.5,1.0"
    assert table.note == ""


@pytest.mark.parametrize("steps", [40, 41, 100, 1500])
def test_of_many_epochs_some_are_shown_and_a_file_has_them_all(steps: int) -> None:
    values = tuple(at / steps for at in range(steps))
    rows = [classified(REFERENCE, 0, accuracies=values), classified(JAX, 0)]
    table = table_of(summarise(rows), "quality")
    shown = [column.title for column in table.columns if column.number]
    assert len(shown) <= 40
    assert (shown[0], shown[-1]) == ("epoch 1", f"epoch {steps}")
    (_, line, other) = csv.reader(io.StringIO(csv_of(table)))
    packed = line[2 + len(shown) :]
    assert bool(packed) is (steps > 40)
    whole = [float(one) for field in packed for one in field.split()] if packed else [float(one) for one in line[2:]]
    assert whole == pytest.approx(values)
    assert other[2] == "0.5"
    assert ("is shown, and the last" in table.note) is (steps > 40)


def test_a_table_of_many_trainings_shows_fewer_of_their_epochs() -> None:
    rows = [classified(REFERENCE, seed, accuracies=(0.5,) * 30) for seed in range(800)]
    table = table_of(summarise(rows), "quality")
    assert len([column for column in table.columns if column.number]) <= 12
    assert table.columns[-1].title == "epochs 1 to 30"
    assert table.rows[0].cells[-1].text == "30 values"


def test_numbers_of_threads_are_panels_of_their_own() -> None:
    rows = [trained(REFERENCE, label=f"{threads}-threads", losses=(float(threads),)) for threads in (2, 4)]
    (picture,) = curves_of(summarise(rows), "losses")
    assert {panel.name: panel.lines[REFERENCE] for panel in picture.panels} == {
        "mlp, 2 threads": (2.0,),
        "mlp, 4 threads": (4.0,),
    }


def test_accuracies_stand_beside_their_goal() -> None:
    rows = [classified(target, seed) for target in TARGETS for seed in (0, 1)]
    (picture,) = curves_of(summarise(rows), "quality")
    assert picture.goal == 0.97
    assert picture.panels[0].lines[REFERENCE] == (0.5, 0.98)
    other = classified(REFERENCE, 7, params=json.dumps({"seed": 7, "target": 0.5}))
    assert {picture.goal for picture in curves_of(summarise([*rows, other]), "quality")} == {0.97, 0.5}
    odd = classified(REFERENCE, 8, params=json.dumps({"seed": [8], "target": "high"}))
    assert {picture.goal for picture in curves_of(summarise([odd]), "quality")} == {None}


def test_every_seed_counts_and_those_that_never_arrived_keep_the_line_low() -> None:
    rows = [
        *(classified(REFERENCE, seed) for seed in range(5)),
        *(classified(JAX, seed) for seed in range(4)),
        classified(JAX, 4, **LOST),
        classified(JAX, 5, outcome="failed", detail="crashed: x", time_s=None),
    ]
    (picture,) = reached_of(summarise(rows))
    assert picture.lines[REFERENCE] == ((0.1, 0.2, 0.1 * 3, 0.4, 0.5), 5)
    assert (len(picture.lines[JAX][0]), picture.lines[JAX][1]) == (4, 6)  # what crashed was begun
    assert picture.title == "Seeds that had come to 97 %: digits, float32"


def test_precisions_are_pictures_of_their_own_and_one_seed_is_none() -> None:
    rows = [classified(REFERENCE, seed, precision) for seed in (0, 1) for precision in ("float32", "mixed_bfloat16")]
    assert len(reached_of(summarise(rows))) == 2
    assert reached_of(summarise([classified(REFERENCE, 0), classified(JAX, 0)])) == []


def test_pictures_of_unlike_trainings_have_unlike_titles() -> None:
    """Models are named, and so are numbers of threads."""
    rows: list[Measurement] = []
    for model in ("mlp", "cnn"):
        for seed in (0, 1):
            params = json.dumps({"seed": seed, "precision": "float32", "target": 0.97, "model": model})
            said: dict[str, Any] = {"params": params, "case_key": f"{model}-{seed}"}
            rows += [classified(REFERENCE, seed, label=label, **said) for label in ("1-thread", "2-threads")]
    titles = {picture.title for picture in reached_of(summarise(rows))}
    assert titles == {
        f"Seeds that had come to 97 %: digits, float32, model {model}, at {threads}"
        for model in ("mlp", "cnn")
        for threads in ("1 thread", "2 threads")
    }


def test_where_nobody_arrived_that_is_drawn_too() -> None:
    (picture,) = reached_of(summarise([classified(REFERENCE, seed, **LOST) for seed in range(3)]))
    assert picture.lines == {REFERENCE: ((), 3)}


def test_runs_without_training_have_no_such_charts() -> None:
    of = summarise([arm(time_s=1e-3)])
    assert not {"losses", "phases", "quality"} & set(charts_of(of, ""))
