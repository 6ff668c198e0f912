"""Real data for training to a quality: sets that ship in a package, and a user's own file.

Nothing is downloaded. Sets of scikit-learn are read from the files that it brings, without importing it.
A file of one's own is an ``.npz`` with ``x`` (samples first; images as height, width, channels) and ``y``
(class numbers from 0 on). What is wrong with it is said in words, all at once.
"""

from __future__ import annotations

import gzip
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

HELD_OUT = 0.2
SPLIT_SEED = 0  # one split for all seeds of training: they are to differ in nothing else
MOST_CLASSES = 10_000
SHAPES = {"digits": (8, 8, 1)}  # of images; all other sets are tables
PACKAGED = ("digits", "iris", "wine", "breast_cancer")
MADE_UP = "clusters"
CLOUDS, CLOUD_SAMPLES, CLOUD_WIDTH, APART = 4, 600, 8, 3.0


class DataError(ValueError):
    """A data set that cannot be used, and why."""


@dataclass(frozen=True, kw_only=True)
class Data:
    """Samples in a fixed order of chance: those to train on first, and from `held` on those held out."""

    x: NDArray[Any]  # float32
    y: NDArray[Any]  # int32
    classes: int
    held: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample."""
        return tuple(self.x.shape[1:])


@cache
def load(name: str) -> Data:
    """Return the data set called `name`, or of the file there."""
    import numpy as np

    x, y = _clusters() if name == MADE_UP else _packaged(name) if name in PACKAGED else _own(Path(name))
    order = np.random.Generator(np.random.PCG64(SPLIT_SEED)).permutation(len(x))
    held = len(x) - round(HELD_OUT * len(x))
    x, y = x[order], y[order]
    if name in PACKAGED:
        x = _scaled(x, held, image=name in SHAPES)
    return Data(x=x.astype(np.float32), y=y.astype(np.int32), classes=int(y.max()) + 1, held=held)


def _scaled(x: Any, held: int, *, image: bool) -> Any:
    """Bring numbers near one: pixels by their largest, columns by what the training part has."""
    import numpy as np

    if image:
        return x / np.max(x)
    return (x - x[:held].mean(axis=0)) / x[:held].std(axis=0)


def _clusters() -> tuple[Any, Any]:
    """Return clouds of points that hardly overlap: to try things out where no package brings data."""
    import numpy as np

    rng = np.random.Generator(np.random.PCG64(SPLIT_SEED))
    y = np.arange(CLOUD_SAMPLES) % CLOUDS
    centres = APART * rng.standard_normal((CLOUDS, CLOUD_WIDTH)) / np.sqrt(CLOUD_WIDTH) * np.sqrt(2)
    return centres[y] + rng.standard_normal((CLOUD_SAMPLES, CLOUD_WIDTH)), y


def _packaged(name: str) -> tuple[Any, Any]:
    import numpy as np

    spec = importlib.util.find_spec("sklearn")
    if spec is None or not spec.submodule_search_locations:
        raise DataError(f"the data set {name!r} ships with scikit-learn, which is not here; pip install scikit-learn")
    folder = Path(next(iter(spec.submodule_search_locations))) / "datasets" / "data"
    packed = folder / f"{name}.csv.gz"
    text = gzip.decompress(packed.read_bytes()) if packed.exists() else (folder / f"{name}.csv").read_bytes()
    lines = text.decode("ascii").splitlines()
    rows = np.array([line.split(",") for line in (lines if packed.exists() else lines[1:])], dtype=np.float64)
    return rows[:, :-1].reshape(-1, *SHAPES.get(name, (rows.shape[1] - 1,))), rows[:, -1].astype(np.int64)


def _own(path: Path) -> tuple[Any, Any]:
    import numpy as np

    if path.suffix != ".npz":
        known = ", ".join((*PACKAGED, MADE_UP))
        raise DataError(f"no data set is called {str(path)!r}; there are {known}, and files that end with .npz")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            arrays = {key: held[key] for key in ("x", "y") if key in held}
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except Exception as error:  # noqa: BLE001  (a torn archive, an array alone, objects: each raises its own)
        raise DataError(f"{path}: not an .npz file: {error}") from None
    missing = [key for key in ("x", "y") if key not in arrays]
    if missing:
        raise DataError(f"{path}: lacks {' and '.join(missing)}")
    wrong = list(_wrong(arrays["x"], arrays["y"]))
    if wrong:
        raise DataError(f"{path}: {'; '.join(wrong)}")
    return arrays["x"], arrays["y"].astype(np.int64)


def _wrong(x: Any, y: Any) -> Iterator[str]:
    import numpy as np

    if x.ndim < 2 or x.dtype.kind not in "fiu":  # noqa: PLR2004  (samples, and what each holds)
        yield f"x is {x.dtype} of shape {list(x.shape)}, not numbers with the samples first"
    elif 0 in x.shape[1:]:
        yield f"x is of shape {list(x.shape)}: its samples hold nothing"
    elif count := int(np.sum(~np.isfinite(_narrowed(x)))):
        yield f"x holds {count} numbers that are infinite or not a number, or too large for float32"
    if y.ndim != 1 or y.dtype.kind not in "iu":
        yield f"y is {y.dtype} of shape {list(y.shape)}, not one whole number a sample"
    elif len(y) != len(x):
        yield f"x has {len(x)} samples and y {len(y)}"
    elif len(y) == 0:
        yield "there is no sample"
    elif round(HELD_OUT * len(y)) == 0:
        yield f"of {len(y)} samples none would be held out"
    elif y.min() < 0 or y.max() >= MOST_CLASSES:
        yield f"y goes from {y.min()} to {y.max()}: class numbers begin at 0 and end below {MOST_CLASSES}"
    elif y.max() < 1:
        yield "y has one class only"


def _narrowed(x: Any) -> Any:
    """Return what is trained on."""
    import numpy as np

    with np.errstate(over="ignore"):
        return x.astype(np.float32)
