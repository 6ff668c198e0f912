"""How to cite a run: what was measured, by what, where and when, as text and as an entry for BibTeX.

Names come from suites, machines and frameworks, and from whoever wrote the file. In BibTeX a brace that is not
closed swallows the entries after it, and an escaped one counts like any other; so braces and all that TeX takes for
more than a letter are written as commands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from harness.report.escape import visible
from harness.report.findings import RunFindings
from harness.report.headline import machine

LONG = 300  # letters of a description
MOST = 12  # of a kind: frameworks, seeds

_LATEX = str.maketrans(
    {
        "\\": r"{\textbackslash}",
        "{": r"{\textbraceleft}",
        "}": r"{\textbraceright}",
        "^": r"{\textasciicircum}",
        "~": r"{\textasciitilde}",
        "<": r"{\textless}",
        ">": r"{\textgreater}",
        "|": r"{\textbar}",
        **{sign: f"\\{sign}" for sign in "$&#%_"},
    }
)
_NOT_IN_A_KEY = re.compile(r"[^A-Za-z0-9]+")


def citation(run: RunFindings) -> tuple[str, ...]:
    """Return lines that cite a run: a few sentences, then an entry for BibTeX."""
    suite, run_id = visible(run.suite), visible(run.run_id)
    date = min((f"{start:%Y-%m-%d}" for start in {arm.started_at for arm in run.arms}), default="")
    tool = f"harness {_listed(arm.harness_version for arm in run.arms)}"
    partial = "" if run.state == "complete" else f" ({visible(run.state)})"
    hashes = _listed(arm.suite_hash for arm in run.arms)
    where = f"{visible(machine(run), LONG)}, with {_frameworks(run)}"
    seeds = f"seed {_listed(str(arm.seed) for arm in run.arms)}"
    method = f"method {_listed(str(arm.method_version) for arm in run.arms)}"
    when = date or "date unknown"
    note = f"{when}; {where}; {seeds}; {method}; suite SHA-256 {hashes}"
    return (
        f"{tool}: results of the suite {suite}, run {run_id}{partial}, {when}.",
        f"Suite SHA-256 {hashes}.",
        f"Measured on {where}; {seeds}; {method}.",
        "",
        f"@misc{{harness-{_NOT_IN_A_KEY.sub('-', run_id).strip('-') or 'run'},",
        f"  title = {{Results of the suite {{{_latex(suite)}}}}},",
        f"  howpublished = {{{_latex(f'{tool}, run {run_id}{partial}')}}},",
        *_year(date),
        f"  note = {{{_latex(note)}}}",
        "}",
    )


def _year(date: str) -> Iterator[str]:
    if date:
        yield f"  year = {{{date[:4]}}},"


def _frameworks(run: RunFindings) -> str:
    found = {(arm.backend, arm.framework_version) for arm in run.arms if arm.framework_version}
    return _listed(f"{backend} {version}" for backend, version in found) if found else "no framework recorded"


def _listed(texts: Iterable[str]) -> str:
    """Return each text once, in order, as far as there is room."""
    known = sorted({visible(text) for text in set(texts) if text})
    more = f" and {len(known) - MOST} more" if len(known) > MOST else ""
    return f"{', '.join(known[:MOST])}{more}" if known else "unknown"


def _latex(text: str) -> str:
    return text.translate(_LATEX)
