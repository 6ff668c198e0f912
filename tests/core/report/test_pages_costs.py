"""Tables beside the ranking: first calls, single requests, speeds in units of their own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.report.content import plain
from harness.report.rows import sample_frame
from harness.report.summarise import summarise
from tests.core.report.paged import page, paged, section, table_called, texts
from tests.core.report.synthetic import REFERENCE, arm, run, squares, unmeasured

SPEEDS = {REFERENCE: 1.0, "torch.compile@cpu": 0.5}


def test_first_calls_have_their_seconds_and_the_calls_that_repay_them() -> None:
    rows, samples = run(squares(1), SPEEDS, noise=0.0, seed=5)
    rows = [replace(row, first_call_s=10.0 if row.target != REFERENCE else 1.0, compile_s=2.0) for row in rows]
    made = paged(summarise(rows, sample_frame(samples)))
    table = table_called(made, "first-calls")
    (compiled,) = [row for row in table.rows if plain(row.cells[1].text) == "torch.compile@cpu"]
    assert [cell.value for cell in compiled.cells[2:6]] == [10.0, 2.0, 0.01, 1.5]
    assert isinstance(compiled.cells[-1].value, int)
    assert "call" in compiled.cells[-1].text
    assert [column.unit for column in table.columns] == ["", "", "s", "s", "s", "s", "s", "calls"]
    assert sum("(again)" in text for text in texts(table, "target")) == 1


def test_a_first_call_that_an_earlier_case_may_have_shortened_has_words_and_no_count() -> None:
    params = '{"model": "cnn", "size": "lenet"}'
    made, samples = run(
        {case: {"params": params} for case in ("plain", "fed")}, SPEEDS | {"jax.jit@cpu": 2.0}, noise=0.0, seed=5
    )
    first = {"plain": 39.1, "fed": 0.3}
    rows = [replace(row, first_call_s=first[row.case] if row.target != REFERENCE else 0.01) for row in made]
    table = table_called(paged(summarise(rows, sample_frame(samples))), "first-calls")
    said = {(plain(row.cells[0].text), plain(row.cells[1].text)): row.cells[-1] for row in table.rows}
    assert isinstance(said["plain", "torch.compile@cpu"].value, int)
    for target in ("torch.compile@cpu", "jax.jit@cpu"):
        assert said["fed", target].text == "perhaps with code that an earlier case left"
        assert said["fed", target].value is None
    assert "Only the first case of a process starts from nothing" in table.note


def test_what_never_pays_does_so_whatever_an_earlier_case_left() -> None:
    params = '{"model": "cnn", "size": "lenet"}'
    cases = {case: {"params": params} for case in ("plain", "fed")}
    made, samples = run(cases, {REFERENCE: 1.0, "torch.compile@cpu": 2.0}, noise=0.001, seed=5)
    first = {"plain": 39.1, "fed": 0.3}
    rows = [replace(row, first_call_s=first[row.case] if row.target != REFERENCE else 0.01) for row in made]
    table = table_called(paged(summarise(rows, sample_frame(samples))), "first-calls")
    said = [row.cells[-1].text for row in table.rows if plain(row.cells[1].text) == "torch.compile@cpu"]
    assert sorted(said) == ["never", "never; perhaps with code that an earlier case left"]


def test_what_nobody_beats_in_latency_and_throughput_is_said() -> None:
    rows = [
        arm(
            f"served[batch={batch}]",
            target,
            workload="inference",
            params=f'{{"model": "mlp", "size": "tiny", "batch": {batch}}}',
            time_s=1e-3,
            latency_s=latency,
            items_per_s=through,
            sets=5,
        )
        for target, batch, latency, through in (
            (REFERENCE, 1, 1e-3, 100.0),
            (REFERENCE, 8, 4e-3, 800.0),
            ("jax.jit@cpu", 1, 2e-3, 90.0),
        )
    ]
    table = table_called(paged(summarise(rows)), "serving")
    said = {(plain(row.cells[0].text), plain(row.cells[1].text)): row.cells[-1].text for row in table.rows}
    assert said == {
        ("served[batch=1]", REFERENCE): "yes",
        ("served[batch=8]", REFERENCE): "yes",
        ("served[batch=1]", "jax.jit@cpu"): "no",
    }
    assert texts(table_called(paged(summarise(rows[:1])), "serving"), "unbeaten") == ["–"]


def test_single_calls_have_the_percentiles_that_they_support() -> None:
    served = arm(
        "served[batch=8]",
        workload="inference",
        time_s=1e-3,
        latency_s=2e-3,
        latency_p90_s=3e-3,
        latency_count=100,
        items_per_s=8_000.0,
        items_name="tokens",
        sets=5,
    )
    text = section(page(summarise([served])), "Serving: latency and throughput")
    assert "| `served[batch=8]` | `torch.eager@cpu` | 100 | 2.00 ms | 3.00 ms | – | – | 8000 tokens/s |" in text
    assert "662 for 99 %" in text


def test_models_served_at_other_numbers_of_threads_are_told_apart() -> None:
    rows = [
        arm("served", workload="inference", label=label, time_s=1e-3, latency_s=2e-3, sets=5)
        for label in ("1-thread", "2-threads")
    ]
    table = table_called(paged(summarise(rows)), "serving")
    assert list(map(plain, texts(table, "case"))) == ["served, 1 thread", "served, 2 threads"]


def test_nothing_served_is_nothing_said() -> None:
    refused = unmeasured(arm(workload="inference"), "refused", "no")
    assert "### Serving" not in page(summarise([refused]))


@pytest.mark.parametrize(("mixed", "unit"), [(False, "FLOP/s"), (True, "")])
def test_speeds_are_numbers_only_where_all_count_the_same(unit: str, *, mixed: bool) -> None:
    """A column that counts operations in one row and bytes in the next is not to be sorted."""
    rows, samples = run(squares(2), {REFERENCE: 1.0})
    if mixed:
        rows = [replace(row, flops_per_s=None, bytes_per_s=1e9) if row.case == rows[0].case else row for row in rows]
    table = table_called(paged(summarise(rows, sample_frame(samples))), "cases-as-written")
    (at,) = [at for at, column in enumerate(table.columns) if column.title == "speed"]
    assert table.columns[at].unit == unit
    assert all((row.cells[at].value is None) is mixed for row in table.rows)
    assert all("/s" in row.cells[at].text for row in table.rows)


def test_rows_can_be_filtered_by_what_is_known_of_them() -> None:
    """In the table of a class, by that class."""
    rows, samples = run(squares(1), {REFERENCE: 1.0, "jax.jit@cpu": 0.8})
    made = paged(summarise(rows, sample_frame(samples)))
    (jax,) = [row for row in table_called(made, "cases-compiled").rows if row.facets["backend"] == "jax"]
    assert jax.facets == {
        "backend": "jax",
        "device": "cpu",
        "target": "jax.jit@cpu",
        "dtype": "float32",
        "workload": "matmul",
        "class": "compiled",
        "outcome": "measured",
    }
