"""Every deliberate error of the house, and the exit code each one ends with.

::

    HarnessError
    ├── UsageError              2    the command or a name in it is wrong
    │   └── SuiteError          2    a suite file is wrong; carries every finding at once
    ├── NothingSelected         5    a filter, a store or a machine left nothing to do
    ├── DeviceUnavailable       6    a device that was required is not here
    ├── StoreError             74    results could not be written or read
    │   └── StoreLocked        75    somebody else holds the lock
    ├── BudgetSpent           124    the time budget is used up
    ├── Terminated            143    somebody asked the process to end
    └── InternalError          70    a bug of ours: nothing the user did

A message names the offender and the place; ``remedy`` says what to do about it. What is none of
these is a bug, and the command line reports it as one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ends. An enumeration, never a count: a shell keeps only eight bits."""

    FINE = 0
    CASES_FAILED = 1
    USAGE = 2
    REGRESSION = 3
    UNDECIDED = 4
    NOTHING = 5
    UNAVAILABLE = 6
    INTERNAL = 70
    STORE = 74
    LOCKED = 75
    BUDGET = 124
    INTERRUPTED = 130
    TERMINATED = 143


# When several hold, the first of these is the one to exit with.
PRECEDENCE = (
    ExitCode.USAGE,
    ExitCode.INTERNAL,
    ExitCode.STORE,
    ExitCode.LOCKED,
    ExitCode.INTERRUPTED,
    ExitCode.TERMINATED,
    ExitCode.BUDGET,
    ExitCode.UNAVAILABLE,
    ExitCode.CASES_FAILED,
    ExitCode.REGRESSION,
    ExitCode.UNDECIDED,
    ExitCode.NOTHING,
    ExitCode.FINE,
)


def first_of(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the code that wins when all of `codes` hold (``FINE`` when none does)."""
    return min(codes, key=PRECEDENCE.index, default=ExitCode.FINE)


class HarnessError(Exception):
    """The base of all deliberate errors."""

    exit_code = ExitCode.INTERNAL

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n  {self.remedy}" if self.remedy else self.message


class UsageError(HarnessError):
    """The user must change the command, or a name in it."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing wrong in a file: where it stands (line 0: the whole file), what it is, what to do."""

    file: str
    line: int
    column: int
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        text = f"{place}: {self.message}"
        return f"{text}\n  {self.hint}" if self.hint else text


class SuiteError(UsageError):
    """A suite cannot be used; all that is wrong with it is here at once."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


class NothingSelected(HarnessError):
    """There is nothing to do: no case, no run, no framework."""

    exit_code = ExitCode.NOTHING


class DeviceUnavailable(HarnessError):
    """A device or framework that the user named as required is not here."""

    exit_code = ExitCode.UNAVAILABLE


class StoreError(HarnessError):
    """Results could not be written or read; what was already saved is untouched."""

    exit_code = ExitCode.STORE


class StoreLocked(StoreError):
    """Another process is writing where only one may."""

    exit_code = ExitCode.LOCKED


class BudgetSpent(HarnessError):
    """The time budget is used up; what was measured is saved."""

    exit_code = ExitCode.BUDGET


class Terminated(HarnessError):
    """Somebody asked the process to end; what was measured is saved. Ctrl-C is a `KeyboardInterrupt` instead."""

    exit_code = ExitCode.TERMINATED


class InternalError(HarnessError):
    """A bug of ours."""
