"""Pictures as files, drawn by a second process while this one still writes words and tables.

Of a large report drawing is a third of the work, and nothing else waits for it. Whatever comes in between (no second
process can be had, it dies, somebody ends it), those pictures are drawn here later, and are the same.
"""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeAlias

from harness.core.affinity import available_cpus
from harness.report.picture import Picture

Files: TypeAlias = dict[tuple[str, str], bytes]  # by the name of a picture and the kind of a file

WORTH = 12  # pictures: fewer are drawn here before another Python has begun
_CHILD = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from harness.report.draw.ahead import draw; draw()"
)


class Ahead:
    """Draws what it is told to `begin`, until `files` are asked for; leaving it ends whatever is still drawn."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._talk = ThreadPoolExecutor(max_workers=1)
        self._answer: Future[tuple[bytes, bytes]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.kill()
        self._talk.shutdown()

    def begin(self, pictures: Sequence[Picture], kinds: Sequence[str]) -> None:
        """Have these pictures drawn, where that is worth a process and a processor is left for it."""
        if len(pictures) * len(kinds) < WORTH or len(available_cpus()) < 2:  # noqa: PLR2004  (one each)
            return
        told = pickle.dumps(sys.path) + pickle.dumps((list(pictures), list(kinds)))
        try:
            self._process = subprocess.Popen(  # noqa: S603  (ourselves)
                [sys.executable, "-I", "-c", _CHILD],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            return
        self._answer = self._talk.submit(self._process.communicate, told)

    def files(self) -> Mapping[tuple[str, str], bytes]:
        """Wait, and return what was drawn, whole files alone."""
        if self._answer is None:
            return {}
        told, found = io.BytesIO(self._answer.result()[0]), Files()
        while True:
            try:
                place, data = pickle.load(told)  # noqa: S301  (our own process's)
            except Exception:  # noqa: BLE001  (the end; or it broke off there, or something else wrote in between)
                return found
            found[place] = data


def draw() -> None:
    """Be the second process: draw what standard input tells, and write each file to standard output.

    One by one, so that the first that nobody takes any more is the last.
    """
    from harness.report.draw.raster import render

    pictures, kinds = pickle.load(sys.stdin.buffer)  # noqa: S301  (our own process's)
    for picture in pictures:
        for kind in kinds:
            pickle.dump(((picture.name, kind), render(picture, kind)), sys.stdout.buffer)
            sys.stdout.buffer.flush()
