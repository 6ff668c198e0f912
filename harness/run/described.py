"""What the manifest of a run says of itself: what was asked for at its beginning, what came of it at its end.

Enough of it that the same targets can be measured again by others: `harness.run.again` does.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import __version__
from harness.backends import own
from harness.stats.estimate import CONFIDENCE
from harness.stats.sequential import LOOKS, Rule
from harness.store.record import METHOD_VERSION

if TYPE_CHECKING:
    from harness.backends.own import OwnFile
    from harness.core.target import Target
    from harness.run.fleet import Workers
    from harness.run.plan import Plan
    from harness.run.row import RunFacts
    from harness.run.session import Session
    from harness.run.terms import Pace


def described(plan: Plan, facts: RunFacts, pace: Pace, *, command: str) -> dict[str, Any]:
    """Return what is known before anything is measured."""
    return {
        "run_id": facts.run_id,
        "suite": plan.suite.name,
        "suite_hash": plan.suite.hash,
        "suite_text": plan.suite.source,
        "suite_path": plan.suite.path.name if plan.suite.path else None,
        "started_at": facts.started_at,
        "command": command,
        "harness_version": __version__,
        "method_version": METHOD_VERSION,
        "seed": facts.seed,
        "threads": facts.threads,
        "measure": _measure(plan, pace),
        "overrides": list(plan.suite.overrides),
        "loaded": [_loaded(each) for each in own.loaded()],
        "thread_numbers": sorted({arm.threads for arm in plan.arms if arm.threads}),
        "targets": [target.name for target in plan.targets],
        "target_specs": [_spec(target) for target in plan.targets],
        "reference": facts.reference,
    }


def _measure(plan: Plan, pace: Pace) -> dict[str, Any]:
    measure, margins = plan.suite.measure, plan.suite.margins
    return {
        "profile": measure.profile,
        "sets": LOOKS["round"][-1] if pace.adaptive else pace.sets,
        "rounds": pace.rounds,
        "max_time_s": pace.max_time_s,
        "target_ci": measure.target_ci,
        "confidence": Rule().spent if pace.adaptive else CONFIDENCE,
        **({"looks": list(LOOKS["round"])} if pace.adaptive else {}),
        "margin": measure.margin,
        **({"margins": dict(margins)} if margins else {}),
    }


def _spec(target: Target) -> dict[str, Any]:
    return {
        "target": str(target),
        "python": interpreter(target.python),
        "env": dict(target.env),
        "label": target.label,
        "name": target.name,
    }


def interpreter(python: str) -> str:
    """Return where an interpreter is, wherever one stands; a link stays one, for it makes the environment."""
    found = shutil.which(python) if python else None
    return _shown(Path(found).absolute()) if found else python


def _loaded(each: OwnFile) -> dict[str, str]:
    name = Path(each.file or each.module).name
    return {"file": name, "path": _shown(Path(each.file)) if each.file else each.module, "sha256": each.sha256}


def _shown(path: Path) -> str:
    """Return a path without the name of whose home it is in."""
    home = Path.home()
    return str(Path("~") / path.relative_to(home)) if path.is_relative_to(home) else str(path)


def ending_of(session: Session, stopped: str, workers: Workers) -> dict[str, Any]:
    """Return what is known when all is over."""
    return {
        "machine": workers.machine,
        "environments": workers.environments,
        "cpus": workers.cpus(),
        "ceilings": {s.arm.target.name: s.ceiling.source for s in session.states if s.ceiling is not None},
        "roofs": roofs_of(session),
        "stopped": stopped,
        "timed_share": session.efficiency.share,
        "phases_s": session.efficiency.phases_s,
        **(session.endings.values() if session.endings else {}),
    }


def roofs_of(session: Session) -> list[dict[str, Any]]:
    """Return what each source says that the devices of a session can do, by target, element type and math mode.

    What was measured was done by all threads of the run, and says nothing of an arm that had fewer.
    """
    told = [
        {
            "target": state.arm.target.name,
            "dtype": str(state.arm.case.workload.arithmetic),
            "math": str(state.arm.case.workload.math),
            **asdict(roof),
        }
        for state in session.states
        if state.ceiling is not None
        for roof in state.ceiling.roofs
        if not roof.measured or state.arm.threads in (None, session.run_facts.threads)
    ]
    return list({tuple(one.values()): one for one in told}.values())
