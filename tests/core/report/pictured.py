"""Made-up pictures of every kind, for the tests of drawings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from harness.report.picture import (
    Bar,
    Curves,
    Dot,
    Lane,
    Lanes,
    Lines,
    Map,
    Panel,
    Picture,
    Reached,
    Roof,
    Roofline,
    Row,
    Shade,
    Stacks,
    Tradeoff,
)

TARGETS = ("torch.eager@cpu", "jax.jit@cpu", "tensorflow.function@cpu")
NINE = (*TARGETS, *(f"backend{at}.mode@cuda:0" for at in range(6)))
MOST = {"lanes": 25, "rows": 60, "panels": 12, "bars": 12}  # of one picture
STANDINGS = ("faster", "slower", "tie", "indicative", "withheld", "out of memory", "timed out", "refused")


def looks(targets: Sequence[str] = TARGETS, text: str = "a title", **values: Any) -> dict[str, Any]:
    """Return what every picture has."""
    said = {"name": "a-picture", "section": "size", "title": text, "alt": text, "unit": text, "targets": (*targets,)}
    return {**said, **values}


def dot(value: float, x: float = 1.0, spread: float = 0.03) -> Dot:
    """Return a dot of a plane, with an interval."""
    return Dot(x=x, y=value, low=value * (1 - spread), high=value * (1 + spread))


def ratio(value: float, low: float, high: float) -> Dot:
    """Return a dot of a lane."""
    return Dot(x=value, y=0.0, low=low, high=high)


def lanes(cases: int = 3, targets: Sequence[str] = TARGETS, text: str = "square") -> Lanes:
    """Return lanes with a dot for each target but the last one, which has a word."""
    made = [
        Lane(
            name=f"{text}[{case}]",
            dots={target: ratio(1.1**at, 1.1**at * 0.99, 1.1**at * 1.02) for at, target in enumerate(targets[:-1])},
            gaps={targets[-1]: text},
            key=f"key-{case}",
        )
        for case in range(min(cases, MOST["lanes"]))
    ]
    return Lanes(**looks(targets, text), lanes=tuple(made), line_at_one=True)


def lines(cases: int = 3, targets: Sequence[str] = TARGETS, text: str = "FLOP/s", *, level: bool = True) -> Lines:
    """Return a line for each target; the last one is launch-bound through its first half."""
    drawn = {
        target: tuple(dot(1e9 * (at + 1) * (case + 1) ** 0.7, 2.0 + case) for case in range(cases))
        for at, target in enumerate(targets)
    }
    bound = {targets[-1]: 2.0 + cases // 2} if level else {}
    return Lines(**looks(targets, text), lines=drawn, size=text, level=bound)


def curves(cases: int = 3, targets: Sequence[str] = TARGETS, text: str = "mlp") -> Curves:
    """Return panels of lines that lie on each other; one has a value that is no number."""
    panels = [
        Panel(
            name=f"{text}[{case}]",
            lines=dict.fromkeys(targets, (2.3, 2.1, float("nan") if case == 1 else 2.0, 1.7, 1.5)),
        )
        for case in range(min(cases, MOST["panels"]))
    ]
    return Curves(**looks(targets, text), panels=tuple(panels), step=text, goal=1.6)


def shade(at: int, ratio: float = 1.3) -> Shade:
    """Return a field; the first ones of `STANDINGS` have a ratio."""
    standing = STANDINGS[at % len(STANDINGS)]
    if at % len(STANDINGS) > STANDINGS.index("withheld"):
        return Shade(standing=standing)
    value = 1 / ratio if standing == "faster" else ratio
    return Shade(standing=standing, ratio=value, low=value * 0.98, high=value * 1.02)


def ratios(cases: int = 3, targets: Sequence[str] = TARGETS, text: str = "square") -> Map:
    """Return a map whose first column is the reference."""
    rows = [
        Row(
            name=f"{text}[{case}]",
            fields={targets[0]: Shade(standing="reference")}
            | {target: shade(case + at, 1.0 + 0.2 * (at + 1)) for at, target in enumerate(targets[1:])},
        )
        for case in range(min(cases, MOST["rows"]))
    ]
    return Map(**looks(targets, text), rows=tuple(rows))


def roofline(cases: int = 3, targets: Sequence[str] = TARGETS, text: str = "square") -> Roofline:
    """Return dots below a measured roof, one of a data sheet, one of memory alone and one of arithmetic alone."""
    roofs = (
        Roof(name=f"{text} here", flops_per_s=1e11, bytes_per_s=2e10, measured=True),
        Roof(name=f"{text} told", flops_per_s=3e11, bytes_per_s=4e10, measured=False),
        Roof(name=text, flops_per_s=None, bytes_per_s=1e10, measured=True),
        Roof(name=text, flops_per_s=2e11, bytes_per_s=None, measured=False),
    )
    points = {
        target: tuple((f"{text}[{case}]", dot(1e9 * (case + 1) / (at + 1), 0.3 + case)) for case in range(cases))
        for at, target in enumerate(targets)
    }
    return Roofline(**looks(targets, text), roofs=roofs, points=points)


def stacks(cases: int = 3, targets: Sequence[str] = TARGETS, text: str = "seconds") -> Stacks:
    """Return bars of four parts, one of which is hardly to be seen."""
    parts = (text, "prepare", "compile", "first call")
    bars = [
        Bar(
            name=f"{text}[{case}]",
            target=target,
            parts=dict(zip(parts, (1.5, 0.01, 0.4 * at, 0.2 + case), strict=True)),
            note=f"then 1.23 ms a call{f'; {text}' if at else ''}",
        )
        for case in range(min(cases, MOST["bars"]))
        for at, target in enumerate(targets)
    ]
    return Stacks(**looks(targets, text), bars=tuple(bars), parts=parts)


def tradeoff(cases: int = 3, targets: Sequence[str] = TARGETS, text: str = "latency") -> Tradeoff:
    """Return lines whose dots are close to each other where there are many; the first line has all else."""
    drawn = {
        target: tuple((f"{text} {2**case}", dot(1e-3 * 1.1**case, 1e3 * 1.05**case + at)) for case in range(cases))
        for at, target in enumerate(targets)
    }
    labels = [label for label, _ in drawn[targets[0]]]
    return Tradeoff(
        **looks(targets, text),
        lines=drawn,
        across=text,
        tails={targets[0]: {label: dot.y * 1.5 for label, dot in drawn[targets[0]]}},
        unbeaten={targets[0]: tuple(labels[::2])},
    )


def reached(cases: int = 3, targets: Sequence[str] = TARGETS, text: str = "seconds") -> Reached:
    """Return targets all of whose tries but two came to the goal."""
    drawn = {
        target: (tuple(0.5 * (at + 1) + case for case in range(cases)), cases + 2) for at, target in enumerate(targets)
    }
    return Reached(**looks(targets, text), lines=drawn, across=text)


EVERY: dict[str, Callable[..., Picture]] = {
    "lanes": lanes,
    "lines": lines,
    "curves": curves,
    "map": ratios,
    "roofline": roofline,
    "stacks": stacks,
    "tradeoff": tradeoff,
    "reached": reached,
}


def emptied(targets: Sequence[str] = TARGETS) -> list[Picture]:
    """Return a picture of every kind that has nothing a logarithm or an axis could take."""
    bad = Dot(x=0.0, y=float("nan"), low=-1.0, high=float("inf"))
    common = looks(targets)
    first = targets[0]
    return [
        Lanes(**common, lanes=(), line_at_one=True),
        Lanes(**common, lanes=(Lane(name="a", dots={first: bad}, gaps={}),), line_at_one=False),
        Lines(**common, lines={first: (bad,)}, size="m"),
        Lines(**common, lines={}, size="m"),
        Curves(**common, panels=(Panel(name="a", lines={first: (float("nan"),)}),), step="step"),
        Curves(**common, panels=(), step="step", goal=0.5),
        Map(**common, rows=()),
        Roofline(**common, roofs=(), points={first: (("a", bad),)}),
        Stacks(**common, bars=(Bar(name="a", target=first, parts={"b": float("nan")}),), parts=("b",)),
        Tradeoff(**common, lines={first: (("1", bad),)}, across="a second"),
        Reached(**common, lines={first: ((), 0)}, across="seconds"),
        Reached(**common, lines={}, across="seconds"),
    ]
