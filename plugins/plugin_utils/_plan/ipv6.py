# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Private to the relais.continuity collection: do not import it from elsewhere.
"""IPv6: what a WAN, the LAN and the targets must say to have it, or none of it."""

from __future__ import annotations

from typing import Any

from .addresses import first_host_but
from .problems import Place, Problems, usable
from .targets import is_ipv6
from .wans import Record, each, has_ipv6, readable

# RFC 4862, 5.5.3: hosts make their address of a 64-bit prefix and a 64-bit identifier.
SLAAC_LENGTH = 64
FEWEST_TARGETS6 = 2
ON_A_WAN = "give a WAN address6 and gateway6, or ipv6: auto"
ON_THE_LAN = "give the LAN an address6 with /64, such as 2001:db8:10::1/64"


def check_ipv6(wans: Any, lan: Any, targets: Any, problems: Problems) -> None:
    """Report IPv6 that is described in part only, or in two ways."""
    place = problems.at("relais_wans")
    for wan, where in each(wans, place):
        _check_wan(wan, where)
    if isinstance(lan, dict):
        _check_both_sides(wans, lan, problems)
        _check_lan(lan["address6"], problems.at("relais_lan").key("address6"))
    _check_targets(targets, any(has_ipv6(wan) for wan in readable(wans)), problems)


def _check_wan(wan: Record, place: Place) -> None:
    if wan["ipv6"] is not None:
        for key in ("address6", "gateway6"):
            if wan[key] is not None:
                place.key(key).wrong("given with ipv6: auto", "leave one of the two out")
        return
    pairs = (("address6", "gateway6", "2001:db8:1::2/64"), ("gateway6", "address6", "fe80::1"))
    for key, other, example in pairs:
        if wan[key] is None and wan[other] is not None:
            place.key(key).wrong(f"missing beside {other}", f"give it, such as {example}")
    if usable(wan["address6"], wan["gateway6"]):
        _check_gateway(wan["address6"], wan["gateway6"], place.key("gateway6"))


def _check_gateway(address: Any, gateway: Any, place: Place) -> None:
    right = f"use {first_host_but(address.cidr, address.ip)} or a link-local address"
    if gateway == address.ip:
        place.wrong(f"{gateway} is the gateway's own address", right)
    elif gateway not in address.cidr and not gateway.is_link_local():
        place.wrong(f"{gateway} is not in {address.cidr}", right)


def _check_both_sides(wans: Any, lan: Record, problems: Problems) -> None:
    """IPv6 on one side only would be promised to hosts and lead nowhere, or lie idle."""
    with_it = [where for wan, where in each(wans, problems.at("relais_wans")) if has_ipv6(wan)]
    place = problems.at("relais_lan").key("address6")
    if with_it and lan["address6"] is None:
        place.wrong(f"missing, while {with_it[0].path} has IPv6", ON_THE_LAN)
    if lan["address6"] is not None and isinstance(wans, list) and wans and not with_it:
        place.wrong("given, while no WAN has IPv6", ON_A_WAN)


def _check_lan(address: Any, place: Place) -> None:
    if usable(address) and address.prefixlen != SLAAC_LENGTH:
        place.wrong(
            f"{address} is no /{SLAAC_LENGTH}, of which hosts make their addresses",
            f"write {address.ip}/{SLAAC_LENGTH}",
        )


def _check_targets(targets: Any, any_ipv6: bool, problems: Problems) -> None:
    place = problems.at("relais_targets")
    found = [(target, where) for target, where in each(targets, place) if is_ipv6(target)]
    for target, where in found:
        if not any_ipv6:
            what = f"{target['address']} is IPv6, and no WAN has it"
            target["address"] = where.key("address").wrong(what, ON_A_WAN)
    if any_ipv6 and 0 < len(found) < FEWEST_TARGETS6:
        found[0][1].wrong(
            "a single IPv6 target cannot tell its own failure from that of IPv6",
            f"give {FEWEST_TARGETS6} or more, or none",
        )
