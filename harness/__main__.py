"""``python -m harness``: hand over to the command line.

`python -m` looks for modules in the working directory first, and people measure in folders where a
json.py or a queue.py of their own lies. This process wants none of them (a worker never looks there),
so that entry goes before anything else is imported.
"""

from __future__ import annotations

import os
import sys


def _leave_working_directory() -> None:
    """Take the entry that `-m` put in front; one that PYTHONPATH names stays, for it was asked for."""
    try:
        here = os.getcwd()  # noqa: PTH109  (pathlib is one of the modules that might lie there)
    except OSError:
        return  # it was deleted, and then Python has not put it there
    if not sys.flags.safe_path and sys.path and sys.path[0] == here:
        del sys.path[0]


if __name__ == "__main__":
    _leave_working_directory()
    try:
        from harness.cli import main

        code = main()
    except KeyboardInterrupt:  # before the command line could see to it
        code = 130
    raise SystemExit(code)
