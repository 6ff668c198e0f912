"""The formats of a report, and how they are asked for."""

from __future__ import annotations

from harness.errors import UsageError

PICTURES = ("png", "svg", "pdf")
KNOWN = ("html", "md", "csv", *PICTURES)
USUAL = ("html", "md", "csv", "png")
ALL = "all"


def read_formats(text: str) -> tuple[str, ...]:
    """Read ``html,md`` or ``all``; each is returned once, in the order of `KNOWN`."""
    asked = {word.strip().lower() for word in text.split(",")} - {""}
    known = f"there are {', '.join(KNOWN)} and {ALL}"
    strange = sorted(asked - {*KNOWN, ALL})
    if strange:
        raise UsageError(f"no such format: {', '.join(word[:40] for word in strange)}", remedy=known)
    if not asked:
        raise UsageError("no format was asked for", remedy=known)
    return KNOWN if ALL in asked else tuple(word for word in KNOWN if word in asked)
