"""What all charts share: how targets and files are called, and short words for what has no number."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import TypeVar

from harness.report import words
from harness.report.boards import is_withheld
from harness.report.confidence import confidence_of
from harness.report.content import Chart
from harness.report.escape import visible
from harness.report.findings import CaseFindings, Entry, RunFindings, name_of
from harness.report.headline import is_indicative
from harness.report.picture import slug
from harness.stats.compare import Status
from harness.store.record import Failure, Measurement, Outcome

MOST_CASES = 300  # of a chart; the tables have them all
MANY = 100  # cases: a dozen panels and a few pictures of a kind show what they have to show
HUGE = 1_000  # cases: nobody looks through dozens of pictures that show but a fraction, and drawing takes seconds
FEW_CASES = 50  # of a chart then
NO_INTERVALS = "There are no intervals, because one fresh start tells nothing of the spread: this is indicative."

Item = TypeVar("Item")

_FACETS = ("backend", "device", "target", "dtype", "workload", "class", "outcome")

_FAILED: Mapping[str, str] = {
    Failure.WRONG: "wrong answer",
    Failure.OOM_DEVICE: "out of memory",
    Failure.OOM_HOST: "out of memory",
    Failure.TIMEOUT: "timed out",
    Failure.CRASHED: "crashed",
    Failure.ERROR: "error",
    Failure.COMPILE: "compile error",
    Failure.UNPROVABLE: "cannot be proved",
    Failure.UNREACHED: "goal not reached",
}


@dataclass(frozen=True, kw_only=True)
class Look:
    """What the pictures of a run share: all its targets, how the names of their files begin, whether to be few."""

    targets: tuple[str, ...]
    prefix: str = ""
    many: bool = False  # a run of so many cases that pictures by the dozen would show but a fraction of them

    def most(self, usual: int, few: int) -> int:
        """Return how many of something are drawn at most."""
        return few if self.many else usual

    def file(self, text: str, identity: object = "") -> str:
        """Return the name of a picture's file."""
        return slug(f"{self.prefix}{text}", identity)


def time_of(arm: Measurement) -> float | None:
    """Return the time of an arm that has one; the second copy of the reference is for the self-check alone."""
    sound = arm.outcome == Outcome.MEASURED and arm.replica == 0 and words.known(arm.time_s) and arm.time_s > 0
    return arm.time_s if sound else None


def gap(entry: Entry) -> str:
    """Say in a word or two why an arm has no ratio to the reference."""
    if entry.measured:
        return "no reference" if entry.beside_reference is None else Status.NOT_COMPARABLE
    return became(entry.arm)


def became(arm: Measurement) -> str:
    """Say in a word or two what became of an arm that was not measured."""
    if arm.outcome == Outcome.FAILED:
        return _FAILED.get(arm.detail.partition(":")[0], Outcome.FAILED)
    return str(arm.outcome)


def holds(run: RunFindings, case: CaseFindings) -> bool:
    """Whether verdicts stand in a case: the self-check of the run was passed, and that of the case did not fail."""
    return not is_withheld(run.self_check, case.self_check)


def sureness(run: RunFindings) -> str:
    """Return how sure the interval of a ratio is: ``95 %``, or more where a run was looked at several times."""
    return f"{100 * confidence_of(run.manifest):.6g} %"


def marked(title: str, run: RunFindings) -> str:
    """Return a title that says itself that there is no verdict: a picture travels without its page."""
    return f"{title}, indicative" if is_indicative(run) else title


def parted(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    """Return `items` in parts of at most `size`."""
    return [items[at : at + size] for at in range(0, len(items), size)]


def drawn_of(cases: Sequence[Item]) -> Sequence[Item]:
    """Return the cases that a chart of several pictures shows: all, or of many the first, of very many only a few."""
    return cases[: MOST_CASES if len(cases) <= HUGE else FEW_CASES]


def numbered(title: str, at: int, count: int) -> str:
    """Return a title that tells the parts of a picture apart."""
    return title if count == 1 else f"{title} ({at + 1} of {count})"


def left_out(shown: int, planned: int) -> str:
    """Say that a chart does not show all cases, or nothing where it does."""
    return f" The chart shows {shown} of {planned} cases; the table has them all." if shown < planned else ""


def with_rest(made: Sequence[Chart], rest: int, what: str) -> list[Chart]:
    """Return charts of which the last one says how many more are not drawn, where any are not."""
    if rest <= 0:
        return list(made)
    *others, last = made
    return [*others, replace(last, reading=f"{last.reading} {rest} more {what} are not drawn; the tables have them.")]


def apart(mine: Mapping[str, str], others: Sequence[Mapping[str, str]], *, but: Collection[str] = ()) -> list[str]:
    """Return in words what tells one from others that are like it: ``op max``, where another has ``op sum``."""
    differing = {known for other in others for known, _ in other.items() ^ mine.items()} - set(but)
    return [f"{known} {mine[known]}" for known in sorted(differing) if known in mine]


def facets(arm: Measurement, mode_class: str = "") -> Mapping[str, str]:
    """Return what a row about an arm may be filtered by; the class is that of the table, where it has one."""
    mode_class = mode_class or arm.mode_class
    return _facets(arm.backend, arm.device, name_of(arm), arm.dtype, arm.workload, mode_class, arm.outcome)


@lru_cache(maxsize=4096)  # thousands of rows share a few
def _facets(*values: str) -> Mapping[str, str]:
    known = zip(_FACETS, values, strict=True)
    return MappingProxyType({key: visible(value) for key, value in known if value.strip()})
