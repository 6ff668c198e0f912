"""The colours of a drawing's roles, on white and on dark.

A drawing names roles, never colours: a page gives each role a colour of its own, and a file the light one.
Roles are also the names of classes and of custom properties, so they hold letters, digits and dashes only.

The colours of targets are Okabe and Ito's, which colour-blind people tell apart; those that were too light
for a dot on white are darker here, and the two blues are as far apart in the order as can be. Every mark has
a contrast of 3 to 1 against the page, and every text one of 4.5 to 1 against what it stands on. No colour is
alone: a shape, a hatching or a word says the same.

>>> rules({"ink": "#000"}, "svg ")
'svg .ink{color:#000}'
"""

from __future__ import annotations

from collections.abc import Mapping

SERIES = tuple(f"s{at}" for at in range(9))
PARTS = tuple(f"p{at}" for at in range(7))
HEAT = ("h-4", "h-3", "h-2", "h-1", "h0", "h1", "h2", "h3", "h4")  # much faster ... a tie ... much slower

LIGHT: Mapping[str, str] = {
    "paper": "#ffffff",  # what everything stands on
    "ink": "#1b1f24",  # text, also that on heat
    "soft": "#57606a",  # text that may be passed over
    "faint": "#868e97",  # axes, and lines that mark a value
    "grid": "#e4e7eb",
    "void": "#868e97",  # the edge of a field that holds no verdict
    "s0": "#0072b2",
    "s1": "#d55e00",
    "s2": "#009e73",
    "s3": "#cc79a7",
    "s4": "#000000",
    "s5": "#b97e00",
    "s6": "#2e96ce",
    "s7": "#8f8700",
    "s8": "#7f7f7f",
    "h-4": "#569fd3",
    "h-3": "#84b9e2",
    "h-2": "#b3d3ee",
    "h-1": "#dbe9f6",
    "h0": "#e9ebee",
    "h1": "#fce7d0",
    "h2": "#f9cb9c",
    "h3": "#f0a860",
    "h4": "#df8330",
    "p0": "#0072b2",
    "p1": "#b97e00",
    "p2": "#009e73",
    "p3": "#cc79a7",
    "p4": "#2e96ce",
    "p5": "#d55e00",
    "p6": "#7f7f7f",
}

DARK: Mapping[str, str] = {
    "paper": "#14171a",
    "ink": "#e6e9ec",
    "soft": "#a3abb4",
    "faint": "#78818b",
    "grid": "#2c3238",
    "void": "#78818b",
    "s0": "#2b8cd0",
    "s1": "#d55e00",
    "s2": "#009e73",
    "s3": "#cc79a7",
    "s4": "#f2f2f2",
    "s5": "#e69f00",
    "s6": "#7cc7f0",
    "s7": "#f0e442",
    "s8": "#9a9a9a",
    "h-4": "#1a67a8",
    "h-3": "#19568b",
    "h-2": "#1b4468",
    "h-1": "#1d3347",
    "h0": "#343a41",
    "h1": "#443420",
    "h2": "#664017",
    "h3": "#844b12",
    "h4": "#985408",
    "p0": "#2b8cd0",
    "p1": "#e69f00",
    "p2": "#009e73",
    "p3": "#cc79a7",
    "p4": "#7cc7f0",
    "p5": "#d55e00",
    "p6": "#9a9a9a",
}


def rules(colours: Mapping[str, str], scope: str = "") -> str:
    """Return the style sheet that gives each role its colour; what is drawn takes it as `currentColor`."""
    return "".join(f"{scope}.{role}{{color:{colour}}}" for role, colour in colours.items())
