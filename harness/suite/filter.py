"""The language of ``--filter``: comparisons over what is known of an arm, joined by and, or, not.

``m >= 512 and dtype == float32 and not backend == jax``, ``id ~ square*``, ``op in (sum, mean)``; a word
alone is a pattern over names. A tokenizer and a parser of our own instead of Python's evaluation: an
expression can reach nothing but the facts it is given, and its length and depth are bounded. Every
mistake is a `FilterError` that shows the place.

>>> parse("m >= 512 and not dtype == int8").holds({"m": 1024, "dtype": "float32"})
True
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from harness.core import glob
from harness.core.plugins import suggestion
from harness.errors import UsageError
from harness.suite.model import value_text

MOST_CHARACTERS = 1000
MOST_DEPTH = 32
WIDTH = 90  # of what an error shows of a long expression
LONGEST_NUMBER = 32

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<mark>[(),])
    | (?P<operator>==|!=|<=|>=|!~|<|>|~)
    | (?P<quoted>'[^']*'|"[^"]*")
    | (?P<word>(?:[^\s()\[\],'"=!<>~]|\[[^\[\]'"]*\])+)""",
    re.VERBOSE,
)
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?")
_WORDS = ("and", "or", "not", "in")
_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
_SLIPS = {"=": "write == to compare", "&": "write and", "|": "write or", "!": "write not, or !=", "[": "close it: ]"}
_SLIPS |= {"'": "close the quotes", '"': "close the quotes"}


class Spellings(frozenset[str]):
    """A fact that goes by several names: ``gpu`` and ``gpu:0``. It equals each of them; the first named is shown."""


Fact = Spellings | str | int | float | bool | None | Sequence[int]
Facts = Mapping[str, Fact]
NAMES = ("name", "case", "id", "target")  # what a word alone is compared with


class FilterError(UsageError):
    """An expression that cannot be used; the message shows where."""

    def __init__(self, text: str, at: int, message: str, hint: str | None = None) -> None:
        start = max(0, min(at - WIDTH // 2, len(text) - WIDTH))
        shown = "".join(char if char.isprintable() else " " for char in text[start : start + WIDTH])
        super().__init__(f"--filter: {message}\n  {shown}\n  {' ' * (at - start)}^", remedy=hint)
        self.at = at


class Token(NamedTuple):
    """A piece of an expression; `kind` is mark, operator, quoted, word, or end."""

    kind: str
    text: str
    at: int


@dataclass(frozen=True, kw_only=True)
class Literal:
    """What a fact is compared with."""

    text: str
    number: float | None
    at: int

    def equals(self, fact: Fact) -> bool:
        """Whether `fact` is this: numbers by value, all else as names of cases write it."""
        if isinstance(fact, Spellings):
            return self.text in fact
        if isinstance(fact, int | float) and not isinstance(fact, bool):
            return self.number is not None and fact == self.number
        return value_text(fact) == self.text

    def describes(self, fact: Fact) -> bool:
        """Whether this, as a pattern, describes `fact`."""
        texts = fact if isinstance(fact, Spellings) else (value_text(fact),)
        return any(glob.matches(self.text, text) for text in texts)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A fact beside one or several values; false where the fact is not known, also for != and not in."""

    name: str
    operator: str
    values: tuple[Literal, ...]
    at: int

    def holds(self, facts: Facts) -> bool:
        """Compare."""
        if self.name not in facts:
            return False
        fact = facts[self.name]
        if self.operator in _ORDER:
            number = self.values[0].number
            return _is_number(fact) and number is not None and _ORDER[self.operator](fact, number)  # type: ignore[arg-type]
        test = Literal.describes if "~" in self.operator else Literal.equals
        return any(test(value, fact) for value in self.values) != self.operator.startswith(("!", "not"))


@dataclass(frozen=True, kw_only=True)
class Word:
    """A pattern over an arm's name, its case, the id of its entry, or its target."""

    pattern: str
    at: int

    def holds(self, facts: Facts) -> bool:
        """Look for it."""
        literal = Literal(text=self.pattern, number=None, at=self.at)
        return any(literal.describes(facts[name]) for name in NAMES if name in facts)


@dataclass(frozen=True, kw_only=True)
class Joined:
    """Tests of which all, any, or (of one) none must hold."""

    operator: str  # and, or, not
    parts: tuple[Test, ...]

    def holds(self, facts: Facts) -> bool:
        """Ask the parts."""
        held = (part.holds(facts) for part in self.parts)
        return any(held) if self.operator == "or" else all(held) != (self.operator == "not")


Test = Comparison | Word | Joined


@dataclass(frozen=True, kw_only=True)
class Filter:
    """An expression that has been read."""

    text: str
    test: Test
    leaves: tuple[Comparison | Word, ...]

    def holds(self, facts: Facts) -> bool:
        """Whether what these facts tell of is wanted."""
        return self.test.holds(facts)

    def check(self, everything: Sequence[Facts]) -> None:
        """Raise where the expression asks for what nothing of `everything` has."""
        known = tuple(dict.fromkeys(name for facts in everything for name in facts))
        for leaf in self.leaves:
            if isinstance(leaf, Word):
                self._check_word(leaf, known, everything)
            elif leaf.name not in known:
                raise FilterError(self.text, leaf.at, f"no case has {leaf.name!r}", suggestion(leaf.name, known))
            elif leaf.operator in _ORDER and not any(_is_number(facts.get(leaf.name)) for facts in everything):
                raise FilterError(self.text, leaf.at, f"{leaf.name} is no number", "compare it with ==, ~ or in (...)")

    def _check_word(self, word: Word, known: Collection[str], everything: Sequence[Facts]) -> None:
        if word.pattern in known and not any(word.holds(facts) for facts in everything):
            hint = f"write {word.pattern} == ...; a word alone is a pattern over the names of arms"
            raise FilterError(self.text, word.at, f"{word.pattern} is compared with nothing", hint)

    def values(self, everything: Iterable[Facts], most: int = 8) -> str:
        """Say which values there are of what the expression compares, for where it leaves nothing."""
        names = dict.fromkeys(leaf.name for leaf in self.leaves if isinstance(leaf, Comparison))
        listed = list(everything)
        said = []
        for name in names:
            found = list(dict.fromkeys(_shown(facts[name]) for facts in listed if name in facts))
            more = f" and {len(found) - most} more" if len(found) > most else ""
            said.append(f"{name} is {', '.join(found[:most])}{more}")
        return "; ".join(said)


def parse(text: str) -> Filter:
    """Read an expression, or raise `FilterError`."""
    if len(text) > MOST_CHARACTERS:
        raise FilterError(text, MOST_CHARACTERS, f"longer than {MOST_CHARACTERS} characters", "name arms with --only")
    parser = _Parser(text, _tokens(text))
    test = parser.either(0)
    parser.end()
    return Filter(text=text, test=test, leaves=tuple(parser.leaves))


def _tokens(text: str) -> list[Token]:
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise FilterError(text, at, f"{text[at]!r} cannot stand here", _SLIPS.get(text[at]))
        if match.lastgroup != "space":
            tokens.append(Token(str(match.lastgroup), match[0], at))
        at = match.end()
    return [*tokens, Token("end", "", len(text))]


class _Parser:
    """Recursive descent: alternatives of conjunctions of tests."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.leaves: list[Comparison | Word] = []
        self._text = text
        self._tokens = tokens
        self._at = 0

    def either(self, depth: int) -> Test:
        """Read what stands between the words ``or``."""
        if depth > MOST_DEPTH:
            raise self._error("too many parentheses inside each other")
        return self._joined("or", lambda: self._joined("and", lambda: self._negated(depth)))

    def end(self) -> None:
        """Raise where something is left."""
        if self._next.kind != "end":
            raise self._error(f"{self._next.text!r} cannot stand here", "join tests by and, or")

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._next
        self._at += token.kind != "end"
        return token

    def _meets(self, text: str, ahead: int = 0) -> bool:
        token = self._tokens[min(self._at + ahead, len(self._tokens) - 1)]
        return token.text == text and token.kind in ("word", "mark")

    def _error(self, message: str, hint: str | None = None) -> FilterError:
        return FilterError(self._text, self._next.at, message, hint)

    def _joined(self, word: str, read: Callable[[], Test]) -> Test:
        parts = [read()]
        while self._meets(word):
            self._take()
            parts.append(read())
        return parts[0] if len(parts) == 1 else Joined(operator=word, parts=tuple(parts))

    def _negated(self, depth: int) -> Test:
        negations = 0
        while self._meets("not"):
            self._take()
            negations += 1
        test = self._test(depth)
        return Joined(operator="not", parts=(test,)) if negations % 2 else test

    def _test(self, depth: int) -> Test:
        if self._meets("("):
            self._take()
            inner = self.either(depth + 1)
            self._close("tests")
            return inner
        if self._next.kind not in ("word", "quoted") or (self._next.kind == "word" and self._next.text in _WORDS):
            raise self._error("a test is missing", "as in m >= 512, dtype == float32, or square*")
        subject = self._take()
        leaf = self._comparison(subject) or Word(pattern=_unquoted(subject), at=subject.at)
        self.leaves.append(leaf)
        return leaf

    def _comparison(self, subject: Token) -> Comparison | None:
        """Read what follows a name, where that makes a comparison."""
        negated = self._meets("not") and self._meets("in", ahead=1)
        if self._next.kind != "operator" and not negated and not self._meets("in"):
            return None
        if subject.kind != "word" or not _NAME.fullmatch(subject.text):
            raise FilterError(self._text, subject.at, f"{subject.text!r} is not a name", "the name stands to the left")
        if self._next.kind == "operator":
            operator = self._take().text
            values: tuple[Literal, ...] = (self._literal(),)
            if operator in _ORDER and values[0].number is None:
                raise FilterError(self._text, values[0].at, f"{operator} needs a number", "compare text with == or ~")
        else:
            self._at += 1 + negated
            operator, values = "not in" if negated else "in", self._list()
        return Comparison(name=subject.text, operator=operator, values=values, at=subject.at)

    def _list(self) -> tuple[Literal, ...]:
        if not self._meets("("):
            raise self._error("'(' is missing", "as in op in (sum, mean)")
        self._take()
        values = [self._literal()]
        while self._meets(","):
            self._take()
            values.append(self._literal())
        self._close("values")
        return tuple(values)

    def _literal(self) -> Literal:
        if self._next.kind not in ("word", "quoted"):
            raise self._error("a value is missing", "put values with odd characters in quotes")
        token = self._take()
        is_number = token.kind == "word" and len(token.text) <= LONGEST_NUMBER and _NUMBER.fullmatch(token.text)
        return Literal(text=_unquoted(token), number=float(token.text) if is_number else None, at=token.at)

    def _close(self, what: str) -> None:
        if not self._meets(")"):
            raise self._error("a ')' is missing", f"it closes the {what}")
        self._take()


def _unquoted(token: Token) -> str:
    return token.text[1:-1] if token.kind == "quoted" else token.text


def _is_number(fact: Fact) -> bool:
    return isinstance(fact, int | float) and not isinstance(fact, bool)


def _shown(fact: Fact) -> str:
    return min(fact, key=len, default="") if isinstance(fact, Spellings) else value_text(fact)
