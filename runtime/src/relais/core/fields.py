# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading untrusted JSON: every access notes what is wrong and where, none raises."""

from __future__ import annotations

import difflib
import ipaddress
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from string import ascii_letters, digits
from typing import TypeVar

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")
SHOWN_LENGTH = 80
_HOST_LETTERS = frozenset(f"{ascii_letters}{digits}-_.")


def shown(value: object) -> str:
    """A short picture of a value, whatever it is: a list may be too deep for repr()."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = repr(value)
    return text if len(text) <= SHOWN_LENGTH else f"{text[: SHOWN_LENGTH - 3]}..."


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a document: `path` such as `wans[1].gateway`, and the remedy."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class ConfigError(ValueError):
    """A document cannot be used; `problems` says all that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(slots=True)
class Fields:
    """One JSON object being read at `path`; problems of all objects share one list."""

    data: Mapping[str, object]
    path: str
    problems: list[Problem]
    seen: set[str] = field(default_factory=set)

    def problem(self, key: str, message: str) -> None:
        """Note a problem of one key."""
        self.problems.append(Problem(f"{self.path}.{key}" if self.path else key, message))

    def take(self, key: str, *, required: bool) -> object:
        """The raw value of `key`; None when absent or null (noted when `required`)."""
        self.seen.add(key)
        value = self.data.get(key)
        if value is None and required:
            self.problem(key, "is missing")
        return value

    def text(self, key: str, *, required: bool = True) -> str:
        """A non-empty string, "" when absent or wrong."""
        value = self.take(key, required=required)
        if value is None:
            return ""
        if not isinstance(value, str) or not value:
            self.problem(key, f"must be a non-empty string, not {shown(value)}")
            return ""
        return value

    def optional_text(self, key: str) -> str | None:
        """A non-empty string or None."""
        return self.text(key, required=False) or None

    def host_name(self, key: str) -> str | None:
        """A host name as DNS takes it (RFC 1035, 2.3.4; RFC 3490), or None."""
        value = self.optional_text(key)
        if value is None or _is_host_name(value):
            return value
        self.problem(key, f"must be a host name, not {shown(value)}")
        return None

    def path_of_url(self, key: str) -> str | None:
        """The path of a URL (RFC 3986, 3.3), in printable ASCII, or None."""
        value = self.optional_text(key)
        if value is None or (value[0] == "/" and all("!" <= letter <= "~" for letter in value)):
            return value
        self.problem(key, f"must be a path such as /health, not {shown(value)}")
        return None

    def number(
        self, key: str, low: float, high: float, default: float | None = None
    ) -> float | None:
        """A number between `low` and `high` (both included), or `default` when absent."""
        value = self.take(key, required=False)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.problem(key, f"must be a number, not {shown(value)}")
            return default
        if not low <= value <= high:
            self.problem(key, f"must be between {low:g} and {high:g}, not {shown(value)}")
            return default
        return value

    def integer(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number in range; required when there is no `default`."""
        value = self.take(key, required=default is None)
        fallback = low if default is None else default
        if value is None:
            return fallback
        if isinstance(value, bool) or not isinstance(value, int):
            self.problem(key, f"must be a whole number, not {shown(value)}")
            return fallback
        if not low <= value <= high:
            self.problem(key, f"must be between {low} and {high}, not {shown(value)}")
            return fallback
        return value

    def boolean(self, key: str, *, default: bool) -> bool:
        """true or false."""
        value = self.take(key, required=False)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.problem(key, f"must be true or false, not {shown(value)}")
            return default
        return value

    def choice(self, key: str, kind: type[E], default: E | None = None) -> E:
        """One of an enumeration's values; required when there is no `default`."""
        value = self.take(key, required=default is None)
        fallback = next(iter(kind)) if default is None else default
        if value is None:
            return fallback
        try:
            return kind(value if isinstance(value, str) else "")
        except ValueError:
            self.problem(key, f"must be one of {', '.join(kind)}, not {shown(value)}")
            return fallback

    def address(self, key: str) -> str:
        """An IPv4 or IPv6 address, "" when wrong."""
        value = self.text(key)
        if not value:
            return ""
        try:
            return str(ipaddress.ip_address(value))
        except ValueError:
            self.problem(key, f"must be an IP address, not {shown(value)}")
            return ""

    def optional_address(self, key: str) -> str | None:
        """An IPv4 or IPv6 address, or None."""
        return None if self.take(key, required=False) is None else self.address(key) or None

    def interface_address(self, key: str) -> str:
        """An address with the length of its prefix, "" when wrong."""
        value = self.text(key)
        if not value:
            return ""
        try:
            if "/" in value:
                return str(ipaddress.ip_interface(value))
        except ValueError:
            pass
        self.problem(key, f"must be an address with a prefix length, not {value!r}")
        return ""

    def optional_interface_address(self, key: str) -> str | None:
        """An address with the length of its prefix, or None."""
        missing = self.take(key, required=False) is None
        return None if missing else self.interface_address(key) or None

    def addresses(self, key: str) -> tuple[str, ...]:
        """A list of addresses; empty when absent."""
        value = self.take(key, required=False)
        if value is None:
            return ()
        if not isinstance(value, list):
            self.problem(key, "must be a list of IP addresses")
            return ()
        found = []
        for index, item in enumerate(value):
            try:
                found.append(str(ipaddress.ip_address(item if isinstance(item, str) else "")))
            except ValueError:
                self.problem(f"{key}[{index}]", f"must be an IP address, not {shown(item)}")
        return tuple(found)

    def networks(self, key: str) -> tuple[str, ...]:
        """A list of at least one network, such as 192.0.2.40/32."""
        value = self.take(key, required=True)
        if value is None:
            return ()
        if not isinstance(value, list) or not value:
            self.problem(key, "must be a list of networks, such as 192.0.2.40/32")
            return ()
        found = []
        for index, item in enumerate(value):
            try:
                found.append(str(ipaddress.ip_network(item if isinstance(item, str) else "")))
            except ValueError:
                self.problem(f"{key}[{index}]", f"must be a network, not {shown(item)}")
        return tuple(found)

    def objects(self, key: str, *, required: bool = True) -> Iterator[Fields]:
        """Each object of the list at `key`."""
        value = self.take(key, required=required)
        if value is None:
            return
        if not isinstance(value, list):
            self.problem(key, "must be a list")
            return
        for index, item in enumerate(value):
            where = f"{self.path}.{key}[{index}]" if self.path else f"{key}[{index}]"
            if isinstance(item, Mapping):
                inner = Fields(item, where, self.problems)
                yield inner
                inner.close()
            else:
                self.problems.append(Problem(where, "must be an object"))

    def object(self, key: str) -> Fields | None:
        """The object at `key`, or None when absent or wrong. Close it after reading."""
        value = self.take(key, required=False)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            self.problem(key, "must be an object")
            return None
        return Fields(value, f"{self.path}.{key}" if self.path else key, self.problems)

    def close(self) -> None:
        """Note every key that nobody asked for."""
        for key in self.data:
            if key not in self.seen:
                near = difflib.get_close_matches(key, self.seen, n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                self.problem(key, f"is not a known key{hint}")


def read(document: object, schema: str, build: Callable[[Fields], T]) -> T:
    """What is built of a decoded document of a schema. Raises ConfigError with all problems, each
    with its path."""
    if not isinstance(document, Mapping):
        raise ConfigError([Problem("(document)", "must be a JSON object")])
    top = Fields(document, "", [])
    if top.text("schema") not in ("", schema):
        top.problem("schema", f"must be {schema!r}, not {shown(document['schema'])}")
    built = build(top)
    top.close()
    if top.problems:
        raise ConfigError(top.problems)
    return built


def _is_host_name(text: str) -> bool:
    try:
        coded = text.removesuffix(".").encode("idna")
    except UnicodeError:
        return False
    return len(coded) <= 253 and all(letter in _HOST_LETTERS for letter in coded.decode("ascii"))
