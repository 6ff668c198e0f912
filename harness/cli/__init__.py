"""The command line: one small module a command, loaded only when it is asked for.

Results go to standard output, all else to standard error. What goes wrong on purpose is a
`HarnessError` and ends with its own exit code; anything else is a bug and is reported as one.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import io
import os
import sys
from collections.abc import Sequence

from harness import __version__

COMMANDS = {
    "quickstart": "a first look: six small cases on whatever is installed, within a minute",
    "run": "measure a suite",
    "bench": "measure one operation, described on the command line: bench matmul m=256..4096:x2 n=m k=m",
    "ab": "judge an upgrade: two interpreters or settings in one session, and what differs is confirmed",
    "report": "render runs as a report: HTML, Markdown, tables and pictures",
    "compare": "compare two targets, two runs or many machines, and say what may be concluded",
    "replay": "measure one row of a run again, here, and say whether its ratio agrees",
    "gate": "say PASS or FAIL of a run beside its base, and end with a code to match",
    "baseline": "pin runs that others are held against: set, list, show, remove",
    "show": "show a suite file expanded, or the results of a run",
    "list": "list suites, workloads, backends, devices or runs",
    "validate": "check suite files without measuring anything",
    "schema": "print the JSON Schema of suite files",
    "check": "hold backends to the contract: right answers, same work, declared refusals",
    "store": "look after the results: verify, recover, migrate",
    "doctor": "say what this machine has, what is missing, and the command that mends it",
}

EPILOG = """\
examples:
  python -m harness quickstart                  a first look, within a minute
  python -m harness run suites/gemm.yaml        measure a suite on everything installed
  python -m harness report                      render what was measured

exit codes: 0 fine, 1 an arm failed or is invalid, 2 usage or suite error, 3 regression, 4 undecided,
5 nothing selected, 6 a required device is unavailable, 70 internal error, 74 results could not be
written or read, 75 locked, 124 time budget spent, 130 / 143 interrupted
"""


# What a full disk, a lock on a folder or a name beyond all bounds says: nothing that a mend of ours would change.
OF_THE_MACHINE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENAMETOOLONG}
)
LONGEST_SHOWN = 200


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = [*(sys.argv[1:] if argv is None else argv)]  # `list` here may be a command of ours
    _steady_streams()
    return _run(arguments) if arguments and arguments[0] in COMMANDS else _help(arguments)


def _run(arguments: list[str]) -> int:
    from harness.cli.lines import without_orders

    with without_orders():
        return _ended(arguments)


def _ended(arguments: list[str]) -> int:
    from harness.errors import ExitCode, HarnessError

    try:
        code = _dispatch(*arguments)
        sys.stdout.flush()  # here, where it can still be said that nobody could take it
    except HarnessError as error:
        print(f"harness: {error}" if not hasattr(error, "findings") else str(error), file=sys.stderr)
        return int(error.exit_code)
    except BrokenPipeError:
        _forget_output()  # whoever read it has left
        return int(ExitCode.FINE)
    except KeyboardInterrupt:
        return int(ExitCode.INTERRUPTED)
    except OSError as error:
        return _report_machine(error) if error.errno in OF_THE_MACHINE else _report_bug()
    except Exception:  # noqa: BLE001  (the last boundary: a bug must end with its own code)
        return _report_bug()
    return code


def _dispatch(name: str, *arguments: str) -> int:
    module = importlib.import_module(f"harness.cli.{name}")
    parser = argparse.ArgumentParser(
        prog=f"python -m harness {name}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.configure(parser)
    return int(module.run(parser.parse_args(arguments)))


def _help(arguments: list[str]) -> int:
    """Help needs none of what the commands need, not even their errors: dataclasses are a third of the time."""
    if arguments:
        _parser().parse_args(arguments)  # --help and --version end here, and so does a wrong name
    else:
        _parser().print_help(sys.stderr)
        print("\nnew here? type: python -m harness quickstart", file=sys.stderr)
    from harness.errors import ExitCode

    return int(ExitCode.USAGE)


def _parser() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS))
    listed = "\n".join(f"  {name:{width}}  {text}" for name, text in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="python -m harness",
        usage="python -m harness COMMAND [OPTIONS]   (COMMAND --help tells more)",
        description=f"Benchmark and compare frameworks and devices on identical, proved work.\n\ncommands:\n{listed}",
        epilog=EPILOG,
        # Laid out by hand; asking for the terminal's width would load the modules of four compressors.
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, width=100),
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"harness {__version__}")
    parser.add_argument("command", choices=[*COMMANDS], help=argparse.SUPPRESS)
    return parser


def _steady_streams() -> None:
    """Neither a stream that was closed nor a letter that it cannot encode is a reason to fail.

    What is opened later must not get the number of a closed stream either: a worker's chatter, or an
    error of the interpreter, would end up in a table.
    """
    for number, name, way in ((0, "stdin", os.O_RDONLY), (1, "stdout", os.O_WRONLY), (2, "stderr", os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, way), True)  # noqa: FBT003  (the lowest free number)
        if getattr(sys, name) is None:
            mode = "r" if way == os.O_RDONLY else "w"
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
        stream = getattr(sys, name)
        if way == os.O_WRONLY and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _forget_output() -> None:
    """Python would complain once more while shutting down."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report_machine(error: OSError) -> int:
    from harness.errors import ExitCode

    _forget_output()
    place = f": {str(error.filename)[:LONGEST_SHOWN]}" if error.filename else ", while writing the output"
    print(f"harness: {error.strerror}{place}", file=sys.stderr)
    print("  check the name, the space and the permissions there", file=sys.stderr)
    return int(ExitCode.STORE)


def _report_bug() -> int:
    import tempfile
    import traceback

    from harness.errors import ExitCode

    with tempfile.NamedTemporaryFile("w", prefix="harness-", suffix=".log", delete=False) as log:
        traceback.print_exc(file=log)
    error = sys.exc_info()[1]
    print(f"harness: internal error: {type(error).__name__}: {error}", file=sys.stderr)
    print(f"  this is a bug of the harness; the traceback is in {log.name}", file=sys.stderr)
    return int(ExitCode.INTERNAL)
