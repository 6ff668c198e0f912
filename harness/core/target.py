"""Where and how a case runs: ``backend[.mode]@device[:index]``, perhaps in another interpreter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from harness.core.device import Device
from harness.errors import UsageError

_NAME = r"[a-z][a-z0-9_-]*"
_PATTERN = re.compile(rf"({_NAME})(?:\.({_NAME}))?@(.+)")
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_THREADS = re.compile(r"(?:(.*)/)?([0-9]{1,6}-threads?)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Target:
    """One way to run a case. `mode` is empty until the backend's default is filled in."""

    backend: str
    device: Device
    mode: str = ""
    label: str = ""
    python: str = ""
    env: Mapping[str, str] = field(default_factory=dict, hash=False)

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read ``torch.compile@gpu:0``."""
        match = _PATTERN.fullmatch(text)
        if match is None:
            raise UsageError(
                f"not a target: {text!r}", remedy="write backend[.mode]@device, as in torch@cpu or jax.jit@gpu:0"
            )
        return cls(backend=match[1], mode=match[2] or "", device=Device.parse(match[3]))

    @classmethod
    def parse_option(cls, text: str) -> Target:
        """Read a command line's ``TARGET[,python=PATH][,label=NAME]``."""
        head, *options = text.split(",")
        target = cls.parse(head)
        for option in options:
            key, _, value = option.partition("=")
            if key not in ("python", "label") or not value:
                raise UsageError(f"not a target option: {option!r}", remedy="write python=PATH or label=NAME")
            target = replace(target, python=value) if key == "python" else replace(target, label=value)
        return target.checked()

    def checked(self) -> Target:
        """Return this target, or raise where its label cannot be one."""
        if self.label and not _LABEL.fullmatch(self.label):
            raise UsageError(f"not a label: {self.label!r}", remedy="use letters, digits, '.', '_', '+', '-'")
        if _THREADS.fullmatch(self.label):
            raise UsageError(f"the label {self.label!r} is what `measure: threads:` gives", remedy="choose another")
        return self

    def resolved(self, mode: str) -> Target:
        """Return this target with its mode filled in."""
        return self if self.mode else replace(self, mode=mode)

    def __str__(self) -> str:
        """The target without its label: ``torch.eager@cpu``."""
        return f"{self.backend}.{self.mode}@{self.device}" if self.mode else f"{self.backend}@{self.device}"

    @property
    def name(self) -> str:
        """What to call this target in a table: its label, where it has one."""
        return shown_name(str(self), self.label)


def with_threads(label: str, threads: int) -> str:
    """Return the label of a target that is taken at a number of threads, as one of several: ``2-threads``."""
    counted = f"{threads}-thread{'s' if threads != 1 else ''}"
    return f"{label}/{counted}" if label else counted


@lru_cache(maxsize=1024)
def split_threads(label: str) -> tuple[str, str]:
    """Return a label without its number of threads, and that number in words; nothing where it has none."""
    match = _THREADS.fullmatch(label)
    return (match[1] or "", match[2].replace("-", " ")) if match else (label, "")


def shown_name(target: str, label: str) -> str:
    """Return what a target is called; a label that only counts threads stands beside it: ``torch@cpu/2-threads``."""
    own, counted = split_threads(label)
    return f"{target}/{label}" if counted and not own else label or target
