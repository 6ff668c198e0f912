"""All comparisons of a run over one cube of its blocks, each made once and only where it is allowed.

Arms whose outcome is not `measured` have no place in the cube, so that a rejected number cannot be
compared by accident.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from harness.stats.compare import Ratio, compare_many, cube_of
from harness.stats.estimate import CONFIDENCE, FloatArray
from harness.store.lean import KEY, QUANTITY, ArmKey, Timings
from harness.store.record import UNPROVED, Measurement, Outcome

if TYPE_CHECKING:
    import pandas as pd

# Blocks as a frame, or what reads those of some arms; None where they cannot be read.
Samples: TypeAlias = "pd.DataFrame | Callable[[Sequence[ArmKey]], Timings | None]"


class Pairs:
    """Compares arms of one run by their places in `arms`."""

    def __init__(self, arms: Sequence[Measurement], samples: Samples | None, *, confidence: float = CONFIDENCE) -> None:
        self.confidence = confidence
        self._pairing = ["process" if arm.pairing == "process" else "round" for arm in arms]
        places = [at for at, arm in enumerate(arms) if arm.outcome == Outcome.MEASURED]
        found = _blocks([arms[at] for at in places], samples)
        # Whether there is anything to compare: a file of blocks can be lost, or hold none of these arms.
        self.blocks_read = not places or (found is not None and found.arm.size > 0)
        self._cube = _cube(found, places, len(arms))
        self._known: dict[tuple[int, int], tuple[Ratio, FloatArray]] = {}

    def compare(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Compare many pairs at once, so that `ratio` and `per_set` need only look them up."""
        wanted = [pair for pair in dict.fromkeys(pairs) if pair not in self._known]
        for pairing in ("round", "process"):
            chosen = [pair for pair in wanted if self._pairing_of(pair) == pairing]
            found = compare_many(self._cube, chosen, pairing=pairing, confidence=self.confidence)
            self._known |= zip(chosen, zip(found.ratios, found.per_set, strict=True), strict=True)

    def ratio(self, a: int, b: int) -> Ratio:
        """Return the time of arm `b` over that of arm `a`."""
        return self._find(a, b)[0]

    def per_set(self, pairs: Sequence[tuple[int, int]]) -> FloatArray:
        """Return the logarithms [pair, set] that the ratios of `pairs` come from."""
        self.compare(pairs)
        return np.array([self._known[pair][1] for pair in pairs]).reshape(len(pairs), -1)

    def pairing(self, pairs: Iterable[tuple[int, int]]) -> str:
        """Return how `pairs` were measured side by side, taken together: the weakest of them counts."""
        return "process" if any(self._pairing_of(pair) == "process" for pair in pairs) else "round"

    def _find(self, a: int, b: int) -> tuple[Ratio, FloatArray]:
        if (a, b) not in self._known:
            self.compare([(a, b)])
        return self._known[a, b]

    def _pairing_of(self, pair: tuple[int, int]) -> str:
        return "process" if "process" in (self._pairing[pair[0]], self._pairing[pair[1]]) else "round"


def _blocks(arms: Sequence[Measurement], samples: Samples | None) -> Timings | None:
    keys = [(arm.case_key, arm.target, arm.label, arm.replica) for arm in arms]
    return samples(keys) if callable(samples) else _timings(keys, samples)


def _cube(found: Timings | None, places: Sequence[int], arms: int) -> FloatArray:
    if found is None:
        return np.full((arms, 1, 1), np.nan)
    sound = (found.inner > 0) & (found.wall_ns > 0)
    spoilt = np.unique(found.arm[~sound])  # an arm with a block that cannot be is compared with nothing
    kept = ~np.isin(found.arm, spoilt)
    return cube_of(
        np.array(places, dtype=np.int64)[found.arm[kept]],
        found.set[kept],
        found.round[kept],
        found.wall_ns[kept] / found.inner[kept] * 1e-9,
        arms=arms,
    )


def _timings(arms: Sequence[ArmKey], samples: pd.DataFrame | None) -> Timings | None:
    """Return the proved blocks of `arms`, as they are read from a file."""
    if samples is None or samples.empty or not arms:
        return None
    import pandas as pd

    chosen = samples[(samples["quantity"] == QUANTITY) & (samples["flags"] != UNPROVED)]
    if chosen.empty:
        return None
    at = pd.MultiIndex.from_tuples(arms, names=KEY).get_indexer(pd.MultiIndex.from_frame(chosen[list(KEY)]))
    columns = {name: chosen[name].to_numpy(np.int64)[at >= 0] for name in ("set", "round", "inner", "wall_ns")}
    return Timings(arm=at[at >= 0], **columns)
