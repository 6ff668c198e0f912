"""What the machine did meanwhile, in words: how noisy a session was, why, and what can be done about it.

All of it comes from the manifest, which older runs may lack and strangers may have written: what is not
there, or is not a number, is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.core import nvml
from harness.report import words
from harness.stats.estimate import CONFIDENCE, believed_confidence
from harness.stats.noise import Grade
from harness.stats.readings import MOST, Code, Reason

NAMED = 3  # reasons in a sentence; the table has all readings
_WORSE = 1.5  # times the mean: from there on the worst process-set is worth a word of its own

_SAID: Mapping[Code, Callable[[Reason], str]] = {
    Code.FOREIGN: lambda one: f"{words.share(one.value)} of the processors' time went to somebody else{_worst(one)}",
    Code.STEAL: lambda one: f"{words.share(one.value)} was stolen by other virtual machines{_worst(one)}",
    Code.HELD_BACK: lambda one: f"a quota withheld {words.share(one.value)} of the processors' time{_worst(one)}",
    Code.WAITED: lambda one: f"blocks waited for a processor {words.share(one.value)} of their time{_worst(one)}",
    Code.PRESSURE_MEMORY: lambda one: f"tasks waited for memory {words.share(one.value)} of the time{_worst(one)}",
    Code.PRESSURE_IO: lambda one: f"tasks waited for disks {words.share(one.value)} of the time{_worst(one)}",
    Code.FAULTS: lambda one: f"{one.worst:.0f} pages had to be fetched from a disk in one process-set",
    Code.CLOCK: lambda one: f"the clock ran between {_mhz(one.value)} and {_mhz(one.worst)}",
    Code.THROTTLED: lambda one: f"the device was held back{_why(one)} after {words.share(one.value)} of the blocks",
    Code.GPU_PROCESSES: lambda one: f"{one.worst:.0f} other processes computed on the GPUs",
    Code.SLOWDOWN: lambda one: f"fixed work took {one.worst:.2f} times as long in one process-set as in another",
    Code.SCATTER: lambda one: f"fixed work strayed by {words.share(one.worst)} within a process-set",
}

_ADVICE: Mapping[Code, str] = {
    Code.FOREIGN: "end what else runs here (`top` shows it), or measure when it has ended",
    Code.STEAL: "other machines share this hardware: take one of your own, or another hour; more process-sets help too",
    Code.HELD_BACK: "the container may use less than it tries to: raise its quota, or measure with fewer --threads",
    Code.WAITED: "hardly anybody else was seen on the processors, so the frameworks' own threads outnumber them or "
    "wait for one another: try fewer --threads, or leave it as it is",
    Code.PRESSURE_MEMORY: "memory is short: end what holds it, or measure smaller cases",
    Code.PRESSURE_IO: "disks are busy, and frameworks load slowly then: wait until they are not",
    Code.FAULTS: "files were read for the first time, or memory is short: run again, and free some if they still come",
    Code.CLOCK: "the clock moves: `cpupower frequency-set -g performance`, or `nvidia-smi -lgc` on a GPU, hold it",
    Code.THROTTLED: "the device is too hot or short of power: cool it, or set a clock that it can hold",
    Code.GPU_PROCESSES: "somebody else computes on the GPU (`nvidia-smi` shows who): measure when they have ended",
    Code.SLOWDOWN: "the machine is now quick, now slow: ratios within a run hold, times from run to run do not",
    Code.SCATTER: "the machine changes its pace within a process-set: more rounds and process-sets average it out",
}

_OTHERS = frozenset({Code.FOREIGN, Code.STEAL})  # only beside one of these was a block kept waiting by somebody else
_KEPT_WAITING = "something else wants the same processors: end it, or keep it off them (`taskset`, cpusets)"

_BETTER: Mapping[Grade, str] = {
    Grade.FAIR: "small differences need more process-sets: --profile rigorous goes on until they suffice",
    Grade.NOISY: "only gross differences are told apart: --profile rigorous measures up to 20 process-sets",
    Grade.UNUSABLE: "hardly any difference is told apart: make the machine quieter before measuring on it",
}


def sentence(manifest: Mapping[str, Any]) -> str:
    """Say how noisy a run was and why, or nothing where it was not graded."""
    word, found = grade(manifest), _grade(manifest)
    seen = _number(found.get("seen"))
    if word is None or seen is None:
        return ""
    several = (_number(found.get("sets")) or 0) >= 2  # noqa: PLR2004  (one has no spread)
    by = _by(manifest) if several else " by its one process-set"
    could = f"differences from {words.share(seen)} on" if seen < 1 else "no difference below 100 %"
    said = f"noise: {word}: {could} could be seen{by}"
    told = [say(reason) for reason in reasons(manifest)[:NAMED]]
    return "; ".join([f"{said}{more_sets(manifest)}", *([", ".join(told)] if told else [])])


def more_sets(manifest: Mapping[str, Any]) -> str:
    """Say what finding 2 % would take, where the session was too noisy for that."""
    found = _grade(manifest)
    needed, had = _mapping(found.get("sets_to_find")), _number(found.get("sets")) or 0
    if found.get("word") in (Grade.QUIET, None) or "0.02" not in needed or had < 2:  # noqa: PLR2004  (one has no spread)
        return ""
    sets = _number(needed["0.02"])
    if sets is None:
        return "; a difference of 2 % cannot be found on such a machine"
    return f"; a difference of 2 % would take about {sets:.0f} process-sets" if sets > had else ""


def grade(manifest: Mapping[str, Any]) -> Grade | None:
    """Return the word for a run, if it was graded."""
    word = _grade(manifest).get("word")
    return Grade(word) if word in list(Grade) else None


def say(reason: Reason) -> str:
    """Return one reason in words."""
    return _SAID[reason.code](reason)


def advice(word: Grade | None, found: Sequence[Reason]) -> list[str]:
    """Return what can be done: nothing on a quiet machine, else what helps most first."""
    if word is None or word is Grade.QUIET:
        return []
    codes = {reason.code for reason in found}
    known = {**_ADVICE, Code.WAITED: _KEPT_WAITING} if codes & _OTHERS else _ADVICE
    return [*dict.fromkeys(known[reason.code] for reason in found), _BETTER[word]]


def remarks(manifest: Mapping[str, Any]) -> list[str]:
    """Return all that the readings say, and what can be done about it."""
    found = reasons(manifest)
    return [*map(say, found), *advice(grade(manifest), found)]


def reasons(manifest: Mapping[str, Any]) -> list[Reason]:
    """Return the reasons that a manifest holds."""
    found = _grade(manifest).get("reasons")
    return [reason for one in (found if isinstance(found, list) else []) if (reason := _reason(_mapping(one)))]


def table(manifest: Mapping[str, Any]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the head and the rows of a table of readings, one row a process-set; what no set shows has no column."""
    sets = _mapping(manifest.get("noise")).get("sets")
    known = [_mapping(one) for one in (sets if isinstance(sets, list) else [])]
    columns = [(head, cells) for head, cell in _COLUMNS if any(cells := [cell(one) for one in known])]
    rows = [tuple(cells[at] or words.UNKNOWN for _, cells in columns) for at in range(len(known))]
    numbered = [(str(at + 1), *row) for at, row in enumerate(rows)]
    return ("process-set", *(head for head, _ in columns)), numbered if columns else []


def _percent(*path: str) -> Callable[[Mapping[str, Any]], str]:
    def cell(reading: Mapping[str, Any]) -> str:
        value = _number(_at(reading, *path))
        return "" if value is None else words.share(value)

    return cell


def _plain(form: str, *path: str) -> Callable[[Mapping[str, Any]], str]:
    def cell(reading: Mapping[str, Any]) -> str:
        value = _number(_at(reading, *path))
        return "" if value is None else format(value, form)

    return cell


def _clocks(reading: Mapping[str, Any]) -> str:
    ends = reading.get("clock_mhz")
    numbers = [number for end in (ends if isinstance(ends, list) else []) if (number := _number(end)) is not None]
    return f"{numbers[0]:.0f} to {numbers[-1]:.0f} MHz" if numbers else ""


def _temperatures(reading: Mapping[str, Any]) -> str:
    gpus = reading.get("gpus")
    numbers = [_number(_mapping(gpu).get("temperature_c")) for gpu in (gpus if isinstance(gpus, list) else [])]
    return ", ".join(f"{number:.0f} °C" for number in numbers if number is not None)


def _slowdown(reading: Mapping[str, Any]) -> str:
    value = _number(_at(reading, "sentinel", "slowdown"))
    return "" if value is None else f"× {value:.2f}"


_COLUMNS: tuple[tuple[str, Callable[[Mapping[str, Any]], str]], ...] = (
    ("seconds", _plain(".1f", "wall_s")),
    ("ours", _percent("ours")),
    ("others", _percent("foreign")),
    ("stolen", _percent("steal")),
    ("by quota", _percent("held_back")),
    ("load", _plain(".1f", "load")),
    ("blocks waited", _percent("waited")),
    ("waiting for processors", _percent("pressure", "cpu")),
    ("for memory", _percent("pressure", "memory")),
    ("for disks", _percent("pressure", "io")),
    ("clock", _clocks),
    ("temperature", _temperatures),
    ("fixed work", _slowdown),
)


def _reason(one: Mapping[str, Any]) -> Reason | None:
    value, worst = _number(one.get("value")), _number(one.get("worst"))
    if one.get("code") not in list(Code) or value is None or worst is None:
        return None
    detail = one.get("detail")
    return Reason(code=Code(one["code"]), value=value, worst=worst, detail=detail if detail in nvml.NAMES else "")


def _worst(one: Reason) -> str:
    return f" ({words.share(one.worst)} in the worst process-set)" if one.worst > _WORSE * one.value else ""


def _why(one: Reason) -> str:
    return f" ({one.detail})" if one.detail else ""


def _mhz(value: float) -> str:
    return f"{value / 1000:.2f} GHz"


def _at(reading: Mapping[str, Any], *path: str) -> object:
    found: object = reading
    for name in path:
        found = _mapping(found).get(name)
    return found


def _by(manifest: Mapping[str, Any]) -> str:
    """Say by what intervals a run was graded, where its ratios have others: the two would not agree."""
    own, ratios = (_confidence(held) for held in (_grade(manifest), _mapping(manifest.get("measure"))))
    return "" if own == ratios else f" by intervals of {100 * own:.6g} %"


def _confidence(held: Mapping[str, Any]) -> float:
    return believed_confidence(held.get("confidence")) or CONFIDENCE


def _grade(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    return _mapping(_mapping(manifest.get("noise")).get("grade"))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _number(value: object) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and -MOST < value < MOST
    return float(value) if known else None  # type: ignore[arg-type]
