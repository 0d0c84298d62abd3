# SPDX-License-Identifier: GPL-3.0-or-later
"""Our nft table as the kernel holds it, and news of who changes it.

Message formats: linux/netfilter/nf_tables.h, nfnetlink.h. Attribute integers are big-endian.
"""

from __future__ import annotations

import hashlib
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from relais.shell.netlink_socket import (
    DUMP,
    RECEIVE_BYTES,
    NetlinkSocket,
    attribute,
    attributes,
    messages,
)

NETLINK_NETFILTER = 12
_INET = 1
_NFTABLES = 10 << 8
_GETTABLE, _GETCHAIN, _GETRULE, _GETSET, _GETELEMENTS, _GETOBJECT = 1, 4, 7, 10, 13, 19
_NEWELEMENTS, _DELELEMENTS, _NEWGEN = 12, 14, 15
_TABLE_HANDLE = 4
_CHAIN_NAME, _CHAIN_HOOK, _CHAIN_POLICY, _CHAIN_TYPE = 3, 4, 5, 7
_RULE_CHAIN, _RULE_EXPRESSIONS = 2, 4
_EXPRESSION_NAME, _EXPRESSION_DATA = 1, 2
_COUNTING = frozenset({"counter", "quota", "last"})
"""Expressions whose data in the kernel is what passed: it says nothing of the rule."""
_SET_NAME, _SET_FLAGS = 2, 3
_ELEMENTS_SET, _ELEMENTS = 2, 3
_OBJECT_NAME = 2
_ANONYMOUS, _TIMEOUT = 0x1, 0x10
_GEN_NAME = 3
_GROUP_NFTABLES = 7
_SOL_NETLINK, _ADD_MEMBERSHIP = 270, 1
_MOVING = ("steer", "dead", "spread_")
"""Sets and maps whose elements relaisd itself writes."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table's handle, which a reload changes, and its content (core/repair/firewall.py)."""

    handle: int
    content: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Change:
    """One transaction that touched our table: the program's name, and whether more than elements
    of sets were touched."""

    program: str
    structure: bool
    sets: frozenset[str]


class TableReader:
    """Reads one `inet` table. Every method raises OSError."""

    def __init__(self, table: str) -> None:
        self._socket = NetlinkSocket(NETLINK_NETFILTER)
        self._table = table
        self._of_table = attribute(1, table.encode() + b"\0")

    def close(self) -> None:
        """Release the socket."""
        self._socket.close()

    def read(self) -> Table | None:
        """The table as it is now; None when there is none."""
        tables = [named for named in self._ask(_GETTABLE) if self._ours(named)]
        if not tables:
            return None
        content: dict[str, tuple[str, ...]] = {}
        for chain in self._ask(_GETCHAIN):
            if self._ours(chain):
                parts = (chain.get(k, b"") for k in (_CHAIN_HOOK, _CHAIN_POLICY, _CHAIN_TYPE))
                content[f"chain {_name(chain[_CHAIN_NAME])}"] = (_digest(b"|".join(parts)),)
        for rule in self._ask(_GETRULE, self._of_table):
            chain_name = f"chain {_name(rule[_RULE_CHAIN])}"
            digest = _rule_digest(rule.get(_RULE_EXPRESSIONS, b""))
            content[chain_name] = (*content.get(chain_name, ("",)), digest)
        for item in list(self._ask(_GETSET, self._of_table)):
            flags = int.from_bytes(item.get(_SET_FLAGS, b""), "big")
            name = _name(item[_SET_NAME])
            if not flags & _ANONYMOUS:
                fixed = not flags & _TIMEOUT and not name.startswith(_MOVING)
                content[f"set {name}"] = self._elements(name) if fixed else ()
        for item in self._ask(_GETOBJECT, self._of_table):
            content[f"counter {_name(item[_OBJECT_NAME])}"] = ()
        return Table(int.from_bytes(tables[0][_TABLE_HANDLE], "big"), content)

    def _elements(self, name: str) -> tuple[str, ...]:
        wanted = self._of_table + attribute(_ELEMENTS_SET, name.encode() + b"\0")
        found: list[str] = []
        for answer in self._ask(_GETELEMENTS, wanted):
            found += (_digest(element) for _unused, element in attributes(answer[_ELEMENTS]))
        return tuple(sorted(found))

    def _ours(self, named: dict[int, bytes]) -> bool:
        return _name(named.get(1, b"")) == self._table

    def _ask(self, kind: int, wanted: bytes = b"") -> Iterator[dict[int, bytes]]:
        payload = struct.pack("=BBH", _INET, 0, 0) + wanted
        for body in self._socket.ask(_NFTABLES | kind, DUMP, payload):
            yield dict(attributes(body[4:]))


class TableMonitor:
    """Hears of every transaction of nftables (NFNLGRP_NFTABLES)."""

    def __init__(self, table: str) -> None:
        kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK
        self._socket = socket.socket(socket.AF_NETLINK, kind, NETLINK_NETFILTER)
        self._socket.bind((0, 0))
        self._socket.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, _GROUP_NFTABLES)
        self._table = table
        self._touched = self._structure = False
        self._sets: set[str] = set()

    def fileno(self) -> int:
        """For an event loop."""
        return self._socket.fileno()

    def close(self) -> None:
        """Release the socket."""
        self._socket.close()

    def changes(self) -> Iterator[Change]:
        """Read what has come in; the transactions that touched our table. Raises OSError when the
        kernel had to drop messages (ENOBUFS)."""
        while True:
            try:
                data = self._socket.recv(RECEIVE_BYTES)
            except BlockingIOError:
                return
            for kind, _unused, body in messages(data):
                change = self._take(kind & 0xFF, body)
                if change is not None:
                    yield change

    def _take(self, kind: int, body: bytes) -> Change | None:
        """Gather a transaction's messages; it ends with the number of the new generation."""
        named = dict(attributes(body[4:]))
        if kind == _NEWGEN:
            touched = self._touched
            change = Change(
                _name(named.get(_GEN_NAME, b"")), self._structure, frozenset(self._sets)
            )
            self._touched = self._structure = False
            self._sets.clear()
            return change if touched else None
        if body[0] == _INET and _name(named.get(1, b"")) == self._table:
            self._touched = True
            if kind in (_NEWELEMENTS, _DELELEMENTS):
                self._sets.add(_name(named.get(_ELEMENTS_SET, b"")))
            else:
                self._structure = True
        return None


def _name(value: bytes) -> str:
    return value.rstrip(b"\0").decode(errors="replace")


def _rule_digest(expressions: bytes) -> str:
    """Of what a rule asks for, not of what it has counted."""
    parts: list[bytes] = []
    for _unused, expression in attributes(expressions):
        made = dict(attributes(expression))
        name = made.get(_EXPRESSION_NAME, b"")
        parts += [name, b"" if _name(name) in _COUNTING else made.get(_EXPRESSION_DATA, b"")]
    return _digest(b"|".join(parts))


def _digest(value: bytes) -> str:
    return hashlib.blake2b(value, digest_size=8).hexdigest()
