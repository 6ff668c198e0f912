"""Scaled dot-product attention: ``softmax(Q K^T / sqrt(d)) V``, head by head.

Large cases are judged by samples, and heads are independent of one another, so some are compared in
full and all others in part; `harness.workloads.head_samples` says how nothing escapes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar

from harness.core.dtype import DType
from harness.core.math_mode import MathMode
from harness.workloads import head_samples
from harness.workloads.base import Arrays, Problem, Tolerance, Workload, parameter
from harness.workloads.differentiable import UPSTREAM, Differentiable
from harness.workloads.heads import head_gradients, head_output

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FULL_REFERENCE_FLOPS = 4_000_000_000  # of the output, nothing masked; above this, heads are sampled
FEW_QUERIES = 64  # heads with fewer are not alike, and cost little more than reading them
SMALL_HEAD = 1024  # elements of its output, likewise
FEW_ELEMENTS = 64  # fewer may be right by luck
TF32_EPSILON = 2.0**-10
TF32_BORDER_BITS = 14.0  # TF32 gives 10 to 12 effective bits, float32 at least 18
TF32_LEAST_BITS = 9.0  # bfloat16 gives 8


@dataclass(frozen=True, kw_only=True)
class Attention(Differentiable):
    """Axes are batch, heads, length, head_dim; under `causal` query i sees the keys 0 to i."""

    name: ClassVar[str] = "attention"
    summary: ClassVar[str] = "scaled dot-product attention, causal or not"

    batch: int = parameter("sequences in one call", low=1)
    heads: int = parameter("heads of a sequence", low=1)
    query_length: int = parameter("queries of a sequence; 1 is a step of decoding", low=1)
    key_length: int = parameter("keys, and values, of a sequence", low=1)
    head_dim: int = parameter("width of a head", low=1)
    causal: bool = parameter("a query sees no key after its own place", default=False)

    @classmethod
    def examples(cls) -> Iterator[Workload]:
        """Every type, mask and direction; a step of decoding; as many keys as show sums in 16 bits."""
        usual: dict[str, Any] = {"batch": 2, "heads": 3, "query_length": 17, "key_length": 17, "head_dim": 5}
        yield cls(batch=2, heads=3, query_length=17, key_length=33, head_dim=8)
        yield cls(**usual, causal=True, dtype="bfloat16", direction="forward_backward")
        seen = ("bfloat16", True, "forward_backward")
        for dtype, causal, direction in product(map(str, cls.dtypes), (False, True), cls.directions):
            if (dtype, causal, direction) != seen:
                yield cls(**usual, causal=causal, dtype=dtype, direction=direction)
        for dtype in map(str, cls.dtypes):
            yield cls(batch=1, heads=2, query_length=1, key_length=65, head_dim=16, dtype=dtype)
            yield cls(batch=1, heads=1, query_length=3, key_length=2049, head_dim=16, dtype=dtype)
        for mode in (MathMode.TF32, MathMode.DEFAULT):  # large enough for a device to use its matrix units
            yield cls(batch=1, heads=2, query_length=128, key_length=128, head_dim=64, math=str(mode))
        yield cls(batch=1, heads=1, query_length=1, key_length=1, head_dim=1)
        yield cls(**usual, causal=True, distribution="uniform", direction="forward_backward")

    def operand_shapes(self) -> dict[str, tuple[int, ...]]:
        """Queries, and as many values as keys."""
        keys = (self.batch, self.heads, self.key_length, self.head_dim)
        return {"query": self.result_shape(), "key": keys, "value": keys}

    def result_shape(self) -> tuple[int, ...]:
        """As many rows as queries."""
        return (self.batch, self.heads, self.query_length, self.head_dim)

    @property
    def head_count(self) -> int:
        """The heads of all sequences."""
        return self.batch * self.heads

    @property
    def pairs(self) -> int:
        """How many pairs of a query and a key that it sees there are in a head."""
        length = self.query_length
        return length * (length + 1) // 2 if self.causal else length * self.key_length

    @property
    def visible(self) -> NDArray[np.float64]:
        """How many keys each query sees."""
        import numpy as np

        length = self.query_length
        return np.arange(1.0, length + 1) if self.causal else np.full(length, float(self.key_length))

    def forward_flops(self) -> int:
        """A product for the scores and one for the output, of the pairs that are not masked."""
        return 4 * self.head_count * self.pairs * self.head_dim

    def items(self) -> tuple[int, str] | None:
        """Queries are tokens."""
        return self.batch * self.query_length, "tokens"

    def problems(self) -> list[Problem]:
        """A mask is refused where its meaning would depend on who is asked; so is what no device holds."""
        if self.causal and self.query_length != self.key_length:
            message = "causal needs as many keys as queries: some count the places from the start, some from the end"
            hint = "a step of decoding, which sees all keys, is causal: false"
            return [Problem(parameter="causal", message=message, hint=hint)]
        longest = self.head_count * max(self.query_length, self.key_length) * self.head_dim
        if longest >= 2**40:
            return [Problem(parameter="batch", message=f"{longest} elements are more than any device holds")]
        return []

    def forward(self, inputs: Arrays) -> NDArray[Any]:
        """Head by head, so that no more than one head's scores are held."""
        import numpy as np

        folded = self.folded(inputs)
        made = [head_output(*(array[head] for array in folded[:3]), causal=self.causal) for head in self._all]
        return np.stack(made).reshape(self.result_shape())

    def gradients(self, inputs: Arrays, upstream: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Head by head likewise."""
        import numpy as np

        folded = self.folded({**inputs, UPSTREAM: upstream})
        made = [head_gradients(*(array[head] for array in folded), causal=self.causal) for head in self._all]
        shapes = self.operand_shapes().values()
        return tuple(np.stack(part).reshape(shape) for part, shape in zip(zip(*made, strict=True), shapes, strict=True))

    @property
    def _all(self) -> range:
        return range(self.head_count)

    def folded(self, arrays: Arrays) -> list[Any]:
        """Return arrays with the heads of all sequences along one axis."""
        return [array.reshape(self.head_count, *array.shape[2:]) for array in arrays.values()]

    # -- how it is judged ------------------------------------------------------------------------

    @property
    def is_sampled(self) -> bool:
        """Whether the full answer would cost too much."""
        whole = 4 * self.head_count * self.query_length * self.key_length * self.head_dim
        alike = self.query_length >= FEW_QUERIES and self.query_length * self.head_dim >= SMALL_HEAD
        return alike and whole * (3 if self.is_backward else 1) > FULL_REFERENCE_FLOPS

    def probe(self, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        """For large cases: the heads to compare in full, and some queries of each other head."""
        return head_samples.draw(self, rng) if self.is_sampled else {}

    def reference(self, inputs: Arrays, probe: Arrays) -> dict[str, NDArray[np.float64]]:
        """The answer in float64, or the samples of it."""
        return head_samples.expected(self, inputs, probe) if probe else super().reference(inputs, probe)

    def observe(self, outputs: tuple[NDArray[Any], ...], probe: Arrays) -> dict[str, NDArray[np.float64]]:
        """The same of an answer."""
        return head_samples.seen(self, outputs, probe) if probe else super().observe(outputs, probe)

    def scales(self, inputs: Arrays, reference: Arrays) -> dict[str, Any]:
        """What is large at one place says nothing of another: the error at each is measured by what is usual there."""
        import numpy as np

        usual = usual_sizes(self, inputs)
        scales = super().scales(inputs, reference)
        for name, values in reference.items():
            index, _, part = name.removeprefix("output").partition(".")
            if part in ("", "heads"):
                largest = np.abs(values).max(axis=(*range(values.ndim - 2), values.ndim - 1))
                scales[name] = np.maximum(largest, usual[int(index)])[:, None]
            elif part == "rows":
                scales[name] = max(scales[name], float((usual[int(index)] * np.sqrt(self.visible)).max()))
        return scales

    def tolerance(self, reference: Arrays, scales: Mapping[str, Any]) -> Tolerance:
        """Roundings of sums grow with the root of the count; short types also round weights and scores on the way."""
        del reference, scales
        growth = 4 * math.sqrt(max(self.query_length, self.key_length, self.head_dim))
        tells = self.head_count * self.query_length * self.head_dim >= FEW_ELEMENTS and self.key_length > 1
        border, least = (TF32_BORDER_BITS, TF32_LEAST_BITS) if tells else (None, None)
        if self.math == MathMode.TF32:
            bound = 4 * TF32_EPSILON + growth * DType.FLOAT32.epsilon
            reason = "operands and weights rounded to 11 bits, sums in float32"
            return Tolerance(bound=bound, reason=reason, least_bits=least, most_bits=border)
        if self.math == MathMode.DEFAULT:
            return Tolerance(bound=2.0**-6, reason="whatever precision the framework chooses untouched")
        if self.element in (DType.FLOAT32, DType.FLOAT64):
            reason = "4 eps sqrt(longest sum)"
            return Tolerance(bound=growth * self.element.epsilon, reason=reason, least_bits=border)
        bound = 4 * self.element.epsilon + growth * DType.FLOAT32.epsilon
        reason = f"scores, weights, their gradients and the answer rounded to {self.dtype}; sums in float32"
        return Tolerance(bound=bound, reason=reason)


def usual_sizes(case: Attention, inputs: Arrays) -> list[NDArray[np.float64]]:
    """Return how large an element of each output usually is, by its place.

    Scores of normal operands are normal, with variance s^2; so the n squared weights of a query sum to
    about exp(s^2) / n. The output is a sum of values with those weights; of the gradients, those of key
    and value are sums over the queries that see a place.
    """
    import numpy as np

    sizes = {name: math.sqrt(float(np.mean(np.square(array)))) for name, array in inputs.items()}
    peak = math.exp(min(50.0, (sizes["query"] * sizes["key"]) ** 2))
    squares = np.minimum(1.0, peak / case.visible)
    forward = [sizes["value"] * np.sqrt(squares)]
    if not case.is_backward:
        return forward
    by_key = squares / case.visible
    total = np.cumsum(by_key[::-1])[::-1] if case.causal else np.full(case.key_length, by_key.sum())
    above = sizes[UPSTREAM]
    return [
        *forward,
        sizes["key"] * sizes["value"] * above * np.sqrt(squares),
        sizes["query"] * sizes["value"] * above * np.sqrt(total),
        above * np.sqrt(total),
    ]
