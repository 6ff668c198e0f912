"""What a picture is, as a value: drawn by `figures`, linked by `markdown`, checked by tests without drawing."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Dot:
    """One value with its interval, where it has one."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One case: a dot for each target, and a word for each that has none. `key` says which contest it shows."""

    name: str
    dots: dict[str, Dot]
    gaps: dict[str, str]
    key: str = ""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What all pictures have: a file name, the section where they belong, and what they show in words."""

    name: str
    section: str
    title: str
    alt: str
    unit: str
    targets: tuple[str, ...]  # all of the run, so that one target looks the same in every picture
    told: tuple[str, ...] = ()  # what stands below it, the first as what matters: of one that is passed on alone


@dataclass(frozen=True, kw_only=True)
class Lanes(Picture):
    """Dots beside one another, a lane for each case."""

    lanes: tuple[Lane, ...]
    line_at_one: bool


@dataclass(frozen=True, kw_only=True)
class Lines(Picture):
    """A line for each target, speed against size.

    `level` says of some targets up to which size their line is launch-bound: time hardly grows with the work.
    """

    lines: dict[str, tuple[Dot, ...]]
    size: str
    level: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Values in their order, one line a target."""

    name: str
    lines: dict[str, tuple[float, ...]]


@dataclass(frozen=True, kw_only=True)
class Curves(Picture):
    """Small pictures beside one another, on axes of their own: what happens step by step."""

    panels: tuple[Panel, ...]
    step: str  # what the horizontal axis counts
    goal: float | None = None  # a line across


@dataclass(frozen=True, kw_only=True)
class Shade:
    """One field of a map: a ratio with its interval, how it stands, or a word where there is none."""

    standing: str  # "faster", "slower", "tie", "reference", or a word: an outcome, "indicative", "other class"
    ratio: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One case of a map: a field for each target."""

    name: str
    fields: dict[str, Shade]


@dataclass(frozen=True, kw_only=True)
class Map(Picture):
    """Ratios everywhere at once: a line for each case, a column for each of `targets` that is in any line."""

    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class Roof:
    """What a device can do: so many operations a second, and so many bytes. `measured` or told by a data sheet."""

    name: str
    flops_per_s: float | None
    bytes_per_s: float | None
    measured: bool


@dataclass(frozen=True, kw_only=True)
class Roofline(Picture):
    """Operations a second against operations a byte, under roofs; dots bear the names of their cases."""

    roofs: tuple[Roof, ...]
    points: dict[str, tuple[tuple[str, Dot], ...]]


@dataclass(frozen=True, kw_only=True)
class Bar:
    """Parts of a time, one after another; a part that nobody told is not there."""

    name: str
    target: str
    parts: dict[str, float]  # seconds, or bytes
    note: str = ""  # beside the bar: "then 2.31 ms a call; repaid after 40 calls"


@dataclass(frozen=True, kw_only=True)
class Stacks(Picture):
    """Bars from zero, in groups by name, made of parts."""

    bars: tuple[Bar, ...]
    parts: tuple[str, ...]  # in the order in which they are laid


@dataclass(frozen=True, kw_only=True)
class Tradeoff(Picture):
    """Latency against throughput: a line for each target, a labelled dot for each size of batch.

    `tails` holds, by target and label, what 99 of 100 calls stay below; `unbeaten` the labels of those dots that no
    other is below and to the right of.
    """

    lines: dict[str, tuple[tuple[str, Dot], ...]]  # (label, throughput as x and latency as y)
    across: str  # what the horizontal axis is
    tails: dict[str, dict[str, float]] = field(default_factory=dict)
    unbeaten: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Reached(Picture):
    """How many of the tries had come to their goal after so much time; those that never did keep the line low."""

    lines: dict[str, tuple[tuple[float, ...], int]]  # times of those that did, and how many tried
    across: str


def slug(text: str, identity: object = "") -> str:
    """Return a file name that says what it can of `text` and differs where `text` or `identity` do."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60]
    if plain and plain == text and not identity:
        return plain
    digest = hashlib.sha256(f"{text}\0{identity}".encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{plain}-{digest}".strip("-")
