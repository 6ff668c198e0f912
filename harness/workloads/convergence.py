"""Training to a quality: how long until a stated share of held-out samples is classified rightly.

One call trains from the starting weights, epoch after epoch, and asks after each how many of the held-out
samples are right; it ends when the target is reached. The step is that of `training` and is proved like
it, on the first batch. The weights and the order of samples follow from `seed`, and are the same in
every framework; the split into training and held-out part is the same for every seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from harness.core.dtype import DType
from harness.workloads.base import Arrays, Problem, Workload, parameter
from harness.workloads.datasets import Data, DataError, load
from harness.workloads.modelled import TARGET, USUAL
from harness.workloads.network.catalogue import MODELS
from harness.workloads.network.cnn import Cnn
from harness.workloads.network.mlp import Mlp
from harness.workloads.network.optimiser import ADAM
from harness.workloads.network.resnet import ResNet
from harness.workloads.network.spec import Network
from harness.workloads.training import Training

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CLASSIFIERS = ("mlp", "cnn", "resnet18", "resnet50")
IMAGE_AXES = 3
STREAM = 5  # of numbers of chance
TRAIN_X, TRAIN_Y, HELD_X, HELD_Y, ORDER = "train.x", "train.y", "held.x", "held.y", "order"

_KINDS: dict[Workload, dict[str, DType]] = {}


@dataclass(frozen=True, kw_only=True)
class TimeToAccuracy(Training):
    """Train until the target is reached."""

    name: ClassVar[str] = "time_to_accuracy"
    summary: ClassVar[str] = "training until a share of held-out samples is right"

    data: str = parameter(
        "digits, iris, wine, breast_cancer, clusters, or a file that ends with .npz", default="digits"
    )
    target: float = parameter("share of the held-out samples that is to be right", high=1, default=0.97)
    most_epochs: int = parameter("after how many epochs to give up", low=1, high=100_000, default=40)
    seed: int = parameter("of weights and of the order of samples", default=0)

    @classmethod
    def examples(cls) -> Iterator[Workload]:
        """Small ones, that all reach their targets."""
        yield cls(model="mlp", size="digits", batch=32, optimiser=ADAM, learning_rate=0.003, target=0.9, most_epochs=6)
        yield cls(model="cnn", size="digits", batch=32, optimiser=ADAM, learning_rate=0.004, target=0.9, most_epochs=6)
        yield cls(model="mlp", size="digits", data="clusters", batch=16, learning_rate=0.05, target=0.8, most_epochs=9)

    def problems(self) -> list[Problem]:
        """Only classifiers have an accuracy; a step is fed from the host; the data are looked at when they are read."""
        if self.model not in CLASSIFIERS:
            hint = f"it is there for {', '.join(CLASSIFIERS)}"
            return [Problem(parameter="model", message=f"{self.model} classifies nothing here", hint=hint)]
        found = super().problems()
        if self.loss not in (USUAL, "sparse"):
            found.append(Problem(parameter="loss", message="classes are numbers here", hint="leave loss out"))
        return found

    # -- the data ---------------------------------------------------------------------------------

    @property
    def known(self) -> Data:
        """The data set, read and checked."""
        data = load(self.data)
        if data.held < self.batch:
            raise DataError(f"{self.data} has {data.held} samples to train on, less than a batch of {self.batch}")
        return data

    @property
    def network(self) -> Network:
        """The model, with as many inputs and classes as the data have."""
        plain, data = super().network, self.known
        match plain:
            case Mlp():
                width = 1
                for length in data.shape:
                    width *= length
                return replace(plain, widths=(width, *plain.widths[1:-1], data.classes))
            case Cnn() | ResNet() if len(data.shape) != IMAGE_AXES or data.shape[0] != data.shape[1]:
                raise DataError(
                    f"{self.data} holds no square images but {list(data.shape)}, and {self.model} wants some"
                )
            case Cnn():
                return replace(plain, image=(data.shape[0], data.shape[2]), widths=(*plain.widths[:-1], data.classes))
            case ResNet():
                if data.shape[2] != 3:  # noqa: PLR2004  (colours)
                    raise DataError(f"{self.data} holds images of {data.shape[2]} channels, and {self.model} wants 3")
                return replace(plain, side=data.shape[0], classes=data.classes)
        raise DataError(f"{self.model} cannot be made to fit {self.data}")

    @property
    def plain_network(self) -> Network:
        """The model as the catalogue has it, known without the data."""
        return MODELS[self.model][self.size]

    @property
    def fed_from_host(self) -> bool:
        """Always: samples are shuffled there."""
        return True

    @property
    def steps_an_epoch(self) -> int:
        """Batches that are full; the rest of an epoch is left out."""
        return self.known.held // self.batch

    def batches(self) -> int:
        """The first, on which a step is proved."""
        return 1

    def inputs(self, rng: np.random.Generator) -> dict[str, NDArray[np.generic]]:
        """Weights drawn, the data, and the order of samples in each epoch.

        They follow from `seed` alone, and not from the case or the run as other inputs do: trainings in another
        precision, at another rate or on another day are to begin alike, for only then do they differ in nothing else.
        """
        import numpy as np

        del rng
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([self.seed, STREAM])))
        data, network = self.known, self.network
        x = data.x.reshape(-1, *network.features()[0].shape)
        order = np.stack([rng.permutation(data.held) for _ in range(self.most_epochs)]).astype(np.int32)
        first = order[0, : self.batch]
        starts: dict[str, Any] = {name: weight.draw(rng) for name, weight in self.starts().items()}
        return {
            **starts,
            "batch0.x": x[first],
            f"batch0.{TARGET}": data.y[first],
            TRAIN_X: x[: data.held],
            TRAIN_Y: data.y[: data.held],
            HELD_X: x[data.held :],
            HELD_Y: data.y[data.held :],
            ORDER: order,
        }

    def input_shapes(self) -> dict[str, tuple[int, ...]]:
        """Those of a training, and the data."""
        data, fed = self.known, self.network.features()[0]
        rest = len(data.x) - data.held
        return {
            **super().input_shapes(),
            TRAIN_X: (data.held, *fed.shape),
            TRAIN_Y: (data.held,),
            HELD_X: (rest, *fed.shape),
            HELD_Y: (rest,),
            ORDER: (self.most_epochs, data.held),
        }

    def input_dtypes(self) -> dict[str, DType]:
        """Classes and places are whole numbers. It is asked for with each batch, while the clock runs."""
        if self not in _KINDS:
            more = {TRAIN_X: self.element, HELD_X: self.element}
            whole = dict.fromkeys((TRAIN_Y, HELD_Y, ORDER), DType.INT32)
            _KINDS[self] = {**super().input_dtypes(), **more, **whole}
        return _KINDS[self]

    def epoch(self, inputs: Arrays, number: int) -> Iterator[dict[str, Any]]:
        """Yield the batches of one epoch, by the names of a step's arguments."""
        order = inputs[ORDER][number]
        for step in range(self.steps_an_epoch):
            chosen = order[step * self.batch : (step + 1) * self.batch]
            yield {"batch0.x": inputs[TRAIN_X][chosen], f"batch0.{TARGET}": inputs[TRAIN_Y][chosen]}

    # -- what is known of it before the data are read ----------------------------------------------

    def flops(self) -> int | None:  # type: ignore[override]
        """How many epochs it takes is not known beforehand."""
        return None

    def update_flops(self) -> int | None:  # type: ignore[override]
        """Likewise."""
        return None

    def moved_bytes(self) -> int:
        """Likewise."""
        return 0

    def input_bytes(self) -> int:
        """A data set of one's own may be wrong, which is an outcome of its arm and no end of the run."""
        try:
            return super().input_bytes()
        except DataError:
            return 0

    def held_bytes(self) -> int:
        """The data, for what else is held is small beside it."""
        return 2 * self.input_bytes()

    def reference_bytes(self) -> int:
        """Likewise."""
        return self.held_bytes()

    def items(self) -> tuple[int, str] | None:  # type: ignore[override]
        """One training."""
        return None

    def least_flops_share(self) -> float:
        """Nothing is counted."""
        return 1.0
