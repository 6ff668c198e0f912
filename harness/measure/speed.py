"""What this CPU was seen to do, in a second before anything else is measured.

Matrix products by NumPy's BLAS, and the memory read, copied and combined (a = b + s c) by as many
threads as the arms may use. Each is the best of several, for noise only slows. These are no bounds: a
framework's library may be better than NumPy's, and a neighbour may have been busy; what they are good
for is said in `harness.core.ceiling`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.measure.clock import Meter

EACH_NS = 100_000_000
MATRIX = 1024
MATRIX_OF_MANY = 2048  # where many threads share it, a smaller one ends too soon
MANY_THREADS = 8
LEAST_ARRAY_BYTES = 48 * 2**20
MOST_ARRAY_BYTES = 512 * 2**20
BEYOND_CACHE = 2  # of three arrays together, the least is then six times the last-level cache
STRIP_BYTES = 256 * 2**10  # stays in a core's own cache between the two halves of a = b + s c


def cpu_speed(
    *, threads: int, cache_bytes: int, free_bytes: int, meter: Meter, each_ns: int = EACH_NS
) -> dict[str, float]:
    """Return operations a second by element type, and bytes a second as ``read``, ``copy``, ``triad`` and ``memory``.

    ``memory`` is the largest of the three; none of them is there where memory is too scarce to measure it.
    """
    found = {dtype: _product(dtype, threads, meter, each_ns) for dtype in ("float32", "float64")}
    size = min(MOST_ARRAY_BYTES, max(LEAST_ARRAY_BYTES, BEYOND_CACHE * cache_bytes))
    if 8 * size <= free_bytes:
        moved = _memory(size, threads, meter, each_ns)
        found |= moved | {"memory": max(moved.values())}
    return found


def _product(dtype: str, threads: int, meter: Meter, each_ns: int) -> float:
    import numpy as np

    size = MATRIX_OF_MANY if threads >= MANY_THREADS else MATRIX
    rng = np.random.default_rng(0)
    left, right = (rng.standard_normal((size, size)).astype(dtype) for _ in range(2))
    out = np.empty_like(left)
    return 2 * size**3 / _fastest_s(lambda: np.matmul(left, right, out=out), meter, each_ns)


def _memory(size: int, threads: int, meter: Meter, each_ns: int) -> dict[str, float]:
    """Return what STREAM would say: arrays counted once a reading or writing, whatever caches do beside that."""
    import numpy as np

    count = size // 8
    a, b, c = (np.full(count, float(value)) for value in range(3))
    parts = [slice(count * at // threads, count * (at + 1) // threads) for at in range(threads)]

    def read(part: slice) -> None:
        b[part].max()

    def copy(part: slice) -> None:
        np.copyto(a[part], b[part])

    def triad(part: slice) -> None:
        for strip in _strips(part):
            np.multiply(c[strip], 3.0, out=a[strip])
            np.add(a[strip], b[strip], out=a[strip])

    with ThreadPoolExecutor(threads) as pool:
        times = [_fastest_s(_together(pool, kernel, parts), meter, each_ns) for kernel in (read, copy, triad)]
    moved = (size, 2 * size, 3 * size)
    return {name: total / time for name, total, time in zip(("read", "copy", "triad"), moved, times, strict=True)}


def _strips(part: slice) -> Iterator[slice]:
    step = STRIP_BYTES // 8
    return (slice(start, min(start + step, part.stop)) for start in range(part.start, part.stop, step))


def _together(pool: ThreadPoolExecutor, kernel: Callable[[slice], None], parts: list[slice]) -> Callable[[], Any]:
    """Return a call that has all threads work on their parts at once; NumPy lets go of the interpreter for it."""
    if len(parts) == 1:
        return lambda: kernel(parts[0])
    return lambda: list(pool.map(kernel, parts))


def _fastest_s(call: Callable[[], Any], meter: Meter, each_ns: int) -> float:
    """Return the seconds of the fastest call within so much time; the first is not counted."""
    call()
    begin = end = meter.now()
    fastest = None
    while fastest is None or end - begin < each_ns:
        start = meter.now()
        call()
        end = meter.now()
        fastest = end - start if fastest is None else min(fastest, end - start)
    return max(fastest, 1) * 1e-9
