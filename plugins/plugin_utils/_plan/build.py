# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Private to the relais.continuity collection: do not import it from elsewhere.
"""The whole way: from a host's variables to its plan, or to all of its problems."""

from __future__ import annotations

import copy
import functools
import re
import zoneinfo
from collections.abc import Mapping
from typing import Any

from .addresses import merged, of_version
from .daemon import daemon_config
from .drill import check_drill, drill_services, drill_sessions, drill_sip, planned_drill
from .ipv6 import check_ipv6
from .kinds import Field
from .lan import (
    check_lan,
    check_overlaps,
    local_networks4,
    local_networks6,
    planned_lan,
)
from .plain import to_plain
from .ports import port_expressions
from .problems import PlanError, Problem, Problems, did_you_mean, usable
from .service_checks import addresses_of, check_services, check_users
from .services import planned_services
from .spreads import planned_spread
from .targets import (
    by_ipv4,
    check_anchor,
    check_beyond,
    check_targets,
    default_targets,
    dns_upstreams,
    planned_targets,
)
from .telephony import planned_telephony, telephony_config
from .telephony_checks import check_telephony
from .throughput_fields import check_throughput
from .variables import VARIABLES
from .wans import END_METRIC, LOCAL_RULE_PRIORITY, Record, check_wans, each, marks, planned_wans

SCHEMA = "relais.plan/1"
PREFIX = "relais_"


def build_plan(hostvars: Mapping[str, Any]) -> Record:
    """Return the plan of a host.

    Reads the variables of `hostvars` that begin with ``relais_`` and ``inventory_hostname``.

    Raises:
        PlanError: something is wrong; the error tells everything that is.
    """
    problems = Problems()
    host = _host(hostvars, problems)
    given = _given(hostvars, problems)
    read = _read(given, problems)
    _check(read, given, problems)
    if problems:
        raise PlanError(host, sorted(problems, key=_order))
    return copy.deepcopy(_planned(host, read, given))


def _host(hostvars: Mapping[str, Any], problems: Problems) -> str:
    place = problems.at("inventory_hostname")
    if "inventory_hostname" in hostvars:
        name = to_plain(hostvars, "inventory_hostname", place)
        if isinstance(name, str) and name:
            return name
    place.wrong("missing", "pass the variables of one host: hostvars[inventory_hostname]")
    return "unknown host"


def _given(hostvars: Mapping[str, Any], problems: Problems) -> Record:
    """Return the plain values of our variables; what Ansible cannot template is a problem."""
    given: Record = {}
    for key in sorted(str(name) for name in list(hostvars)):
        if not key.startswith(PREFIX):
            continue
        if key not in VARIABLES:
            problems.at(key).wrong("unknown variable", _nearest(key))
            continue
        given[key] = to_plain(hostvars, key, problems.at(key))
    return given


def _nearest(key: str) -> str:
    """Return a remedy for an unknown variable; the prefix that all share makes none similar."""
    remedy = did_you_mean(key.removeprefix(PREFIX), [n.removeprefix(PREFIX) for n in VARIABLES])
    if remedy.startswith("did you mean "):
        return remedy.replace("did you mean ", f"did you mean {PREFIX}")
    return f"use one of {', '.join(VARIABLES)}"


def _read(given: Record, problems: Problems) -> Record:
    read: Record = {}
    for key, field in VARIABLES.items():
        value = given.get(key)
        if value is None and key == "relais_targets":
            value = default_targets(read["relais_wans"])
        read[key] = _read_variable(value, key, field, problems)
    return read


def _read_variable(value: Any, key: str, field: Field, problems: Problems) -> Any:
    place = problems.at(key)
    if value is None and field.required:
        return place.wrong("missing", f"describe it ({field.about})")
    chosen = field.default if value is None else value
    return None if chosen is None else field.kind.read(chosen, place)


def _check(read: Record, given: Record, problems: Problems) -> None:
    """Run the checks that look at more than one value."""
    wans, lan = read["relais_wans"], read["relais_lan"]
    drill, targets = read["relais_drill"], read["relais_targets"]
    users = read["relais_priority_users"]
    _check_timezone(read["relais_site"], problems)
    check_wans(wans, problems.at("relais_wans"))
    check_lan(lan, wans, problems)
    check_ipv6(wans, lan, targets, problems)
    check_overlaps(wans, lan, drill, problems)
    check_users(users, problems.at("relais_priority_users"))
    check_services(read["relais_services"], given.get("relais_services"), wans, users, problems)
    check_targets(targets, problems)
    check_anchor(targets, read["relais_anchor_key"], problems.at("relais_anchor_key"))
    check_drill(drill, targets, problems)
    check_telephony(read, problems)
    _check_hosts_beyond(read, problems)
    _check_management(read, problems)
    check_throughput(read["relais_throughput"], problems.at("relais_throughput"))


@functools.cache
def _time_zones() -> frozenset[str]:
    """Return the names of all time zones; reading them from the disk takes a while."""
    return frozenset(zoneinfo.available_timezones())


def _check_timezone(site: Any, problems: Problems) -> None:
    if not isinstance(site, dict) or not usable(site["timezone"]):
        return
    known = _time_zones()
    # A controller without time zone data cannot tell.
    if known and site["timezone"] not in known:
        near = did_you_mean(site["timezone"], sorted(known))
        right = near if near.startswith("did") else "use a name such as Europe/Paris"
        problems.at("relais_site.timezone").wrong(f"'{site['timezone']}' is not a time zone", right)


def _check_hosts_beyond(read: Record, problems: Problems) -> None:
    wans, lan, drill = read["relais_wans"], read["relais_lan"], read["relais_drill"]
    own = [
        (where.path, wan[key])
        for wan, where in each(wans, problems.at("relais_wans"))
        for key in ("address", "address6")
    ]
    if isinstance(lan, dict):
        own += [("relais_lan", lan[key]) for key in ("address", "address6")]
    if isinstance(drill, dict):
        own.append(("relais_drill", drill["network"]))
        if usable(drill["echo_host"]):
            check_beyond(problems.at("relais_drill.echo_host"), drill["echo_host"], own)
        if isinstance(drill["sip"], dict) and usable(drill["sip"]["registrar"]):
            check_beyond(problems.at("relais_drill.sip.registrar"), drill["sip"]["registrar"], own)
    for target, where in each(read["relais_targets"], problems.at("relais_targets")):
        check_beyond(where.key("address"), target["address"], own)


def _check_management(read: Record, problems: Problems) -> None:
    management = read["relais_management"]
    if not isinstance(management, dict) or not isinstance(management["interfaces"], list):
        return
    place = problems.at("relais_management.interfaces")
    for wan, where in each(read["relais_wans"], problems.at("relais_wans")):
        for index, name in enumerate(management["interfaces"]):
            if usable(name) and name == wan["interface"]:
                place.item(index).wrong(
                    f"{name} is the interface of {where.path}, open to the whole Internet",
                    "list the networks you manage from in relais_management.addresses",
                )


def _order(problem: Problem) -> tuple[int, int]:
    """Sort by variable and item, as people read their inventory."""
    parts = re.match(r"(\w+)(?:\[(\d+)\])?", problem.path)
    name, index = (parts[1], parts[2]) if parts else (problem.path, None)
    known = list(VARIABLES)
    return (known.index(name) if name in known else len(known), int(index or -1))


def _planned(host: str, read: Record, given: Record) -> Record:
    wans = planned_wans(read["relais_wans"])
    lan, drill, services = read["relais_lan"], read["relais_drill"], read["relais_services"]
    users = addresses_of(read["relais_priority_users"])
    targets = planned_targets(read["relais_targets"])
    planned = planned_services(services, wans, users)
    chosen = given.get("relais_targets") is not None
    plan: Record = {
        "schema": SCHEMA,
        "gateway": host,
        "site": read["relais_site"],
        "wans": wans,
        "marks": marks(),
        "routing": {"local_priority": LOCAL_RULE_PRIORITY, "end_metric": END_METRIC},
        "lan": planned_lan(lan, dns_upstreams(lan["dns"], targets, chosen)),
        "local_networks4": local_networks4(read["relais_wans"], lan, drill),
        "local_networks6": local_networks6(read["relais_wans"], lan),
        "management": _planned_management(read["relais_management"]),
        "services": planned,
        "spreads": [
            planned_spread(service["name"], service["members"])
            for service in planned
            if service["mode"] == "balance"
        ],
        "targets": targets,
        "policy": read["relais_policy"],
        "drill": planned_drill(drill),
        "priority_users": [
            {"name": name, "addresses": merged(networks)} for name, networks in users.items()
        ],
        "contacts": _given_only(read["relais_contacts"]),
        "telephony": planned_telephony(read["relais_telephony"], wans),
    }
    names = [service["name"] for service in plan["services"]]
    probes = drill_services(services, names, users, drill, by_ipv4(targets))
    plan["config"] = daemon_config(plan, probes, drill_sessions(services, drill))
    plan["config"]["drill"]["sip"] = drill_sip(drill, read["relais_drill_sip_secret"])
    plan["config"]["drill"]["local"] = [str(address) for address in drill["local"]]
    plan["config"]["telephony"] = telephony_config(plan["telephony"])
    return plan


def _planned_management(management: Record) -> Record:
    addresses = management["addresses"]
    return {
        "interfaces": management["interfaces"],
        "addresses4": merged(of_version(addresses, 4)),
        "addresses6": merged(of_version(addresses, 6)),
        "ports": [_port_text(ports) for ports in management["ports"]],
        "matches": port_expressions(management["ports"]),
    }


def _port_text(ports: Any) -> str:
    span = "" if ports.first == ports.last else f"-{ports.last}"
    return f"{ports.protocol}/{ports.first}{span}"


def _given_only(record: Record) -> Record:
    return {key: value for key, value in record.items() if value is not None}
