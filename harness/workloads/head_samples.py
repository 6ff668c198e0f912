"""Large attention judged without computing all of it in float64.

A few heads are compared in full. Of every other head, some rows of the output and of the query's
gradient are compared, which need no more than those queries' scores; and the value's gradient
through its sum over the keys, which is the sum of the upstream gradient, for weights sum to one. The
key's gradient has no such short cut: heads of random operands are alike, so in every output the mean
magnitude of each head must lie near that of the heads that were compared in full (`odd` marks the
others, and whatever is not a number). What is not seen: rows of a gradient of key or value that
change places inside a head that is not compared in full.

Rows are multiplied by the root of how many keys they see: under a mask, later ones are smaller.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness.workloads.heads import head_gradients, head_output, output_rows, query_gradient_rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.workloads.attention import Attention

HEADS = 2
ROWS = 4  # of each head
ALIKE = 2.0  # how far the sizes of two heads may be apart; of 512 small ones, 1.3 were the most
QUERY_OUTPUTS = 2  # the output and the query's gradient have a row for each query
OF_VALUE = 3  # which output is the value's gradient


def draw(case: Attention, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    """Draw what is looked at."""
    import numpy as np

    count, length = case.head_count, case.query_length
    rows = np.stack([rng.choice(length, min(ROWS, length), replace=False) for _ in range(count)])
    return {"heads": np.sort(rng.choice(count, min(HEADS, count), replace=False)), "rows": np.sort(rows)}


def expected(case: Attention, inputs: Mapping[str, Any], probe: Mapping[str, Any]) -> dict[str, NDArray[np.float64]]:
    """Return the samples of the right answer."""
    import numpy as np

    folded = case.folded(inputs)
    wanted = {}
    for index, array in enumerate(_heads(case, folded, probe["heads"])):
        wanted[f"output{index}.heads"] = array
        wanted[f"output{index}.odd"] = np.zeros(case.head_count)
    for index, array in enumerate(_rows(case, folded, probe["rows"])):
        wanted[f"output{index}.rows"] = _levelled(case, array, probe["rows"])
    if case.is_backward:
        wanted[f"output{OF_VALUE}.sums"] = folded[-1].sum(axis=1)
    return wanted


def seen(
    case: Attention, outputs: tuple[NDArray[Any], ...], probe: Mapping[str, Any]
) -> dict[str, NDArray[np.float64]]:
    """Return the same samples of an answer."""
    import numpy as np

    found: dict[str, NDArray[np.float64]] = {}
    places = np.arange(case.head_count)[:, None]
    for index, array in enumerate(outputs):
        folded = array.reshape(case.head_count, *array.shape[2:])
        found[f"output{index}.heads"] = folded[probe["heads"]].astype(np.float64)
        found[f"output{index}.odd"] = _odd(folded, probe["heads"])
        if index < QUERY_OUTPUTS:
            found[f"output{index}.rows"] = _levelled(case, folded[places, probe["rows"]], probe["rows"])
        if index == OF_VALUE:
            found[f"output{index}.sums"] = folded.sum(axis=1, dtype=np.float64)
    return found


def _heads(case: Attention, folded: list[Any], heads: Any) -> list[Any]:
    import numpy as np

    made = []
    for head in heads:
        operands = [array[head] for array in folded]
        gradients = head_gradients(*operands, causal=case.causal) if case.is_backward else ()
        made.append((head_output(*operands[:3], causal=case.causal), *gradients))
    return [np.stack(part) for part in zip(*made, strict=True)]


def _rows(case: Attention, folded: list[Any], rows: Any) -> list[Any]:
    import numpy as np

    outputs, gradients = [], []
    for head, chosen in enumerate(rows):
        operands = [array[head] for array in folded]
        outputs.append(output_rows(chosen, *operands[:3], causal=case.causal))
        if case.is_backward:
            gradients.append(query_gradient_rows(chosen, *operands, causal=case.causal))
    return [np.stack(outputs), np.stack(gradients)] if gradients else [np.stack(outputs)]


def _levelled(case: Attention, rows: NDArray[Any], places: Any) -> NDArray[np.float64]:
    import numpy as np

    levelled: NDArray[np.float64] = rows.astype(np.float64) * np.sqrt(case.visible[places])[..., None]
    return levelled


def _odd(folded: NDArray[Any], heads: Any) -> NDArray[np.float64]:
    """Return 1 for each head whose size is not like that of the heads that are compared in full."""
    import numpy as np

    sizes = np.abs(folded).mean(axis=(1, 2), dtype=np.float64)
    usual = sizes[heads].mean()
    return np.where((sizes > usual / ALIKE) & (sizes < usual * ALIKE), 0.0, 1.0)
