# SPDX-License-Identifier: GPL-3.0-or-later
"""Which WAN the kernel chose for a flow: the connection mark, read from the conntrack table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from relais.core.model import WAN_MASK, WAN_SHIFT, Wan
from relais.shell.drill.command import run

_PROTOCOL = re.compile(r"^(?:ipv[46]\s+\d+\s+)?(?P<protocol>[a-z]+)\s")
_FIELD = re.compile(r"\b(sport|dport|mark)=(\d+)")

Marks = dict[tuple[str, int, int], int]
"""Connection marks by protocol, source port and destination port."""


def marks_of(client_address: str) -> Marks:
    """Connection marks of the client's flows. Raises CommandError."""
    return parse(run("conntrack", "-L", "-s", client_address.partition("/")[0], "-o", "extended"))


def parse(listing: str) -> Marks:
    """Read a `conntrack -L` listing; the first ports of a line are those the client used."""
    marks: Marks = {}
    for line in listing.splitlines():
        protocol = _PROTOCOL.match(line)
        fields: dict[str, int] = {}
        for name, value in _FIELD.findall(line):
            fields.setdefault(name, int(value))
        if protocol and "sport" in fields and "dport" in fields:
            # Services use the same source ports in turn: only both ports tell their flows apart.
            key = (protocol["protocol"], fields["sport"], fields["dport"])
            marks[key] = fields.get("mark", 0)
    return marks


def wan_of(
    marks: Marks, protocol: str, port: int, sources: Iterable[int], wans: Iterable[Wan]
) -> str | None:
    """The WAN that most flows from these ports to `port` took; None when none of them is known."""
    names = {wan.id: wan.name for wan in wans}
    seen = Counter(
        names.get((marks[protocol, source, port] & WAN_MASK) >> WAN_SHIFT)
        for source in sources
        if (protocol, source, port) in marks
    )
    seen.pop(None, None)
    return seen.most_common(1)[0][0] if seen else None
