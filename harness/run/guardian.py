"""End what a run started, when the run ends or should it be killed outright.

Run as a script with nothing but the standard library. Standard input says which process groups to
watch (``+123``) and which have ended (``-123``); its end of file means that the run is gone. A
process that left its group is still known by the mark that every worker passes on to its children.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path

MARK = "HARNESS_SCRATCH"


def main() -> None:
    """Read until the end of file, then end every group still on the list and clear the scratch folder."""
    groups: set[int] = set()
    for line in sys.stdin:
        change, number = line[0], int(line[1:])
        (groups.add if change == "+" else groups.discard)(number)
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    scratch = sys.argv[1]
    for _ in range(10):  # a process may be forking while we look
        if not _end_marked(f"{MARK}={scratch}".encode()):
            break
    shutil.rmtree(scratch, ignore_errors=True)


def _end_marked(mark: bytes) -> int:
    """Kill every process whose environment bears `mark`; return how many there were."""
    ended = 0
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int(entry.name) != os.getpid() and mark in entry.joinpath("environ").read_bytes().split(b"\0"):
                os.kill(int(entry.name), signal.SIGKILL)
                ended += 1
    return ended


if __name__ == "__main__":
    main()
