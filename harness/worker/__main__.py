"""``python -m harness.worker FD PARENT``: obey the commands that come over FD until it closes.

What must be so before anything is imported happens here: the process dies with its parent, and a
crash or a long silence leaves a traceback on standard error.
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Have the kernel kill us when `parent` goes; even a stopped process is then ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it went before we asked
        raise SystemExit(1)


def main() -> int:
    """Set the process up and serve."""
    fd, parent = int(sys.argv[1]), int(sys.argv[2])
    die_with(parent)
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    os.set_inheritable(fd, False)  # noqa: FBT003  (its signature): a grandchild must not hold the line open
    from harness.worker.loop import serve

    return serve(fd)


if __name__ == "__main__":
    raise SystemExit(main())
