"""Making many values that are all kept, without looking for garbage among them.

A report of ten thousand arms is a million small values, all of which stay until it is written. Python counts new
values and then looks through all that it holds for some that nobody needs: a third of the time, for nothing.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept() -> Iterator[None]:
    """Make values that are kept: garbage is looked for neither meanwhile, nor later among them."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if before:
            gc.enable()
