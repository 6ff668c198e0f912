"""The part of a page that is about one run: its answer first, then who wins, then all that stands behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain

from harness.report.answers import answer, conclusions
from harness.report.charts import charts_of
from harness.report.content import Block, Bullets, Chart, Section, name
from harness.report.findings import Board, RunFindings
from harness.report.pages.cases import cases
from harness.report.pages.cells import part
from harness.report.pages.contests import of_contests
from harness.report.pages.costs import first_calls, latencies, scaling
from harness.report.pages.outcomes import predictions, what_became
from harness.report.pages.sources import again, cite, environment, sources
from harness.report.pages.training import phases, quality, sameness
from harness.report.pages.validity import whether_to_believe


def sections_of(run: RunFindings, prefix: str, *, pictured: bool = True) -> Iterator[Section]:
    """Yield the sections about a run; `prefix` is how the names of its pictures and its contests begin."""
    drawn = charts_of(run, prefix, pictured=pictured)
    yield _answer(run)
    yield from part("conclusions", "What the data support", _conclusions(run))
    for board in run.boards:
        yield from _board(board, drawn, prefix)
    yield from part("map", "By how much, everywhere", drawn.get("map", ()))
    yield from part("roofline", "How near the hardware", drawn.get("roofline", ()))
    yield from part("size", "Speed against size", drawn.get("size", ()))
    yield from part("threads", "Scaling with threads", chain(drawn.get("threads", ()), scaling(run)))
    yield from part("latency", "Serving: latency and throughput", chain(drawn.get("tradeoff", ()), latencies(run)))
    yield from part("cold", "First calls: what a cold start costs", chain(drawn.get("cold", ()), first_calls(run)))
    yield from _training(run, drawn)
    yield from part("memory-used", "Memory", drawn.get("memory", ()))
    yield from part("predictions", "Predicted, not run", predictions(run))
    yield from part("outcomes", "What could not be measured", what_became(run))
    yield from part("noise", "Noise and validity", whether_to_believe(run))
    yield from part("machine", "Environment", environment(run))
    yield from part("sources", "Where every number comes from", sources(run))
    yield from part("again", "To reproduce", again(run))
    yield from part("cite", "To cite", cite(run))


def _answer(run: RunFindings) -> Section:
    """Return the first screen, under the name of the run: it is the head of the whole part."""
    partial = "" if run.state == "complete" else f" ({run.state})"
    return replace(answer(run), title=f"Suite {name(run.suite)}, run {name(run.run_id)}{partial}", level=2)


def _conclusions(run: RunFindings) -> Iterator[Block]:
    found = conclusions(run)
    if found:
        yield Bullets(items=found)


def _board(board: Board, drawn: Mapping[str, tuple[Chart, ...]], prefix: str) -> Iterator[Section]:
    title = f"Who wins: {board.mode_class}" if board.ranked else "Not ranked"
    charts = [of_contests(chart, prefix, board.mode_class) for chart in drawn.get(board.mode_class, ())]
    yield from part(f"class-{board.mode_class.replace(' ', '-')}", title, chain(charts, [cases(board)]))


def _training(run: RunFindings, drawn: Mapping[str, tuple[Chart, ...]]) -> Iterator[Section]:
    yield from part("same", "Training: is it the same?", sameness(run))
    yield from part("losses", "Training: loss, step by step", drawn.get("losses", ()))
    yield from part("steps", "Training: where a step's time goes", chain(drawn.get("phases", ()), phases(run)))
    yield from part("accuracy", "Training: quality", chain(drawn.get("quality", ()), quality(run)))
