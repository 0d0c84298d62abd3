# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Private to the relais.continuity collection: do not import it from elsewhere.
"""Ports and DSCP values, as an inventory writes them and as nft wants them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from .kinds import Kind, refuse
from .problems import Place, did_you_mean, show


class Ports(NamedTuple):
    """A range of ports of one protocol; a single port has the same first and last."""

    protocol: str
    first: int
    last: int


PROTOCOLS = ("tcp", "udp")


def _read_ports(value: Any, place: Place) -> Any:
    called = "a protocol and a port"
    if not isinstance(value, str):
        return refuse(value, place, f'{called}, such as "udp/5060"')
    parts = re.fullmatch(r"([A-Za-z]+)/(\d{1,5})(?:-(\d{1,5}))?", value)
    if parts is None:
        return place.wrong(
            f"{show(value)} is not {called}", "write it like udp/5060, tcp/5061 or udp/9000-10999"
        )
    protocol, first, last = parts[1], int(parts[2]), int(parts[3] or parts[2])
    if protocol not in PROTOCOLS:
        return place.wrong(f"{show(protocol)} is not a protocol", did_you_mean(protocol, PROTOCOLS))
    if not (1 <= first <= 65535 and 1 <= last <= 65535):
        return place.wrong(f"{show(value)} is out of range", "ports go from 1 to 65535")
    if first > last:
        return place.wrong(
            f"{show(value)} starts after its end", f"write {protocol}/{last}-{first}"
        )
    return Ports(protocol, first, last)


PORTS = Kind("a protocol and a port", _read_ports)


def joined_ports(ports: Iterable[Ports]) -> dict[str, list[tuple[int, int]]]:
    """Return sorted ranges by protocol; overlaps are joined, since nft refuses them in one set."""
    by_protocol: dict[str, list[tuple[int, int]]] = {}
    for protocol, first, last in sorted(set(ports)):
        ranges = by_protocol.setdefault(protocol, [])
        if ranges and first <= ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], max(last, ranges[-1][1]))
        else:
            ranges.append((first, last))
    return by_protocol


def port_expressions(ports: Iterable[Ports]) -> list[str]:
    """Return one nft expression for each protocol, such as ``udp dport { 5060, 9000-10999 }``."""
    return [
        f"{protocol} dport {nft_set(_range(first, last) for first, last in ranges)}"
        for protocol, ranges in joined_ports(ports).items()
    ]


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def nft_set(values: Iterable[str]) -> str:
    """Return a single value as it is and several as an anonymous nft set."""
    values = list(values)
    return values[0] if len(values) == 1 else f"{{ {', '.join(values)} }}"


# RFC 2474 (class selectors), RFC 2597 (assured forwarding), RFC 3246 (expedited forwarding).
DSCP_CODES = {
    **{f"cs{n}": 8 * n for n in range(8)},
    **{f"af{c}{d}": 8 * c + 2 * d for c in (1, 2, 3, 4) for d in (1, 2, 3)},
    "ef": 46,
}
DSCP_NAMES = {code: name for name, code in DSCP_CODES.items()}


def _read_dscp(value: Any, place: Place) -> Any:
    if isinstance(value, str) and value.lower() in DSCP_CODES:
        return DSCP_CODES[value.lower()]
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 63:
        return value
    return place.wrong(
        f"{show(value)} is not a DSCP value",
        "use ef, af11 to af43, cs0 to cs7 or a number from 0 to 63",
    )


DSCP = Kind("a DSCP name or number", _read_dscp)


def dscp_words(codes: Iterable[int]) -> str:
    """Return what nft compares a DSCP field with: names where they exist."""
    return nft_set(DSCP_NAMES.get(code, str(code)) for code in sorted(set(codes)))
