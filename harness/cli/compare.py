"""Compare two sides and say what may be concluded: two targets of a run, two runs, or machines.

Two targets of one run are compared block by block, and that is the only comparison that proves
anything. Two runs are two sessions: they are `not-comparable`, unless you insist on absolute times
(--insist), or name a target that is the same in both and through which they are seen (--through).

A side is a run (latest, latest~1, the beginning of its name, a path, pin:NAME), or one target of it:
latest::jax.jit@cpu, latest::jax, or a label. A single RUN::TARGET is compared with all other targets of
that run, and a single RUN (latest, where none is named) by its own two sides, or with its reference.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import options
from harness.cli.documents import show_document
from harness.errors import ExitCode, StoreError, UsageError

if TYPE_CHECKING:
    from harness.report.comparison import NodesPage, Page

EXAMPLES = """\
examples:
  python -m harness compare latest::torch.eager@cpu latest::jax.jit@cpu    two targets of the newest run
  python -m harness compare latest::torch latest                           one target beside all others
  python -m harness compare latest~1 latest --through numpy.reference@cpu  two runs, seen through a third arm
  python -m harness compare --across cpu-results gpu-results tpu-results   machines of different kinds
  python -m harness compare --nodes node1 node2 node3 node4                the odd one out of equal machines

It ends with 0 once it has compared, whatever it says of it (`gate` decides), with 4 where nothing could
be judged because the sides are not comparable, and with 5 where they have nothing in common.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.usage = (
        "python -m harness compare BASE NEW [--margin 2%%] [--insist | --through TARGET]\n"
        "       python -m harness compare [RUN]\n"
        "       python -m harness compare --across RUN RUN ... [--base-device NAME]\n"
        "       python -m harness compare --nodes MACHINE MACHINE MACHINE ..."
    )
    parser.epilog = EXAMPLES
    parser.add_argument("runs", nargs="*", metavar="RUN", help="a run, a run's target (RUN::TARGET), or a folder")
    options.add_results(parser)
    ways = parser.add_argument_group("what is compared")
    kinds = ways.add_mutually_exclusive_group()
    kinds.add_argument(
        "--across",
        action="store_true",
        help="machines of different kinds, by at least 5 runs of each: every folder or run that is named is joined by "
        "machine, on equal cases, inputs (measure with one --seed) and arithmetic",
    )
    kinds.add_argument(
        "--nodes",
        action="store_true",
        help="machines of one kind, each named by a folder of at least 5 runs: which of them is the odd one out",
    )
    ways.add_argument("--base-device", default="", metavar="NAME", help="with --across: whom the others are beside")
    how = parser.add_argument_group("how two sides are compared")
    options.add_two_runs(how)
    shown = parser.add_argument_group("what is shown")
    shown.add_argument("--all", action="store_true", help="every line, also of arms that are equivalent")
    shown.add_argument("--json", action="store_true", help="print one JSON document, with all lines")
    shown.add_argument("--markdown", type=Path, metavar="FILE", help="also write the page to FILE")


def run(args: argparse.Namespace) -> ExitCode:
    """Print what is found."""
    _refuse_contradictions(args)
    options.recover_runs(args.results)
    return _nodes(args) if args.nodes else _sides(args)


def _sides(args: argparse.Namespace) -> ExitCode:
    from harness.report.compare import exit_code
    from harness.report.compare_document import document
    from harness.report.compare_page import markdown, terminal

    page = _page(args)
    if args.markdown is not None:
        _write(args.markdown, markdown(page, everything=args.all))
    if args.json:
        show_document(document(page))
    else:
        print(terminal(page, everything=args.all).rstrip())
    return exit_code(page)


def _page(args: argparse.Namespace) -> Page:
    if args.across:
        from harness.report.across import compare_across

        return compare_across(args.results, args.runs, base_device=args.base_device)
    from harness.report.compare import compare_sides, sides_of

    base, new = args.runs if len(args.runs) > 1 else sides_of(args.results, *(args.runs or ["latest"]))
    return compare_sides(
        args.results,
        base,
        new,
        margin=options.read_margin(args.margin),
        insist=args.insist,
        through=args.through,
    )


def _nodes(args: argparse.Namespace) -> ExitCode:
    from harness.report.compare_document import nodes_document
    from harness.report.compare_page import nodes_markdown, nodes_terminal
    from harness.report.nodes import compare_nodes

    page: NodesPage = compare_nodes(args.results, args.runs)
    if args.markdown is not None:
        _write(args.markdown, nodes_markdown(page))
    if args.json:
        show_document(nodes_document(page))
    else:
        print(nodes_terminal(page).rstrip())
    return ExitCode.FINE


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"cannot write the page to {path}: {error.strerror or error}", remedy="name another file with --markdown"
        ) from error


def _refuse_contradictions(args: argparse.Namespace) -> None:
    """Raise where what was asked for does not go together, and say what would."""
    many = args.across or args.nodes
    if not many and len(args.runs) > 2:  # noqa: PLR2004
        raise UsageError(
            f"{len(args.runs)} sides, and a comparison has two",
            remedy="more machines: --across, or --nodes where alike",
        )
    way = "--across" if args.across else "--nodes"
    if many and not args.runs:
        raise UsageError(f"{way} wants to know of which machines", remedy="name folders of results, or runs")
    if args.nodes and len(args.runs) == 1:
        raise UsageError("one machine has nothing to be the odd one out of", remedy="name a folder of each machine")
    for name, said in (("--margin", args.margin), ("--insist", args.insist), ("--through", args.through)):
        if many and said:
            raise UsageError(f"{name} has no meaning with {way}", remedy="leave one of them out")
    if args.base_device and not args.across:
        raise UsageError("--base-device has a meaning only with --across", remedy="leave it out")
