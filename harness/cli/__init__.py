"""The command line: one small module a command, loaded only when it is asked for.

Results go to standard output, all else to standard error. What goes wrong on purpose is a
`HarnessError` and ends with its own exit code; anything else is a bug and is reported as one.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from harness import __version__
from harness.errors import ExitCode, HarnessError

COMMANDS = {
    "quickstart": "a first look: six small cases on whatever is installed, within a minute",
    "run": "measure a suite",
    "report": "render a comparison of runs as Markdown and pictures",
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


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = [*(sys.argv[1:] if argv is None else argv)]  # `list` here may be a command of ours
    try:
        return int(_dispatch(arguments))
    except HarnessError as error:
        print(f"harness: {error}" if not hasattr(error, "findings") else str(error), file=sys.stderr)
        return int(error.exit_code)
    except BrokenPipeError:
        # Whoever read our output has left; Python would complain once more while shutting down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.FINE)
    except KeyboardInterrupt:
        return int(ExitCode.INTERRUPTED)
    except Exception:  # noqa: BLE001  (the last boundary: a bug must end with its own code)
        return _report_bug()


def _dispatch(arguments: list[str]) -> int:
    if not arguments:
        _parser().print_help(sys.stderr)
        print("\nnew here? type: python -m harness quickstart", file=sys.stderr)
        return ExitCode.USAGE
    name = arguments[0]
    if name not in COMMANDS:
        _parser().parse_args(arguments)  # --help and --version end here, and so does a wrong name
        return ExitCode.USAGE
    module = importlib.import_module(f"harness.cli.{name}")
    parser = argparse.ArgumentParser(
        prog=f"python -m harness {name}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.configure(parser)
    return int(module.run(parser.parse_args(arguments[1:])))


def _parser() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS))
    listed = "\n".join(f"  {name:{width}}  {text}" for name, text in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="python -m harness",
        usage="python -m harness COMMAND [OPTIONS]   (COMMAND --help tells more)",
        description=f"Benchmark and compare frameworks and devices on identical, proved work.\n\ncommands:\n{listed}",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"harness {__version__}")
    parser.add_argument("command", choices=[*COMMANDS], help=argparse.SUPPRESS)
    return parser


def _report_bug() -> int:
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="harness-", suffix=".log", delete=False) as log:
        traceback.print_exc(file=log)
    error = sys.exc_info()[1]
    print(f"harness: internal error: {type(error).__name__}: {error}", file=sys.stderr)
    print(f"  this is a bug of the harness; the traceback is in {log.name}", file=sys.stderr)
    return ExitCode.INTERNAL
