"""How good a classifier is: the share that is right, and what of each class is found.

Recall and F1 are means over classes (macro): a rare class counts as much as a common one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Quality:
    """Shares between 0 and 1."""

    accuracy: float
    recall: float
    f1: float


def quality_of(predicted: Any, wanted: Any) -> Quality:
    """Compare class numbers; a class that no sample is of is left out of the means.

    >>> quality_of([0, 1, 1, 2], [0, 1, 2, 2])
    Quality(accuracy=0.75, recall=0.8333333333333334, f1=0.7777777777777777)
    """
    import numpy as np

    said, right = np.asarray(predicted), np.asarray(wanted)
    recalls, scores = [], []
    for number in np.unique(right):
        hits = int(np.sum((said == number) & (right == number)))
        told, there = int(np.sum(said == number)), int(np.sum(right == number))
        recalls.append(hits / there)
        scores.append(2 * hits / (told + there))
    return Quality(accuracy=float(np.mean(said == right)), recall=float(np.mean(recalls)), f1=float(np.mean(scores)))
