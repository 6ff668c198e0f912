"""What the environments of a plan say of themselves now: a worker of each is started, asked, and let go."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.run.fleet import Workers, threads_of
from harness.run.launch import WorkerLost
from harness.run.plan import Arm, Plan

START_S = 180.0


def environments_now(plan: Plan) -> dict[str, dict[str, Any]]:
    """Return what each target's worker tells, by the target's name; raises where one cannot be started."""
    scratch = Path(tempfile.mkdtemp(prefix="harness-"))
    first = {arm.target.name: arm for arm in plan.arms if arm.replica == 0}
    with Workers(scratch=scratch, seed=0, threads=threads_of(plan.suite.measure.threads)) as workers:
        for arm in first.values():
            _ask(workers, arm)
        return workers.environments


def _ask(workers: Workers, arm: Arm) -> None:
    name = arm.target.name
    try:
        line = workers.launch(arm, 0)
        reply = workers.started(line, arm, deadline_s=START_S)
        line.close()
    except WorkerLost as lost:
        raise UsageError(f"{name} cannot be started: {lost.detail}") from lost
    if "facts" not in reply:
        raise UsageError(f"{name} cannot be measured here: {reply.get('unavailable') or reply.get('detail')}")
