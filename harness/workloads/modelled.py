"""What `training` and `inference` have in common: a model of the catalogue, its weights, its batches.

A model's weights are inputs like any other, drawn once a run for all backends, but no arguments: they are
bound when a case is made ready. A call is given the batches alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from harness.core.dtype import DType
from harness.workloads.base import Arrays, Problem, Workload, parameter
from harness.workloads.network.catalogue import MODELS
from harness.workloads.network.mlp import Mlp
from harness.workloads.network.spec import Feature, Network, Weight

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

USUAL = "usual"  # what the model has where nothing else is asked for
SIZES = tuple(dict.fromkeys(size for sizes in MODELS.values() for size in sizes))
ACTIVATIONS = (USUAL, "relu", "gelu", "tanh", "sigmoid")
WEIGHT, STATISTIC, BATCH, TARGET = "weight", "statistic", "batch", "target"


@dataclass(frozen=True, kw_only=True)
class Modelled(Workload):
    """A workload around a model."""

    model: str = parameter("which model", choices=tuple(MODELS))
    size: str = parameter("how large it is", choices=SIZES)
    batch: int = parameter("samples in a batch", low=1, high=2**24)
    activation: str = parameter("of an mlp's layers", choices=ACTIVATIONS, default=USUAL)

    @property
    def network(self) -> Network:
        """The model."""
        found = MODELS[self.model][self.size]
        if isinstance(found, Mlp) and self.activation != USUAL:
            return replace(found, activation=self.activation)
        return found

    def problems(self) -> list[Problem]:
        """Not every model has every size, and only an mlp has a choice of activations."""
        sizes = MODELS[self.model]
        if self.size not in sizes:
            message = f"{self.model} has no size {self.size!r}"
            return [Problem(parameter="size", message=message, hint=f"it has {', '.join(sizes)}")]
        found: list[Problem] = []
        if self.activation != USUAL and not isinstance(sizes[self.size], Mlp):
            message = f"the activations of {self.model} are given"
            found.append(Problem(parameter="activation", message=message, hint="only an mlp has a choice"))
        if self.cache != "warm":
            message = f"{self.name} goes through its batches in turn"
            found.append(Problem(parameter="cache", message=message, hint="leave cache out"))
        if self.distribution != "normal":
            found.append(Problem(parameter="distribution", message="a model's inputs are normal", hint="leave it out"))
        return found

    # -- inputs ----------------------------------------------------------------------------------

    def batches(self) -> int:
        """Return how many batches a call may be given."""
        return 1

    def fed(self) -> tuple[Feature, ...]:
        """Return what is given of each sample."""
        return self.network.features()

    def batch_names(self, number: int) -> dict[str, Feature]:
        """Return the names of one batch's arrays among the inputs, in their order."""
        return {f"{BATCH}{number}.{feature.name}": feature for feature in self.fed()}

    def arguments(self) -> tuple[str, ...]:
        """The batches; weights are bound."""
        return _arguments(self)

    def starts(self) -> dict[str, Weight]:
        """Return weights and statistics by their names among the inputs."""
        network = self.network
        return {
            **{f"{WEIGHT}.{weight.name}": weight for weight in network.weights()},
            **{f"{STATISTIC}.{weight.name}": weight for weight in network.statistics()},
        }

    def input_shapes(self) -> dict[str, tuple[int, ...]]:
        """Weights and statistics, then one batch after the other."""
        shapes = {name: weight.shape for name, weight in self.starts().items()}
        for number in range(self.batches()):
            shapes |= {name: (self.batch, *fed.shape) for name, fed in self.batch_names(number).items()}
        return shapes

    def input_dtypes(self) -> dict[str, DType]:
        """Whole numbers are int32, which all frameworks take; weights are kept in the type of training."""
        return dict(_kinds(self))

    @property
    def kept_dtype(self) -> DType:
        """The type that weights are kept in."""
        return self.element

    def inputs(self, rng: np.random.Generator) -> dict[str, NDArray[np.generic]]:
        """Weights by their own scale; real numbers normal, whole ones among those that there are."""
        from harness.core.dtype import narrow

        kinds = self.input_dtypes()
        drawn: dict[str, Any] = {name: weight.draw(rng) for name, weight in self.starts().items()}
        for number in range(self.batches()):
            for name, fed in self.batch_names(number).items():
                drawn[name] = self.draw_feature(rng, fed)
        return {name: narrow(array, kinds[name]) for name, array in drawn.items()}

    def draw_feature(self, rng: np.random.Generator, fed: Feature) -> NDArray[Any]:
        """Return one batch of a feature."""
        import numpy as np

        shape = (self.batch, *fed.shape)
        if fed.below is None:
            return rng.standard_normal(shape, dtype=np.float32)
        whole: NDArray[Any] = rng.integers(0, fed.below, shape, dtype=np.int32)
        return whole

    def varied(self, inputs: Arrays) -> dict[str, Any]:
        """Other samples, turned round by whole ones, so that targets stay what a target can be."""
        import numpy as np

        changed = dict(inputs)
        for number in range(self.batches()):
            for place, (name, fed) in enumerate(self.batch_names(number).items()):
                array = np.asarray(inputs[name])
                changed[name] = self.vary_feature(array, fed, place)
        return changed

    def vary_feature(self, array: NDArray[Any], fed: Feature, place: int) -> NDArray[Any]:
        """Return one batch of a feature, changed."""
        import numpy as np

        if fed.below is not None:
            shift = 1 + place % max(1, fed.below - 1)
            moved: NDArray[Any] = ((array + shift) % fed.below).astype(array.dtype)
            return moved
        turned = np.roll(array.reshape(-1), 1 + place).reshape(array.shape)
        if self.element.storage == self.element.value:
            halved: NDArray[Any] = turned * turned.dtype.type(0.5)
            return halved
        from harness.core.dtype import narrow, widen

        return narrow(widen(turned, self.element) * 0.5, self.element)

    # -- what the reference is fed ---------------------------------------------------------------

    def started(self, inputs: Arrays) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return weights and statistics of `inputs` by the network's own names."""
        weights = {name.partition(".")[2]: inputs[name] for name in inputs if name.startswith(f"{WEIGHT}.")}
        statistics = {name.partition(".")[2]: inputs[name] for name in inputs if name.startswith(f"{STATISTIC}.")}
        return weights, statistics

    def features_of(self, inputs: Arrays, number: int) -> dict[str, Any]:
        """Return the features of one batch by the network's own names, whole numbers as such."""
        import numpy as np

        return {
            fed.name: np.asarray(inputs[name]) if fed.below is None else np.asarray(inputs[name]).astype(np.intp)
            for name, fed in self.batch_names(number).items()
        }

    def least_flops_share(self) -> float:
        """Convolutions may be done as Winograd does them."""
        return 0.25 if self.network.winograd() else 1.0

    def items(self) -> tuple[int, str]:
        """Samples, images or tokens."""
        return self.batch * self.network.items(), self.network.items_name

    def weight_bytes(self) -> int:
        """Return the size of all weights."""
        return self.network.weight_count() * self.kept_dtype.itemsize


@lru_cache(maxsize=64)  # a training that is fed by hand asks for each of its batches, of this too
def _arguments(case: Modelled) -> tuple[str, ...]:
    return tuple(name for number in range(case.batches()) for name in case.batch_names(number))


@lru_cache(maxsize=64)
def _kinds(case: Modelled) -> dict[str, DType]:
    kinds = dict.fromkeys(case.starts(), case.kept_dtype)
    for number in range(case.batches()):
        for name, fed in case.batch_names(number).items():
            kinds[name] = case.element if fed.below is None else DType.INT32
    return kinds


def smallest(only: tuple[str, ...] = ()) -> Iterator[Mapping[str, Any]]:
    """Yield the parameters of the least of each model."""
    for model in MODELS:
        if not only or model in only:
            yield {"model": model, "size": "tiny", "batch": 6 if model.startswith("resnet") else 5}


def batch_bytes(features: tuple[Feature, ...], batch: int) -> int:
    """Return the size of one batch of these, of four bytes a number."""
    return 4 * batch * sum(math.prod(fed.shape) for fed in features)
