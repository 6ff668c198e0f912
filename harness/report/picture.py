"""What a picture is, as a value: drawn by `figures`, linked by `markdown`, checked by tests without drawing."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Dot:
    """One value with its interval, where it has one."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One case: a dot for each target, and a word for each that has none."""

    name: str
    dots: dict[str, Dot]
    gaps: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What all pictures have: a file name, the section where they belong, and what they show in words."""

    name: str
    section: str
    title: str
    alt: str
    unit: str
    targets: tuple[str, ...]  # all of the run, so that one target looks the same in every picture


@dataclass(frozen=True, kw_only=True)
class Lanes(Picture):
    """Dots beside one another, a lane for each case."""

    lanes: tuple[Lane, ...]
    line_at_one: bool


@dataclass(frozen=True, kw_only=True)
class Lines(Picture):
    """A line for each target, speed against size."""

    lines: dict[str, tuple[Dot, ...]]
    size: str


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


def slug(text: str, identity: object = "") -> str:
    """Return a file name that says what it can of `text` and differs where `text` or `identity` do."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60]
    if plain and plain == text and not identity:
        return plain
    digest = hashlib.sha256(f"{text}\0{identity}".encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{plain}-{digest}".strip("-")
