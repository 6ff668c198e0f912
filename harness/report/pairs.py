"""All comparisons of a run over one cube of its blocks, each made once and only where it is allowed.

Arms whose outcome is not `measured` have no place in the cube, so that a rejected number cannot be
compared by accident.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from harness.stats.compare import Ratio, compare_many, cube_of
from harness.stats.estimate import CONFIDENCE, FloatArray
from harness.store.record import UNPROVED, Measurement, Outcome

QUANTITY = "throughput"
KEY = ["case_key", "target", "label", "replica"]


class Pairs:
    """Compares arms of one run by their places in `arms`."""

    def __init__(
        self, arms: Sequence[Measurement], samples: pd.DataFrame | None, *, confidence: float = CONFIDENCE
    ) -> None:
        self.confidence = confidence
        self._pairing = ["process" if arm.pairing == "process" else "round" for arm in arms]
        self._cube = _cube(arms, samples)
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


def _cube(arms: Sequence[Measurement], samples: pd.DataFrame | None) -> FloatArray:
    if samples is None or samples.empty:
        return np.full((len(arms), 1, 1), np.nan)
    chosen = samples[(samples["quantity"] == QUANTITY) & (samples["flags"] != UNPROVED)]
    keys = [(arm.case_key, arm.target, arm.label, arm.replica) for arm in arms if arm.outcome == Outcome.MEASURED]
    places = np.array([at for at, arm in enumerate(arms) if arm.outcome == Outcome.MEASURED], dtype=np.int64)
    if not keys or chosen.empty:
        return np.full((len(arms), 1, 1), np.nan)
    found = pd.MultiIndex.from_tuples(keys, names=KEY).get_indexer(pd.MultiIndex.from_frame(chosen[KEY]))
    inner = chosen["inner"].to_numpy(np.float64)
    wall_ns = chosen["wall_ns"].to_numpy(np.float64)
    sound = (inner > 0) & (wall_ns > 0)
    spoilt = np.unique(found[~sound])  # an arm with a block that cannot be is compared with nothing
    kept = (found >= 0) & ~np.isin(found, spoilt)
    return cube_of(
        places[found[kept]],
        chosen["set"].to_numpy()[kept],
        chosen["round"].to_numpy()[kept],
        wall_ns[kept] / inner[kept] * 1e-9,
        arms=len(arms),
    )
