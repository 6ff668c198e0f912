"""Framed JSON messages over a file descriptor: how a run and its workers speak.

A frame is a length, a CRC-32 and that many bytes of JSON. Frameworks print what they like to
standard output, and a worker can die in the middle of a sentence; an end of file, a wrong length
or a wrong checksum is therefore told apart from an answer.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from typing import Any

HEADER = struct.Struct("!II")
LONGEST = 64 * 2**20


class BrokenFrame(Exception):
    """The other side said something that is not a frame."""


def encode(message: dict[str, Any]) -> bytes:
    """Return `message` as one frame."""
    body = json.dumps(message, allow_nan=True).encode()
    return HEADER.pack(len(body), zlib.crc32(body)) + body


class Decoder:
    """Turns bytes as they arrive into messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Take up bytes as they come."""
        self._buffer += data

    @property
    def pending(self) -> int:
        """How many bytes of an unfinished frame are waiting."""
        return len(self._buffer)

    def next(self) -> dict[str, Any] | None:
        """Return the next whole message, or nothing while it is incomplete."""
        if len(self._buffer) < HEADER.size:
            return None
        length, checksum = HEADER.unpack_from(self._buffer)
        if length > LONGEST:
            raise BrokenFrame(f"a frame of {length} bytes")
        if len(self._buffer) < HEADER.size + length:
            return None
        body = bytes(self._buffer[HEADER.size : HEADER.size + length])
        del self._buffer[: HEADER.size + length]
        if zlib.crc32(body) != checksum:
            raise BrokenFrame("a frame with a wrong checksum")
        message = json.loads(body)
        if not isinstance(message, dict):
            raise BrokenFrame("a frame that holds no object")
        return message


def send(fd: int, message: dict[str, Any]) -> None:
    """Write `message` to `fd` as one frame, whole."""
    view = memoryview(encode(message))
    while view:
        view = view[os.write(fd, view) :]


def receive(fd: int, decoder: Decoder) -> dict[str, Any] | None:
    """Read from `fd` until a message is whole; nothing at the end of file. Blocks without spinning."""
    while (message := decoder.next()) is None:
        data = os.read(fd, 65536)
        if not data:
            return None
        decoder.feed(data)
    return message
