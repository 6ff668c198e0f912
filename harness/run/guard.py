"""The line to the guardian: a process that ends what this one started, should this one be killed outright.

Which process groups there are is told to it as they come and go; what it does with them is said in
`harness.run.guardian`, the script that it runs.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any


class Guardian:
    """A tiny process that ends what we started, and removes our scratch folder, should we be killed.

    It blocks in a read and costs nothing; the end of file on that pipe is the news of our end.
    """

    def __init__(self, scratch: Path) -> None:
        script = Path(__file__).with_name("guardian.py")
        self._process = subprocess.Popen(  # noqa: S603  (our own script, no shell)
            [sys.executable, "-I", "-S", str(script), str(scratch)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def watch(self, group: int) -> None:
        """Have process group `group` ended with us."""
        self._say(f"+{group}\n")

    def forget(self, group: int) -> None:
        """The group has ended; its number may soon be somebody else's."""
        self._say(f"-{group}\n")

    def close(self) -> None:
        """Let the guardian go, and wait for it."""
        with suppress(OSError):
            self._pipe.close()
        self._process.wait()

    @property
    def _pipe(self) -> Any:
        return self._process.stdin

    def _say(self, text: str) -> None:
        with suppress(OSError):  # a guardian that was killed must not end the run
            self._pipe.write(text.encode())
            self._pipe.flush()
