"""The name of a run: sorts by time, cannot collide, and is safe as a file name everywhere.

``20261121T112233456Z-5f0c9a1e77b2``: UTC to the millisecond, then 48 random bits, so that two machines
that start in the same millisecond and later merge their folders still differ. No dot, no colon and
no ``=``: dots would look like suffixes, colons fail on other file systems, and readers of Parquet
folders take ``key=value`` for a partition.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime

_PATTERN = re.compile(r"[0-9]{8}T[0-9]{9}Z-[0-9a-f]{12}")
_RANDOM_BYTES = 6


def new_run_id(now: datetime | None = None, *, random: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """Return a name for a run that starts `now`."""
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    milliseconds = moment.microsecond // 1000
    return f"{moment:%Y%m%dT%H%M%S}{milliseconds:03d}Z-{random(_RANDOM_BYTES).hex()}"


def is_run_id(text: str) -> bool:
    """Whether `text` is the name of a run, and so harmless as a part of a path."""
    return _PATTERN.fullmatch(text) is not None
