# SPDX-License-Identifier: GPL-3.0-or-later
"""`$filter`, as far as it has been seen to work: comparisons, `and`, `or`, contains, tolower.

Everything else is refused, so that nobody leans on what no PBX has shown.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.pbx.errors import plain
from tests.pbx.model import Enum, Scalar, Type, Version
from tests.pbx.model.kinds import parse_moment

Row = Mapping[str, Any]
Predicate = Callable[[Row], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')"
    r"|(?P<moment>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d))"
    r"|(?P<number>-?\d+(?![\w.]))"
    r"|(?P<name>[A-Za-z_@][\w./]*)"
    r"|(?P<mark>[(),]))"
)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "ge": operator.ge,
    "gt": operator.gt,
    "le": operator.le,
    "lt": operator.lt,
}


@dataclass(frozen=True)
class _Operand:
    """A side of a comparison: how to read it from a row, and what kind of value it is."""

    read: Callable[[Row], Any]
    kind: str


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(text.rstrip()):
        found = _TOKEN.match(text, place)
        if found is None:
            raise plain(400, f"Syntax error at position {place} in '{text}'.")
        place = found.end()
        kind = found.lastgroup or ""
        yield kind, found.group(kind)


class _Parser:
    """Reads one expression from left to right."""

    def __init__(self, text: str, of: Type, version: Version) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._next = 0
        self._of = of
        self._known = of.known(version)

    def parse(self) -> Predicate:
        """Return the predicate; the whole text must have been read."""
        predicate = self._either()
        if self._next != len(self._tokens):
            raise self._wrong()
        return predicate

    def _wrong(self) -> Exception:
        return plain(400, f"Syntax error in '{self._text}' near term {self._next + 1}.")

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._next] if self._next < len(self._tokens) else ("end", "")

    def _take(self, kind: str, value: str | None = None) -> str:
        found, text = self._peek()
        if found != kind or (value is not None and text != value):
            raise self._wrong()
        self._next += 1
        return text

    def _either(self) -> Predicate:
        sides = [self._both()]
        while self._peek() == ("name", "or"):
            self._next += 1
            sides.append(self._both())
        return lambda row: any(side(row) for side in sides)

    def _both(self) -> Predicate:
        sides = [self._term()]
        while self._peek() == ("name", "and"):
            self._next += 1
            sides.append(self._term())
        return lambda row: all(side(row) for side in sides)

    def _term(self) -> Predicate:
        if self._peek() == ("mark", "("):
            self._next += 1
            inner = self._either()
            self._take("mark", ")")
            return inner
        if self._peek() == ("name", "contains"):
            return self._contains()
        return self._comparison()

    def _contains(self) -> Predicate:
        self._next += 1
        self._take("mark", "(")
        whole = self._operand()
        self._take("mark", ",")
        part = self._operand()
        self._take("mark", ")")
        if whole.kind != "text" or part.kind != "text":
            raise plain(400, f"No function signature for 'contains' in '{self._text}'.")
        return lambda row: (part.read(row) or "") in (whole.read(row) or "")

    def _comparison(self) -> Predicate:
        left = self._operand()
        word = self._take("name")
        if word not in _COMPARISONS:
            raise self._wrong()
        right = self._operand()
        if left.kind != right.kind and "null" not in (left.kind, right.kind):
            raise plain(400, f"Incompatible types in '{self._text}': {left.kind}, {right.kind}.")
        compare = _COMPARISONS[word]

        def predicate(row: Row) -> bool:
            one, other = left.read(row), right.read(row)
            if word not in ("eq", "ne") and (one is None or other is None):
                return False
            return compare(one, other)

        return predicate

    def _operand(self) -> _Operand:
        kind, token = self._peek()
        self._next += 1
        match kind:
            case "text":
                value = token[1:-1].replace("''", "'")
                return _Operand(lambda _row: value, "text")
            case "number":
                number = int(token)
                return _Operand(lambda _row: number, "number")
            case "moment":
                moment = parse_moment(token)
                return _Operand(lambda _row: moment, "moment")
            case "name":
                return self._named(token)
        raise self._wrong()

    def _named(self, word: str) -> _Operand:
        if word in ("true", "false"):
            return _Operand(lambda _row: word == "true", "flag")
        if word == "null":
            return _Operand(lambda _row: None, "null")
        if word == "tolower":
            self._take("mark", "(")
            inner = self._operand()
            self._take("mark", ")")
            if inner.kind != "text":
                raise plain(400, f"No function signature for 'tolower' in '{self._text}'.")
            return _Operand(lambda row: (inner.read(row) or "").lower(), "text")
        prop = self._known.get(word)
        if prop is None:
            raise plain(
                400, f"Could not find a property named '{word}' on type 'Pbx.{self._of.name}'."
            )
        match prop.kind:
            case Enum():
                return _Operand(lambda row: row.get(word), "text")
            case Scalar("moment"):
                return _Operand(lambda row: parse_moment(row.get(word) or ""), "moment")
            case Scalar(name):
                return _Operand(lambda row: row.get(word), "number" if name == "byte" else name)
        raise plain(400, f"'{word}' cannot be compared in '{self._text}'.")


def parse(text: str, of: Type, version: Version) -> Predicate:
    """Return the predicate that a `$filter` describes, else raise a refusal with status 400."""
    return _Parser(text, of, version).parse()
