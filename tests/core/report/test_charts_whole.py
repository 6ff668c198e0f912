"""All charts of a run together: each can be read by itself, none claims too much, and names are only names."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from harness.report.charts import charts_of
from harness.report.content import Chart, Kind, name, plain, spans
from harness.report.findings import RunFindings
from harness.report.picture import Reached
from harness.report.rows import sample_frame
from harness.report.summarise import summarise
from harness.store.record import Measurement, Outcome
from tests.core.report.synthetic import REFERENCE, arm, run, squares, unmeasured
from tests.core.report.test_escape import STORABLE

COMPILED, JAX = "torch.compile@cpu", "jax.jit@cpu"
QUESTIONS = {
    *("as-written", "compiled", "map", "roofline", "size", "threads", "tradeoff", "cold", "losses", "phases"),
    *("quality", "memory"),
}
UNSEEN = {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}  # and "Co", but for the marks


def everything(called: str = "", **values: Any) -> RunFindings:
    """Return a run that has something to show for every question; `called` is what its names are made of."""
    names = {
        REFERENCE: called or REFERENCE,
        JAX: f"{called}-b" if called else JAX,
        COMPILED: f"{called}-c" if called else COMPILED,
    }
    labels = {target: own if called else "" for target, own in names.items()}
    made, samples = run(squares(3), {REFERENCE: 1.0, JAX: 0.8, COMPILED: 0.5}, noise=0.001, rounds=3, **values)
    rows = [
        replace(row, label=labels[row.target], case=f"{called}{row.case}", suite=called or row.suite, peak_host_bytes=9)
        for row in made
    ]
    blocks = [replace(sample, label=labels[sample.target]) for sample in samples]
    for target in (REFERENCE, JAX):
        said: dict[str, Any] = {"label": labels[target], "time_s": 1e-3, "sets": 5}
        counted = [{**said, "label": label} for label in ("1-thread", "2-threads")]
        rows += [arm("threaded", target, **each) for each in counted]
        for batch in (1, 8):
            params = json.dumps({"model": called or "mlp", "size": "tiny", "batch": batch})
            served = {"workload": "inference", "params": params, "latency_s": 1e-3, "items_per_s": 10.0 * batch}
            rows.append(arm(f"{called}served[batch={batch}]", target, **said, **served, items_name=called or "samples"))
        trained = {"workload": "training", "losses": (2.0, 1.0), "forward_s": 1e-4, "update_s": 1e-4}
        rows.append(arm(f"{called}trained", target, **said, **trained))
        for seed in (0, 1):
            params = json.dumps({"seed": seed, "target": 0.9, "precision": called or "float32"})
            quality = {"workload": "time_to_accuracy", "params": params, "accuracies": (0.9,), "epochs": 1}
            rows.append(arm(f"{called}digits[seed={seed}]", target, **said, **quality))
    told = [
        {"target": own, "dtype": "float32", "math": "ieee", "source": called, "flops_per_s": 1e12, "measured": True}
        for own in names.values()
    ]
    return summarise(rows, sample_frame(blocks), manifest={"roofs": told})


def drawn(of: RunFindings, prefix: str = "") -> Iterator[Chart]:
    for charts in charts_of(of, prefix).values():
        yield from charts


def texts(chart: Chart) -> Iterator[str]:
    """Yield all that is written about a picture, but not what is in it."""
    yield chart.reading
    yield chart.picture.name
    if chart.table is not None:
        yield from (chart.table.name, chart.table.title, chart.table.note)
        yield from (column.title for column in chart.table.columns)
        yield from (cell.text for row in chart.table.rows for cell in row.cells)


def test_a_page_without_pictures_keeps_the_tables_that_only_charts_have() -> None:
    run = everything()
    tabled = {name: charts for name, charts in charts_of(run, "").items() if any(chart.table for chart in charts)}
    assert charts_of(run, "", pictured=False) == tabled
    assert set(tabled) >= {"losses", "quality", "memory"}


def test_every_question_has_its_charts() -> None:
    assert set(charts_of(everything(), "")) == QUESTIONS - {"threads"}  # no blocks, so no speed-ups, in this run


def modelled(count: int) -> Iterator[Measurement]:
    """Yield that many trainings, and eight models of every other kind."""
    for at in range(count):
        yield arm(f"trained-{at}", workload="training", time_s=1e-3, losses=(2.0, 1.0), forward_s=1e-4)
    for at in range(8):
        for batch in (1, 8):
            params = json.dumps({"model": f"model-{at}", "batch": batch})
            said: dict[str, Any] = {"workload": "inference", "params": params, "latency_s": 1e-3, "items_per_s": batch}
            yield arm(f"served-{at}[batch={batch}]", time_s=1e-3, **said)
            params = json.dumps({"model": f"model-{at}", "seed": batch, "target": 0.9})
            said = {"workload": "time_to_accuracy", "params": params, "accuracies": (0.9,), "epochs": 1}
            yield arm(f"learned-{at}[seed={batch}]", time_s=1e-3, **said)


@pytest.mark.parametrize(("count", "pictures"), [(30, (3, 3, 8, 10)), (1001, (1, 1, 6, 7))])
def test_of_very_many_cases_a_few_are_drawn(count: int, pictures: tuple[int, ...]) -> None:
    """By the dozen they would show but a fraction too; the tables have them all, and each chart says so."""
    made = charts_of(summarise([*modelled(count)]), "")
    assert tuple(len(made[of]) for of in ("losses", "phases", "tradeoff", "quality")) == pictures
    said = " ".join(chart.reading for of in ("losses", "tradeoff", "quality") for chart in made[of])
    assert [text in said for text in (f"12 of {count} cases", "2 more models", "2 more trainings")] == [
        count > 1000
    ] * 3
    table = made["losses"][0].table
    assert table is not None
    assert len(table.rows) == count


def test_every_chart_can_be_read_by_itself() -> None:
    for chart in drawn(everything()):
        assert chart.reading.endswith(".")
        assert 2 <= chart.reading.count(". ") + 1 <= 12, chart.reading
        title = re.sub(r" \(\d+ of \d+\)$", "", chart.picture.title)
        assert title[0].isupper()
        assert chart.picture.alt.startswith(title)  # what follows is the caption
        assert len(chart.picture.alt) > len(title)
        assert chart.picture.unit
        assert chart.picture.section in QUESTIONS
        assert all(span.kind in (Kind.OWN, Kind.NAME) for span in spans(chart.reading))


def test_names_of_files_and_tables_begin_as_asked_and_differ() -> None:
    made = list(drawn(everything(), "r2-"))
    names = [chart.picture.name for chart in made]
    assert all(one.startswith("r2-") for one in names)
    assert len(set(names)) == len(names)
    tables = [chart.table.name for chart in made if chart.table is not None]
    assert tables
    assert all(one.startswith("r2-") for one in tables)
    assert len(set(tables)) == len(tables)


def test_the_same_run_gives_the_same_charts() -> None:
    assert charts_of(everything(), "") == charts_of(everything(), "")


@pytest.mark.parametrize("outcome", [one for one in Outcome if one is not Outcome.MEASURED])
def test_nothing_measured_draws_nothing(outcome: str) -> None:
    of = everything()
    rows = [replace(unmeasured(row, outcome, "x"), losses=None, accuracies=None) for row in of.arms]
    drawn = charts_of(summarise(rows), "")
    begun = outcome in (Outcome.INVALID, Outcome.FAILED)  # of trainings, that none came to its goal
    assert [*drawn] == (["quality"] if begun else [])
    assert {type(chart.picture) for charts in drawn.values() for chart in charts} <= {Reached}


def test_an_indicative_run_claims_no_win() -> None:
    rows, samples = run(squares(3), {REFERENCE: 1.0, JAX: 0.5, COMPILED: 0.3}, sets=2)
    for chart in drawn(summarise(rows, sample_frame(samples))):
        written = " ".join([*map(plain, texts(chart)), chart.picture.title, chart.picture.alt, chart.picture.unit])
        assert not re.search(r"\bwin(s|ner)?\b", written.lower())


@pytest.mark.parametrize("called", STORABLE)
def test_hostile_names_are_names_everywhere(called: str) -> None:
    for chart in drawn(everything(called)):
        for text in texts(chart):
            bare = text.translate(dict.fromkeys(range(0xE000, 0xE005)))
            assert not {unicodedata.category(char) for char in bare} & UNSEEN
            assert len(text) < 3000
            assert all(span.text for span in spans(text) if span.kind is not Kind.OWN)
        own = "".join(span.text for span in spans(chart.reading) if span.kind is Kind.OWN)
        assert len(called) < 3 or called not in own
        assert set(chart.picture.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_a_name_in_a_reading_is_marked() -> None:
    (first, *_) = charts_of(everything("<b>"), "")["as-written"]
    assert name("<b>") in first.reading
