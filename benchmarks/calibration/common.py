"""What the scripts of this folder have in common: their options, and a series of sessions that can be resumed.

A series is ``quiet`` or under ``load``. Under load another processor works on and off, and the arms have
all the others; a machine with one processor has no such series. A quiet series says beside each session
what others took of the machine, and a series in which too many sessions were disturbed is told as what it
is, *not quiet*, whatever its name.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.calibration import others
from benchmarks.calibration.figures import Promise, State, exit_code, percent
from benchmarks.calibration.keep import Entry, Journal, KeepError
from benchmarks.calibration.load import Load, load_on
from harness.errors import ExitCode, HarnessError

T = TypeVar("T")

QUIET, LOAD = "quiet", "load"
LISTEN_S = 3.0
QUICK_SESSIONS = 4

ROOT = Path(__file__).resolve().parents[2]

Session = Callable[[int], Entry]  # the number of the session -> what it found
Enough = Callable[[Sequence[Entry]], bool]


@dataclass(frozen=True, kw_only=True)
class Options:
    """What every script is told."""

    keep: Path
    series: str
    minutes: float | None
    seed: int
    quick: bool
    tell: bool
    json: bool

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Options:
        """Take what is common from a script's arguments."""
        return cls(**{name: getattr(arguments, name) for name in cls.__dataclass_fields__})


def parser(text: str | None, *, several: bool = False) -> argparse.ArgumentParser:
    """Return a parser with the options that all scripts have; with `several`, ``--keep`` may be said again."""
    made = argparse.ArgumentParser(
        description=text, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    told = "raw data; the same again goes on there"
    made.add_argument(
        "--keep",
        type=Path,
        required=True,
        metavar="DIR",
        action="append" if several else "store",
        help=f"{told}; several with --tell are told as one" if several else told,
    )
    made.add_argument("--series", choices=(QUIET, LOAD), default=QUIET, help="with nobody else, or with an on/off load")
    made.add_argument("--minutes", type=float, help="begin no session after so many; call again to go on")
    made.add_argument("--seed", type=int, default=1, help="of orders, inputs and the load's times")
    made.add_argument("--quick", action="store_true", help="tiny sessions, to see that it works; no promise is judged")
    made.add_argument("--tell", action="store_true", help="measure nothing, say what was found so far")
    made.add_argument("--json", action="store_true", help="one line of JSON instead of sentences")
    return made


# -- a series -------------------------------------------------------------------------------------


def go_on(journal: Journal, options: Options, shape: dict[str, Any], session: Session, enough: Enough) -> list[Entry]:
    """Measure sessions until there are enough, or until the time of this call is over; return all of the series.

    `shape` is what must be the same in all sessions of a series: their figures are told together. Who only
    tells measures nothing that could be of another shape, and need not know with which options it was measured.
    """
    if options.tell:
        return kept(journal, options, options.series)
    enough = first(QUICK_SESSIONS) if options.quick else enough
    entries = journal.read(options.series)
    refuse_another_shape(journal, entries, shape)
    if enough(entries):
        return entries
    end = None if options.minutes is None else time.monotonic() + 60 * options.minutes
    with _surroundings(options, len(entries)) as load:
        while not enough(entries) and (end is None or time.monotonic() < end):
            entry = _watched(len(entries), options, shape, session, load)
            entries.append(journal.add(entry))
            print(_line(entry), file=sys.stderr, flush=True)
    return entries


def kept(journal: Journal, options: Options, series: str) -> list[Entry]:
    """Return the sessions of a series to be told; tiny ones only to whoever knows that they are."""
    entries = journal.read(series)
    if not options.quick and any(entry.get("quick") for entry in entries):
        raise KeepError(f"{journal.folder} holds tiny sessions, by which no promise is judged; add --quick")
    return entries


def refuse_another_shape(journal: Journal, entries: Sequence[Entry], shape: dict[str, Any]) -> None:
    """Raise where sessions of another shape are kept, or of one that is not known."""
    for entry in entries:
        if entry.get("shape") != shape:
            known = entry.get("shape", "unknown")
            raise KeepError(f"{journal.folder} holds sessions of another size: {known}; name another --keep")


def first(number: int) -> Enough:
    """Be content with so many sessions."""
    return lambda entries: len(entries) >= number


def _watched(number: int, options: Options, shape: dict[str, Any], session: Session, load: Load | None) -> Entry:
    """Measure a session, and what others did meanwhile."""
    started = datetime.now(UTC).isoformat(timespec="seconds")
    helper_s = load.cpu_s() if load else 0.0
    before = others.read()
    found = session(number)
    after = others.read()
    helper_s = (load.cpu_s() if load else 0.0) - helper_s
    meanwhile = others.between(before, after, processors=others.processors(), helper_s=helper_s)
    return {
        "series": options.series,
        "number": number,
        "shape": shape,
        "quick": options.quick,
        "started_at": started,
        "wall_s": after.wall_s - before.wall_s,
        "load_cpu_s": helper_s,
        "meanwhile": meanwhile.plain(),
        **found,
    }


@contextmanager
def _surroundings(options: Options, number: int) -> Iterator[Load | None]:
    """Make the machine what the series is called, as far as that is ours to do."""
    if options.series == QUIET:
        if not options.quick:
            listen()
        yield None
        return
    known = others.allowed()
    if len(known) < 2 or not hasattr(os, "sched_setaffinity"):  # noqa: PLR2004  (one for the arms, one for the load)
        raise KeepError("a load on another processor needs two that this process may be pinned to")
    *ours, theirs = known
    with load_on(theirs, seed=options.seed + number) as load:
        os.sched_setaffinity(0, ours)
        try:
            yield load
        finally:
            os.sched_setaffinity(0, known)


def listen() -> None:
    """Refuse to begin what is to be quiet where somebody is at work already."""
    before = others.read()
    time.sleep(LISTEN_S)
    meanwhile = others.between(before, others.read(), processors=others.processors())
    if meanwhile.quiet is False:
        took = percent(meanwhile.foreign or 0)
        raise KeepError(f"this machine is not quiet: others take {took} of its processors; end them and call again")


def _line(entry: Entry) -> str:
    foreign = entry["meanwhile"]["foreign"]
    took = "unknown" if foreign is None else percent(foreign)
    return f"{entry['series']} session {entry['number']}: {entry['wall_s']:.0f} s; others took {took} of the processors"


# -- what a script says at the end ----------------------------------------------------------------


def seed_of(options: Options, number: int, part: int = 0) -> int:
    """Return the seed of a part of a session: another one for each, the same when it is measured again."""
    return (options.seed * 1_000_003 + number) * 101 + part


def surroundings_words(entries: Sequence[Entry], series: str) -> str:
    """Say what the machine was like."""
    minutes = sum(entry["wall_s"] for entry in entries) / 60
    unknown = sum(entry["meanwhile"]["quiet"] is None for entry in entries)
    text = f"{series}: {len(entries)} sessions, {minutes:.0f} minutes; {_disturbed_words(entries)}"
    return f"{text}; unknown of {unknown}" if unknown else text


def quiet_promise(entries: Sequence[Entry], series: str) -> list[Promise]:
    """Judge whether a quiet series may be called that; under a load there is nothing to judge."""
    if series != QUIET:
        return []
    seen = [entry["meanwhile"]["quiet"] for entry in entries]
    quiet = bool(seen) and None not in seen and seen.count(False) <= others.DISTURBED * len(seen)
    state = State.KEPT if quiet else State.OPEN
    return [Promise(words="the machine was quiet", found=_disturbed_words(entries), state=state)]


def _disturbed_words(entries: Sequence[Entry]) -> str:
    disturbed = sum(entry["meanwhile"]["quiet"] is False for entry in entries)
    return f"others took more than {percent(others.QUIET)} of the processors in {disturbed} of {len(entries)} sessions"


def tell(options: Options, figures: dict[str, Any], sentences: Sequence[str], promises: Sequence[Promise]) -> ExitCode:
    """Print what was found, and return how the script ends."""
    judged = () if options.quick else tuple(promises)
    if options.json:
        kept = [{"words": each.words, "found": each.found, "state": each.state} for each in judged]
        print(json.dumps({**figures, "series": options.series, "promises": kept}))
    else:
        print("\n".join([*sentences, *map(str, judged)]))
    if options.quick:
        print("tiny sessions: no promise is judged", file=sys.stderr)
    return exit_code(judged)


def run_script(script: Callable[[], ExitCode]) -> int:
    """Run a script; what is wrong with its folder, its machine or a name ends it with one sentence."""
    make_importable()
    try:
        return int(script())
    except KeepError as error:
        print(error, file=sys.stderr)
        return int(ExitCode.USAGE)
    except HarnessError as error:
        print(error, file=sys.stderr)
        return int(error.exit_code)
    except KeyboardInterrupt:
        print("interrupted: what was measured is kept; call again to go on", file=sys.stderr)
        return int(ExitCode.INTERRUPTED)


def make_importable() -> None:
    """Let the processes that are started here import these modules by their names, from wherever it is."""
    known = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if str(ROOT) not in known:
        os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, known)])


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """Return what `work` returns, and the seconds that it took."""
    begin = time.monotonic()
    made = work()
    return made, time.monotonic() - begin
