"""What two names mean: which arms stand on either side, and which arm is beside which.

Names are matched as people write them: a target as it stands in tables, a label, or as much of a
target as is enough to tell it from the others. What is not clear is asked about, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass

from harness.core.target import Target
from harness.errors import UsageError
from harness.report.compare_load import Arm, Run, same_run


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """One side: the arms of one target of a run, or all of them. The second copy of the reference is in neither."""

    run: Run
    arms: tuple[Arm, ...]
    target: str = ""  # as it is called in tables; empty where all are meant
    threads_named: bool = False  # whether one number of threads was asked for


def sides(base: Run, new: Run) -> list[tuple[Chosen, Chosen]]:
    """Return the pairs of sides that two names mean: one, or one for every other target of the run."""
    if not same_run(base.info, new.info):
        return [_of_two_runs(base, new)]
    if not base.selected and not new.selected:
        raise UsageError(
            f"both sides are the run {base.info.run_id}, and no target of it is named",
            remedy=f"write {base.info.run_id}::TARGET for one side or both; there are {_listed(base.arms)}",
        )
    if base.selected and new.selected:
        return [_of_one_run(base, new)]
    if base.selected:
        one = _side(base, base.selected)
        return [(one, other) for other in _others(base, one)]
    one = _side(new, new.selected)
    return [(other, one) for other in _others(new, one)]


def matched(base: Chosen, new: Chosen) -> Iterator[tuple[Arm | None, Arm | None]]:
    """Yield every arm of either side beside its counterpart, in the order of the base."""
    key = _key(base, new)
    left, right = ({key(arm): arm for arm in side.arms} for side in (base, new))
    yield from ((left.get(each), right.get(each)) for each in dict.fromkeys((*left, *right)))


def target_of(arms: Sequence[Arm], text: str, where: str) -> tuple[Arm, ...]:
    """Return the arms of the one target that `text` means, or raise and say which there are."""
    found = [arm for arm in arms if arm.replica == 0 and text in (arm.target, arm.label, arm.full_name, arm.name)]
    found = found or [arm for arm in arms if arm.replica == 0 and _fits(arm, text)]
    names = list(dict.fromkeys(arm.name for arm in found))
    if len({arm.identity for arm in found}) == 1:
        return tuple(found)
    if names:
        raise UsageError(f"{text!r} means several targets of {where}: {', '.join(names)}", remedy="name one of them")
    raise UsageError(f"no target {text!r} in {where}", remedy=f"there are {_listed(arms)}")


def _of_two_runs(base: Run, new: Run) -> tuple[Chosen, Chosen]:
    """A target that is named on one side only is meant on both."""
    texts = (base.selected or new.selected, new.selected or base.selected)
    first, second = (_side(run, text) if text else _all(run) for run, text in zip((base, new), texts, strict=True))
    return first, second


def _of_one_run(base: Run, new: Run) -> tuple[Chosen, Chosen]:
    first, second = _side(base, base.selected), _side(base, new.selected)
    if first.arms == second.arms:
        raise UsageError(
            f"both sides are {first.target} in the run {base.info.run_id}",
            remedy=f"there are {_listed(base.arms)}",
        )
    return first, second


def _side(run: Run, text: str) -> Chosen:
    arms = target_of(run.arms, text, f"the run {run.info.run_id}")
    named = bool(arms[0].counted) and text == arms[0].full_name
    return Chosen(run=run, arms=arms, target=arms[0].full_name if named else arms[0].name, threads_named=named)


def _all(run: Run) -> Chosen:
    return Chosen(run=run, arms=tuple(arm for arm in run.arms if arm.replica == 0))


def _others(run: Run, one: Chosen) -> list[Chosen]:
    """Return a side for every other target of a run."""
    own = one.arms[0].identity
    identities = dict.fromkeys(arm.identity for arm in run.arms if arm.replica == 0)
    found = []
    for identity in identities:
        arms = tuple(arm for arm in run.arms if arm.replica == 0 and arm.identity == identity)
        if identity != own:
            found.append(Chosen(run=run, arms=arms, target=arms[0].name))
    if not found:
        raise UsageError(
            f"the run {run.info.run_id} has no target but {one.target}",
            remedy="name two runs, or measure another target beside it",
        )
    return found


def _key(base: Chosen, new: Chosen) -> Callable[[Arm], Hashable]:
    """Return what arms of the two sides have to have in common."""
    if not base.target:
        return lambda arm: (arm.contest, arm.identity)
    if base.threads_named and new.threads_named:
        return lambda arm: arm.case_key
    return lambda arm: arm.contest


def _fits(arm: Arm, text: str) -> bool:
    """Whether `text` says enough of an arm's target: ``torch``, ``torch.eager``, ``torch@cpu``, ``jax.jit@cuda``."""
    if text in (arm.backend, f"{arm.backend}.{arm.mode}"):
        return True
    try:
        meant = Target.parse(text)
    except UsageError:
        return False
    return (meant.backend, str(meant.device)) == (arm.backend, arm.device) and meant.mode in ("", arm.mode)


def _listed(arms: Sequence[Arm]) -> str:
    return ", ".join(dict.fromkeys(arm.name for arm in arms)) or "none"
