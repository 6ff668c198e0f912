"""Pages: answers first, every arm on it, no cell empty, the same bytes each time, whatever the names hold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from harness.report.answers import conclusions, first_sentence
from harness.report.content import plain
from harness.report.findings import Problem, RunFindings
from harness.report.headline import headline
from harness.report.load import Reported
from harness.report.render.markdown import inline
from harness.report.rows import sample_frame
from harness.report.step_summary import summary
from harness.report.summarise import summarise
from harness.store.record import Measurement, Outcome
from tests.core.report.paged import anchors, of_runs, page, paged, table_called, texts
from tests.core.report.synthetic import REFERENCE, arm, run, squares, unmeasured
from tests.core.report.test_escape import HOSTILE

SPEEDS = {REFERENCE: 1.0, "jax.jit@cpu": 0.8, "torch.compile@cpu": 0.5, "numpy.reference@cpu": 3.0}
OURS = {
    *("table", "thead", "tbody", "tr", "th", "td", "code", "p", "h1", "h2", "h3", "ul", "li", "pre", "img", "strong"),
    *("details", "summary", "a"),
}
VERDICTS = {"faster", "slower", "tie", "wins", "behind"}
MANIFEST = {
    "command": "python -m harness run suites/gemm.yaml",
    "machine": {"cpu": {"model": "Imaginary CPU", "logical": 2}, "memory": {"total_bytes": 8 << 30}, "gpus": []},
    "measure": {"profile": "standard"},
    "environments": {"jax.jit@cpu": {"framework_version": "9.9", "flags": ["--one", "--two"]}},
    "files": {"measurements": {"sha256": "ab" * 32, "bytes": 4096, "rows": 15}, "samples": {"sha256": 7}},
}


def found(rows: Sequence[Measurement] | None = None, *, sets: int = 5, state: str = "complete") -> RunFindings:
    """Return a run's findings; `rows` replace those that were made up."""
    made, samples = run(squares(3), SPEEDS, noise=0.001, sets=sets, seed=5)
    return summarise(rows or made, sample_frame(samples), manifest=MANIFEST, state=state)


def cells(text: str) -> list[str]:
    """Return the cells of all tables."""
    rows = [line for line in text.splitlines() if line.startswith("|")]
    return [cell.strip() for row in rows for cell in row.strip("|").split(" | ")]


def test_the_answers_come_first() -> None:
    """Who wins, by how much, whether to believe it, what became of the arms, where, and how to do it again."""
    top = page(found()).partition("###")[0]
    assert re.search(r"`torch\.compile@cpu` is 1\.(59|60)\d* times as fast", top)
    assert "**Verdicts hold:**" in top
    assert "15 measured" in top
    assert "Imaginary CPU, 2 logical processors, 8 GiB of memory" in top
    assert "\npython -m harness run suites/gemm.yaml\n" in top
    assert "| `torch.compile@cpu` | 1 | 3 | 0 | 0 | 0 | 0 |" in top


def test_few_sets_are_called_indicative_at_once() -> None:
    """And no verdict stands anywhere."""
    made = paged(found(sets=2))
    assert "indicative" in page(found(sets=2)).partition("###")[0]
    for table in made.tables():
        if table.name.startswith("cases-"):
            assert not VERDICTS & set(texts(table, "verdict"))
            assert not VERDICTS & set(texts(table, "in its class"))


def test_a_failed_self_check_is_said_at_once() -> None:
    """With its interval."""
    rows, samples = run(squares(3), SPEEDS, noise=0.001, copy=1.2)
    top = " ".join(headline(summarise(rows, sample_frame(samples)), str))
    assert re.search(r"gave 1\.2\d* \[1\.\d+, 1\.\d+\] over 3 cases, which misses 1: verdicts are withheld", top)
    assert "verdict withheld: torch.compile@cpu" in top


def test_a_tie_is_called_a_tie() -> None:
    """Nobody is named the fastest."""
    rows, samples = run(squares(4), {REFERENCE: 1.0, "jax.jit@cpu": 1.0}, noise=0.01, seed=3)
    said = " ".join(headline(summarise(rows, sample_frame(samples)), str))
    assert "as-written: a tie:" in said
    assert "times as fast" not in said


def test_every_outcome_has_its_line_and_its_reason() -> None:
    """A rejected time stands there and nowhere else; a prediction stands apart."""
    rows, samples = run(squares(1), SPEEDS)
    target = "jax.jit@cpu"
    base = next(row for row in rows if row.target == target)
    others = [
        unmeasured(replace(base, case=f"c-{outcome}", case_key=outcome), outcome, f"error: because {outcome}")
        for outcome in Outcome
        if outcome != "measured"
    ]
    others = [replace(row, predicted_s=0.25) if row.outcome == "predicted" else row for row in others]
    everything = summarise([*rows, *others], sample_frame(samples))
    text = of_runs(page(everything))
    for row in others:
        assert f"| `{row.case}` | `{target}` | {row.outcome} |" in text
        assert f"error: because {row.outcome}" in text
    assert "V1, V4: error: because invalid; rejected time" in text
    assert "the compiler estimates 250 ms" in text
    assert text.count("rejected time") == 1
    made = paged(everything)
    assert texts(table_called(made, "not-measured"), "outcome") == [
        "failed",
        "invalid",
        "not-run",
        "unavailable",
        "refused",
    ]
    assert [row.cells[3].value for row in table_called(made, "predicted").rows] == [0.25]


@pytest.mark.parametrize(
    "runs",
    [
        [found()],
        [found(sets=1)],
        [found(state="partial")],
        [found([unmeasured(arm(), "refused", "no")])],
        [found([unmeasured(arm(), "failed", " ")])],
        [found([unmeasured(arm(), "not-run")])],
        [found([arm(outcome="strange | outcome", mode_class="odd")])],
        [found(), found(sets=2)],
    ],
)
def test_no_cell_is_empty_or_no_number(runs: list[RunFindings]) -> None:
    """A gap says what it is."""
    text = page(*runs)
    assert all(cells(text))
    assert not [cell for cell in cells(text) if re.search(r"\b(nan|inf)\b|\bNone$", cell)]
    heights = [len(line.strip("|").split(" | ")) for line in text.splitlines() if line.startswith("|")]
    assert min(heights) > 1
    for table in paged(*runs).tables():
        assert {len(row.cells) for row in table.rows} <= {len(table.columns)}, table.name


def test_partial_runs_and_bad_files_are_named() -> None:
    """Where the reader cannot miss them."""
    text = page(found(state="partial"), problems=[Problem(place="runs/a.json", message="not JSON")])
    assert "(partial)" in text.partition("###")[0]
    assert "- `runs/a.json`: not JSON" in text.partition("###")[0]


def test_what_it_was_measured_on_is_there() -> None:
    """Facts of the manifest, flattened, and nothing of its bulk."""
    text = page(found())
    assert "| `environments.jax.jit@cpu.flags` | `--one, --two` |" in text
    assert "| `torch version` | `1.2.3` |" in text
    assert "| `machine.memory.total_bytes` | `8 GiB` |" in text


def test_every_number_leads_to_its_file_its_row_and_its_command() -> None:
    """The files by the hashes of the manifest, the rows by their keys, the commands as they are typed."""
    first = found()
    text = page(first)
    assert f"| `measurements/{first.run_id}.parquet` | `{'ab' * 32}` | 4 KiB | 15 |" in text
    assert f"| `samples/{first.run_id}.parquet` | `7` | – | – |" in text
    row = first.arms[0]
    assert f"| `{row.case}` | `{row.run_id}::{row.case_key}::{row.target}` |" in text
    assert f"python -m harness run suites/gemm.yaml\npython -m harness report {first.run_id}\n```" in text
    assert "harness.suite/1" in text
    assert "@misc{harness-" in text


def test_each_check_has_a_word_and_its_rule_stands_below() -> None:
    """Valid, noisy or invalid, and what that means."""
    rows, samples = run(squares(2), SPEEDS, noise=0.001, seed=5, checks_run=("V1", "V2"), max_error=1e-7)
    bad = unmeasured(replace(rows[1], case="bad", case_key="bad"), "invalid", "too good")
    made = paged(summarise([*rows, bad], sample_frame(samples)))
    table = table_called(made, "checks")
    words = dict(zip(texts(table, "case"), texts(table, "in a word"), strict=True))
    assert {plain(case): word for case, word in words.items()}["bad"] == "invalid"
    assert set(texts(table, "in a word")) == {"valid", "invalid"}
    assert [plain(text) for text in texts(table, "checks failed")].count("V1, V4") == 1
    assert "noisy:" in table.note
    alone = paged(found(sets=1))
    assert set(texts(table_called(alone, "checks"), "in a word")) == {"spread unknown"}


def test_titles_begin_with_a_capital() -> None:
    """Of sections and of tables."""
    made = paged(found(), found(sets=2))
    assert all(plain(section.title)[0].isupper() for section in made.sections)
    assert all(plain(table.title)[0].isupper() for table in made.tables())


def test_the_same_results_give_the_same_page() -> None:
    """To the byte."""
    assert page(found()) == page(found())


def test_anchors_and_names_of_pictures_are_unique() -> None:
    """Or a link would lead elsewhere, and a file would hold another's picture."""
    made = paged(found(), found(sets=2), found([unmeasured(arm(), "refused", "no")]))
    known = list(anchors(made))
    assert len(known) == len(set(known))
    pictures = [picture.name for picture in made.pictures()]
    assert len(pictures) == len(set(pictures)) > 0


@given(name=st.sampled_from(HOSTILE) | st.text(max_size=60), detail=st.sampled_from(HOSTILE))
def test_hostile_names_are_text_everywhere(name: str, detail: str) -> None:
    """In tables, headlines, captions and the summary: no markup but our own, and no link that leads out."""
    hostile: dict[str, Any] = {
        "suite": name,
        "backend": name,
        "framework_version": name,
        "device_name": name,
        "items_name": name,
    }
    hostile |= {"dtype": name, "workload": name, "device": name, "env_id": name}
    made, samples = run(squares(2), {REFERENCE: 1.0}, sets=1, rounds=1)
    label = name.encode("utf-8", "replace").decode()  # no table holds half a letter
    rows = [replace(row, case=name or "x", label=label, items_per_s=1.0, **hostile) for row in made]
    rows.append(unmeasured(replace(rows[0], case_key="other"), "failed", detail))
    rows.append(unmeasured(replace(rows[0], case_key="third", checks_run=(name,)), "invalid", detail))
    rows.append(replace(unmeasured(replace(rows[0], case_key="fourth"), name or "x", detail), predicted_s=1.0))
    manifest = {
        "command": detail,
        name: {name: detail},
        "machine": {"cpu": {"model": name}},
        "files": {"samples": {"sha256": detail}},
    }
    frame = sample_frame([replace(sample, label=label) for sample in samples])
    run_found = summarise(rows, frame, manifest=manifest, state="partial")
    text = page(run_found, problems=[Problem(place=name, message=detail)])
    text.encode()
    assert_ours(text)
    assert_ours(summary(Reported(runs=(run_found,), problems=(Problem(place=name, message=detail),))))
    for block in text.split("\n\n"):
        assert len({line.count("|") for line in block.splitlines() if line.startswith("|")}) <= 1, block


class Elements(HTMLParser):
    """The tags of a page, and where its links and pictures lead."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.places: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.places += [value or "" for key, value in attrs if key in ("href", "src")]


def assert_ours(text: str) -> None:
    """Hold a page to the elements that we write, and to links and pictures that lead to itself."""
    found = Elements()
    found.feed(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text))
    assert found.tags <= OURS
    assert all(re.match("#|figures/", place) for place in found.places)


@pytest.mark.parametrize("budget", [400, 1_000, 3_000, 60_000])
def test_a_summary_keeps_within_its_bytes(budget: int) -> None:
    """And says how much it left out; the first headline is the last to go."""
    rows = [unmeasured(arm(f"c{at}"), "failed", "crashed: ärger " + "x" * 200) for at in range(300)]
    made = Reported(runs=(found(), summarise(rows, None)), problems=())
    text = summary(made, budget=budget)
    assert len(text.encode()) <= budget
    assert text.startswith("### 2 runs\n" if budget > 1_000 else "### `gemm`, run")
    assert re.search(r"Left out for want of room: \d+ of \d+ parts", text) or budget > 3_000


def test_a_summary_says_first_who_wins_and_whether_to_trust_it() -> None:
    """In the sentences of the page, and then what its data support."""
    made = found()
    text = summary(Reported(runs=(made,), problems=()))
    heads = text.split("\n\n")
    assert heads[1] == inline(first_sentence(made))
    assert heads[2].startswith("**Verdicts hold:** The reference, measured against itself, came out equal")
    supported = [f"- {inline(told)}" for told in conclusions(made)]
    assert heads[3].splitlines()[: len(supported)] == supported
    assert len(supported) > 2
    assert "**No verdict:** 1 fresh start" in summary(Reported(runs=(found(sets=1),), problems=()))


def test_a_summary_of_several_runs_has_them_in_a_table_unless_that_takes_the_room() -> None:
    text = summary(Reported(runs=(found(), found(sets=1)), problems=()))
    rows = [line for line in text.partition("### `gemm`")[0].splitlines() if line.startswith("| `gemm` |")]
    assert [row.rpartition(" | ")[2] for row in rows] == ["verdicts hold |", "no verdict |"]
    many = summary(Reported(runs=(found(),) * 80, problems=()))
    assert many.startswith("### `gemm`, run")
    assert many.count("**Verdicts hold:**") > 20


def test_a_summary_has_the_ranking_and_what_was_not_measured() -> None:
    """In that order."""
    rows, samples = run(squares(1), SPEEDS, noise=0.001, seed=5)
    rows.append(unmeasured(arm("lost", "jax.jit@cpu"), "failed", "crashed: gone"))
    text = summary(Reported(runs=(summarise(rows, sample_frame(samples)),), problems=()))
    ranking, reason = text.index("| `torch.compile@cpu` | 1 |"), text.index("- failed: `lost` on `jax.jit@cpu`:")
    assert ranking < reason
    assert "crashed: gone" in text[reason:]
