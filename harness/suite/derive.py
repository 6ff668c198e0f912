"""The expressions of ``derive:``: names, whole numbers, ``+ - * //`` and parentheses; nothing else.

A parser of forty lines instead of Python's own evaluation: a suite may come from a stranger, and an
expression must neither reach anything nor take long. Results are bounded, so that no product of
products grows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

LARGEST = 2**63 - 1
MOST_CHARACTERS = 100
MOST_DEPTH = 20

_TOKEN = re.compile(r"\s*(?:([a-z][a-z0-9_]*)|([0-9]+)|(//|[-+*()]))")


class ExpressionError(Exception):
    """An expression that cannot be read or computed; `offset` counts characters from its start."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


@dataclass(frozen=True, kw_only=True)
class Expression:
    """An expression in reverse Polish order: numbers, names and operators."""

    text: str
    steps: tuple[int | str, ...]

    @property
    def names(self) -> frozenset[str]:
        """The parameters it needs."""
        return frozenset(step for step in self.steps if isinstance(step, str) and step[0].isalpha())

    def value(self, values: Mapping[str, int]) -> int:
        """Compute it."""
        stack: list[int] = []
        for step in self.steps:
            if isinstance(step, int):
                stack.append(step)
            elif step[0].isalpha():
                stack.append(values[step])
            else:
                right = stack.pop()
                stack.append(_apply(step, stack.pop(), right))
            if abs(stack[-1]) > LARGEST:
                raise ExpressionError(f"{self.text!r} is larger than {LARGEST}")
        return stack.pop()


def _apply(operator: str, left: int, right: int) -> int:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case _:
            if right == 0:
                raise ExpressionError("division by zero")
            return left // right


def parse(text: str) -> Expression:
    """Read an expression."""
    if len(text) > MOST_CHARACTERS:
        raise ExpressionError(f"longer than {MOST_CHARACTERS} characters")
    parser = _Parser(_tokens(text), len(text))
    parser.sum(0)
    parser.end()
    return Expression(text=text, steps=tuple(parser.steps))


def _tokens(text: str) -> list[tuple[str | int, int]]:
    tokens: list[tuple[str | int, int]] = []
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise ExpressionError(f"{text[at]!r} cannot stand here; there are names, whole numbers, + - * // ( )", at)
        start = match.start(match.lastindex or 0)
        if match[2] and len(match[2]) > len(str(LARGEST)):
            raise ExpressionError("this number is too large", start)
        tokens.append((int(match[2]) if match[2] else match[1] or match[3], start))
        at = match.end()
    return tokens


class _Parser:
    """Recursive descent: a sum of products of atoms."""

    def __init__(self, tokens: list[tuple[str | int, int]], length: int) -> None:
        self.steps: list[int | str] = []
        self._tokens = tokens
        self._length = length
        self._at = 0

    def _peek(self) -> str | int | None:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else None

    def _fail(self, message: str) -> ExpressionError:
        offset = self._tokens[self._at][1] if self._at < len(self._tokens) else self._length
        return ExpressionError(message, offset)

    def sum(self, depth: int) -> None:
        """Read products joined by + and -."""
        if depth > MOST_DEPTH:
            raise self._fail("too many parentheses inside each other")
        self._joined(("+", "-"), lambda: self._joined(("*", "//"), lambda: self._atom(depth)))

    def _joined(self, operators: tuple[str, ...], read: Callable[[], None]) -> None:
        read()
        while (operator := self._peek()) in operators:
            self._at += 1
            read()
            self.steps.append(str(operator))

    def _atom(self, depth: int) -> None:
        step = self._peek()
        if step == "(":
            self._at += 1
            self.sum(depth + 1)
            if self._peek() != ")":
                raise self._fail("a ')' is missing")
        elif step is None or (isinstance(step, str) and not step[0].isalpha()):
            raise self._fail("a name or a number is missing")
        else:
            self.steps.append(step)
        self._at += 1

    def end(self) -> None:
        """Raise where something is left."""
        if self._peek() is not None:
            raise self._fail("an operator is missing")
