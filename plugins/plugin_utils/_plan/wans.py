# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Private to the relais.continuity collection: do not import it from elsewhere.
"""The WANs: what one may not say of them, and their marks, tables and chains."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .addresses import first_host_but
from .problems import Place, usable

Record = dict[str, Any]

WAN_MASK = 0x0000FF00
SERVICE_MASK = 0x000000FF
ALL_BITS = 0xFFFFFFFF
FIRST_TABLE = 1000
LOCAL_RULE_PRIORITY = 1000
END_METRIC = 4294967295
FIRST_RULE_PRIORITY = 2000
FIRST_METRIC = 100


def mark(value: int) -> str:
    """Return a mark as nft and ip write it."""
    return f"0x{value:08x}"


def wan_mark(wan_id: int, service_id: int = 0) -> str:
    """Return the mark of a WAN, or of a service on a WAN."""
    return mark(wan_id << 8 | service_id)


def marks() -> dict[str, str]:
    """Return the masks: ours, and the complements that keep everybody else's bits."""
    both = WAN_MASK | SERVICE_MASK
    return {
        "wan_mask": mark(WAN_MASK),
        "service_mask": mark(SERVICE_MASK),
        "both_mask": mark(both),
        "wan_keep": mark(ALL_BITS ^ WAN_MASK),
        "service_keep": mark(ALL_BITS ^ SERVICE_MASK),
    }


def each(records: Any, place: Place) -> Iterator[tuple[Record, Place]]:
    """Yield the records of a list that could be read, each with its place."""
    if isinstance(records, list):
        for index, item in enumerate(records):
            if isinstance(item, dict):
                yield item, place.item(index)


def readable(records: Any) -> list[Record]:
    """Return the records of a list that could be read."""
    return [item for item in records if isinstance(item, dict)] if records else []


def report_duplicates(records: Any, place: Place, key: str, right: Callable[[Any], str]) -> None:
    """Report every record whose key repeats that of an earlier one."""
    first: dict[Any, str] = {}
    for item, where in each(records, place):
        value = item[key]
        if not usable(value):
            continue
        if value in first:
            where.key(key).wrong(f"{value} is used by {first[value]} already", right(value))
        first.setdefault(value, where.path)


def has_ipv6(wan: Record) -> bool:
    """Say whether a WAN is described with IPv6."""
    return wan["ipv6"] is not None or wan["address6"] is not None


def check_wans(wans: Any, place: Place) -> None:
    """Report what is wrong with the WANs among themselves."""
    if isinstance(wans, list) and len(wans) < 2:
        count = "one WAN" if wans else "no WAN"
        place.wrong(f"{count} cannot fail over", "describe two or more")
    report_duplicates(wans, place, "name", lambda _unused: "give each WAN a name of its own")
    report_duplicates(wans, place, "interface", lambda _unused: "give each WAN its own interface")
    _check_ids(wans, place)
    for wan, where in each(wans, place):
        if wan["method"] == "static":
            _check_static(wan, where)
        elif wan["method"] == "dhcp":
            _check_dhcp(wan, where)
        if wan["metered"] is True and wan["monthly_quota_gb"] is None:
            where.key("monthly_quota_gb").wrong(
                "missing on a metered WAN", "give the monthly volume of the contract, such as 50"
            )


def _ids(wans: Any, place: Place) -> Iterator[tuple[int, Record, Place]]:
    """Yield each WAN with its id: the one given, else its position."""
    if isinstance(wans, list):
        for position, wan in enumerate(wans, 1):
            if isinstance(wan, dict):
                yield (wan["id"] or position), wan, place.item(position - 1)


def _check_ids(wans: Any, place: Place) -> None:
    taken = {wan_id for wan_id, _wan, _where in _ids(wans, place)}
    first: dict[int, str] = {}
    for wan_id, wan, where in _ids(wans, place):
        if wan_id in first:
            free = next(number for number in range(1, len(taken) + 2) if number not in taken)
            given = "" if usable(wan["id"]) else " (its position in the list)"
            where.key("id").wrong(
                f"{wan_id}{given} is used by {first[wan_id]} already", f"set it to {free}"
            )
        first.setdefault(wan_id, where.path)


def _check_static(wan: Record, place: Place) -> None:
    for key, example in (("address", "203.0.113.2/30"), ("gateway", "203.0.113.1")):
        if wan[key] is None:
            place.key(key).wrong(
                "missing with method static", f"give it, such as {example}, or use method dhcp"
            )
    if usable(wan["address"], wan["gateway"]):
        _check_gateway(wan["address"], wan["gateway"], place)


def _check_gateway(address: Any, gateway: Any, place: Place) -> None:
    network = address.cidr
    where = place.key("gateway")
    suggestion = first_host_but(network, address.ip)
    if suggestion is None:
        place.key("address").wrong(
            f"{address} has no room for a gateway", "use the prefix of the link, such as /30 or /31"
        )
        return
    right = f"use {suggestion}"
    if gateway not in network:
        where.wrong(f"{gateway} is not in {network}", right)
    elif gateway == address.ip:
        where.wrong(f"{gateway} is the gateway's own address", right)
    elif network.prefixlen < 31 and gateway == network.network:
        where.wrong(f"{gateway} is the network address of {network}", right)
    elif network.prefixlen < 31 and gateway == network.broadcast:
        where.wrong(f"{gateway} is the broadcast address of {network}", right)


def _check_dhcp(wan: Record, place: Place) -> None:
    for key in ("address", "gateway"):
        if wan[key] is not None:
            place.key(key).wrong("given with method dhcp", "leave it out or use method static")


_COPIED = (
    "operator",
    "technology",
    "contract",
    "support_phone",
    "repair_time_hours",
    "availability_percent",
    "metered",
    "monthly_quota_gb",
    "quota_resets_on_day",
    "probe_budget_mb",
    "down_mbit",
    "up_mbit",
)


def planned_wans(wans: list[Record]) -> list[Record]:
    """Return the plan's WANs."""
    return [_planned(wan, position) for position, wan in enumerate(wans, 1)]


def _planned(wan: Record, position: int) -> Record:
    wan_id = wan["id"] or position
    address = wan["address"]
    return {
        "id": wan_id,
        "name": wan["name"],
        "interface": wan["interface"],
        "method": wan["method"],
        **host_keys(address),
        "gateway": str(wan["gateway"]) if wan["gateway"] is not None else None,
        "ipv6": _planned_ipv6(wan),
        "mark": wan_mark(wan_id),
        "table": FIRST_TABLE + wan_id,
        "rule_priority": FIRST_RULE_PRIORITY + wan_id,
        "metric": FIRST_METRIC + position,
        "chain": f"via_{wan['name']}",
        "rx_counter": f"rx_{wan['name']}",
        "tx_counter": f"tx_{wan['name']}",
        **{key: wan[key] for key in _COPIED},
    }


def _planned_ipv6(wan: Record) -> Record | None:
    if not has_ipv6(wan):
        return None
    return {
        "method": wan["ipv6"] or "static",
        **host_keys(wan["address6"]),
        "gateway": str(wan["gateway6"]) if wan["gateway6"] is not None else None,
    }


def host_keys(address: Any) -> Record:
    """Return an address with prefix length taken apart, or the same keys with null."""
    if address is None:
        return {"address": None, "ip": None, "prefix_length": None, "network": None}
    return {
        "address": str(address),
        "ip": str(address.ip),
        "prefix_length": address.prefixlen,
        "network": str(address.cidr),
    }
