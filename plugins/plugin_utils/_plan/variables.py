# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Private to the relais.continuity collection: do not import it from elsewhere.
"""The variables of an inventory: every key, its kind, its default and what it means."""

from __future__ import annotations

from typing import Any

from .addresses import (
    ADDRESS,
    ADDRESS4,
    ADDRESS6,
    HOST_IN_NETWORK,
    HOST_IN_NETWORK6,
    MANAGERS,
    NETWORK,
    NETWORK4,
)
from .alert_fields import ALERTS
from .kinds import (
    DOMAIN,
    FREE,
    INTERFACE,
    LABEL,
    LEASE_TIME,
    NAME,
    PHONE,
    SECRET,
    TEXT,
    TRUTH,
    WINDOW,
    Field,
    Kind,
    choice,
    listing,
    number,
    one_or_more,
    pattern,
    read_record,
    record,
    refuse,
    unseen,
    whole,
)
from .ports import DSCP, PORTS
from .problems import INVALID, Place, did_you_mean, show
from .telephony_fields import CLIENT_SECRET, TELEPHONY
from .throughput_fields import THROUGHPUT

MOST_STABLE = "most_stable"
BLOCK = "block"
DEFAULT_SERVICE = "default"


def _read_prefer(value: Any, place: Place) -> Any:
    called = f"a list of WAN names or {MOST_STABLE}"
    if isinstance(value, str):
        if value == MOST_STABLE:
            return value
        return place.wrong(
            f"{show(value)} is not {called}", f"write {MOST_STABLE} or a list such as [{value}]"
        )
    names = listing(TEXT, called).read(value, place)
    return place.wrong("empty list", f"give {called}") if value == [] else names


def _read_balance(value: Any, place: Place) -> Any:
    if not isinstance(value, dict):
        return refuse(value, place, "a mapping of WAN names to weights")
    weight = whole(1, 10000)
    return {name: weight.read(part, place.key(str(name))) for name, part in value.items()}


def _read_on_backup(value: Any, place: Place) -> Any:
    if value == BLOCK:
        return value
    if isinstance(value, str):
        return place.wrong(
            f"{show(value)} is not {BLOCK} or {{limit_mbit: ...}}",
            did_you_mean(value, (BLOCK, "{limit_mbit: 2}")),
        )
    limit = read_record(value, place, LIMIT)
    return INVALID if limit is INVALID or limit["limit_mbit"] is INVALID else limit


LIMIT = {"limit_mbit": Field(number(0.1, 10000), "rate for all its flows together", required=True)}

AUTO = pattern("auto", "auto", lambda _given: "write auto or leave the key out")

SITE = {
    "name": Field(TEXT, "name of the site, in reports", required=True),
    "language": Field(choice("fr", "en"), "language of reports and sheets", default="en"),
    "timezone": Field(TEXT, "time zone of the site, such as Europe/Paris", default="UTC"),
    "staff": Field(whole(1, 100000), "people who work there"),
    "hourly_cost_eur": Field(number(0, 10000), "cost of an hour of one person"),
}

WAN = {
    "name": Field(NAME, "name of the WAN, in commands and reports", required=True),
    "interface": Field(INTERFACE, "network interface of the WAN", required=True),
    "id": Field(
        whole(1, 255),
        "number of the WAN in marks of live connections; set it before you reorder a live site",
        shown_default="position in the list",
    ),
    "method": Field(choice("static", "dhcp"), "how the WAN gets its address", required=True),
    "address": Field(HOST_IN_NETWORK, "address of the gateway on the WAN (static only)"),
    "gateway": Field(ADDRESS4, "next hop (static only)"),
    "ipv6": Field(AUTO, "`auto`: IPv6 as the operator's router advertises it"),
    "address6": Field(HOST_IN_NETWORK6, "IPv6 address of the gateway on the WAN"),
    "gateway6": Field(ADDRESS6, "IPv6 next hop, in that network or link-local"),
    "operator": Field(TEXT, "who sells the line"),
    "technology": Field(TEXT, "kind of line, such as ftth, sdsl, 4g, 5g, satellite"),
    "contract": Field(TEXT, "contract number, for tickets"),
    "support_phone": Field(PHONE, "phone number of the operator's support desk"),
    "repair_time_hours": Field(number(0, 1000), "guaranteed time to repair (GTR)"),
    "availability_percent": Field(number(0, 100), "availability that the contract promises"),
    "metered": Field(TRUTH, "whether traffic is counted", default=False),
    "monthly_quota_gb": Field(
        number(0.001, 1000000), "monthly volume, both ways; needed when metered"
    ),
    "quota_resets_on_day": Field(
        whole(1, 31),
        "day on which the month of the quota begins, in the site's time zone; where a month has no "
        "such day, its last one",
        default=1,
    ),
    "probe_budget_mb": Field(
        number(0.1, 1000000),
        "what probes may cost in 30 days; they stop at it",
        shown_default="`45` when metered, else none",
    ),
    "down_mbit": Field(number(0.01, 1000000), "rate towards the site"),
    "up_mbit": Field(number(0.01, 1000000), "rate from the site"),
}

DHCP = {
    "enabled": Field(TRUTH, "whether the gateway serves DHCP on the LAN", default=True),
    "start": Field(ADDRESS4, "first address given out", shown_default="upper half of the LAN"),
    "end": Field(ADDRESS4, "last address given out", shown_default="end of the upper half"),
    "lease_time": Field(LEASE_TIME, "how long a lease lasts", default="12h"),
}

LAN = {
    "interface": Field(INTERFACE, "network interface of the LAN", required=True),
    "address": Field(HOST_IN_NETWORK, "address of the gateway on the LAN", required=True),
    "address6": Field(HOST_IN_NETWORK6, "IPv6 address of the gateway on the LAN, with /64"),
    "domain": Field(DOMAIN, "DNS domain of the LAN", default="lan"),
    "dns": Field(
        listing(ADDRESS4, "a list of IPv4 addresses"),
        "resolvers that answer for the LAN",
        shown_default="the `dns` targets given, else three public resolvers",
    ),
    "dhcp": Field(record("a mapping", DHCP), "DHCP on the LAN", default={}),
}

MATCH = {
    "ports": Field(
        one_or_more(PORTS, 'ports such as ["udp/5060", "udp/9000-10999"]'), "destination ports"
    ),
    "addresses": Field(
        one_or_more(NETWORK, "destination addresses or networks"), "destination, IPv4 or IPv6"
    ),
    "dscp": Field(one_or_more(DSCP, "DSCP names or numbers"), "DSCP that the sender sets"),
    "domains": Field(
        one_or_more(DOMAIN, "domain names"), "destinations by name, subdomains included"
    ),
    "sources": Field(
        one_or_more(NETWORK, "source addresses or networks"), "source in the LAN, IPv4 or IPv6"
    ),
    "users": Field(
        one_or_more(LABEL, "names of relais_priority_users"), "source, by priority user"
    ),
}

SLA = {
    "loss_percent": Field(number(0, 100), "most packet loss"),
    "latency_ms": Field(number(1, 10000), "most delay one way, taken as half the round trip"),
    "jitter_ms": Field(number(0.1, 10000), "most jitter"),
    "mos": Field(number(1, 4.5), "least mean opinion score (ITU-T G.107)"),
    "codec": Field(
        choice("g711", "g711_without_plc", "g729a"),
        "voice codec for which `mos` is reckoned",
        shown_default="`g711`, with loss concealment",
    ),
}

SERVICE = {
    "name": Field(NAME, "name of the service; `default` is the implicit last one", required=True),
    "importance": Field(
        choice("vital", "normal", "degradable"), "what matters first", default="normal"
    ),
    "match": Field(
        one_or_more(record("a mapping of match keys", MATCH), "match entries"),
        "alternatives; the keys of one entry must all hold",
        shown_default="needed, but for `default`",
    ),
    "prefer": Field(
        Kind(f"a list of WAN names or {MOST_STABLE}", _read_prefer),
        "WANs in order of preference",
        shown_default="all WANs in order",
    ),
    "balance": Field(
        Kind("a mapping of WAN names to weights", _read_balance),
        "shares of new flows, instead of `prefer`",
    ),
    "sla": Field(record("a mapping", SLA), "what the service needs of a WAN", default={}),
    "patience_ms": Field(
        whole(200, 10000), "silence until existing flows leave a dead WAN", default=800
    ),
    "failback": Field(
        choice("now", "drain", "between_calls", "manual"),
        "how the service returns to a better WAN",
        default="drain",
    ),
    "on_backup": Field(
        Kind("block or {limit_mbit: ...}", _read_on_backup),
        "restriction on every WAN but the first",
    ),
}

USER = {
    "name": Field(LABEL, "name of the user or post", required=True),
    "addresses": Field(
        one_or_more(NETWORK, "LAN addresses"), "addresses in the LAN", required=True
    ),
}

CONTACTS = {
    "referent": Field(FREE, "who is in charge on the site"),
    "provider": Field(FREE, "the company that runs the gateway"),
    "emergency_channel": Field(FREE, "where people talk when the Internet is down"),
}

TARGET = {
    "name": Field(LABEL, "name of the target", required=True),
    "address": Field(ADDRESS, "address of a host on the Internet", required=True),
    "probe": Field(
        choice("icmp", "dns", "tcp", "http", "https", "sip", "anchor"),
        "how it is asked",
        required=True,
    ),
    "port": Field(
        whole(1, 65535),
        "port asked (not icmp)",
        shown_default="dns 53, tcp 443, http 80, https 443, sip 5060, anchor 8367",
    ),
    "query": Field(
        TEXT,
        "name asked for (dns), path asked for (http) or name of the server (https)",
        shown_default="dns example.com, http /",
    ),
}

POLICY = {
    "failback_after_s": Field(whole(1, 86400), "how long a WAN must be well again", default=60),
    "probe_interval_ms": Field(whole(100, 60000), "time between probes of a WAN", default=1000),
}

MANAGEMENT = {
    "interfaces": Field(
        listing(INTERFACE, "a list of interface names"), "interfaces open to management", default=[]
    ),
    "addresses": Field(
        listing(MANAGERS, "a list of addresses or networks"),
        "who may come in through a WAN",
        default=[],
    ),
    "ports": Field(
        one_or_more(PORTS, "ports such as tcp/22"), "what they may reach", default=["tcp/22"]
    ),
}

BUDGET = {
    "silent": Field(whole(1, 60000), "longest outage when a WAN goes silent", default=1000),
    "carrier": Field(whole(1, 60000), "longest outage when the carrier is lost", default=200),
    "total": Field(
        whole(1, 60000), "how soon all works again after every WAN was cut", default=5000
    ),
}

SIP = {
    "registrar": Field(ADDRESS4, "address of the SIP server", required=True),
    "port": Field(whole(1, 65535), "UDP port of the SIP server", default=5060),
    "domain": Field(DOMAIN, "domain of the account", shown_default="the registrar"),
    "user": Field(TEXT, "user that the telephone registers as", required=True),
    "call": Field(TEXT, "a number that answers and sends the voice back; none: no call"),
}

DRILL = {
    "echo_host": Field(ADDRESS4, "a host that sends back what it hears, UDP and TCP"),
    "windows": Field(
        listing(WINDOW, "a list of weekly windows"), "when drills may run", default=[]
    ),
    "network": Field(NETWORK4, "network of the synthetic LAN client", default="198.18.255.252/30"),
    "budget_ms": Field(record("a mapping", BUDGET), "longest outage that passes", default={}),
    "sessions": Field(whole(0, 1000), "TCP sessions held open during a drill", default=20),
    "sip": Field(record("a mapping", SIP), "a telephone of the drill's own"),
    "local": Field(
        listing(ADDRESS4, "a list of IPv4 addresses"),
        "hosts of the LAN that must answer pings while every WAN is cut",
        default=[],
    ),
}


VARIABLES = {
    "relais_site": Field(record("a mapping", SITE), "the site", required=True),
    "relais_wans": Field(
        listing(record("a mapping", WAN), "a list of WANs"),
        "the WANs; their order is the default preference",
        required=True,
    ),
    "relais_lan": Field(record("a mapping", LAN), "the LAN", required=True),
    "relais_services": Field(
        listing(record("a mapping", SERVICE), "a list of services"),
        "the service map; the first match wins",
        default=[],
    ),
    "relais_priority_users": Field(
        listing(record("a mapping", USER), "a list of users"),
        "users whom services name",
        default=[],
    ),
    "relais_contacts": Field(
        record("a mapping", CONTACTS), "people, for sheets and reports", default={}
    ),
    "relais_alerts": Field(unseen(record("a mapping", ALERTS)), "where alerts go", default={}),
    "relais_throughput": Field(
        record("a mapping", THROUGHPUT),
        "where unmetered lines are measured against, by night; nothing is without it",
    ),
    "relais_targets": Field(
        listing(record("a mapping", TARGET), "a list of targets"),
        "hosts on the Internet that tell whether a WAN works",
        shown_default="three public resolvers, by IPv6 too where a WAN has it",
    ),
    "relais_anchor_key": Field(
        SECRET, "key that the gateways share with their anchor; keep it in a vault"
    ),
    "relais_policy": Field(record("a mapping", POLICY), "timing of decisions", default={}),
    "relais_management": Field(
        record("a mapping", MANAGEMENT), "who may manage the gateway", default={}
    ),
    "relais_drill": Field(record("a mapping", DRILL), "drills", default={}),
    "relais_drill_sip_secret": Field(
        unseen(TEXT), "password of the drill's telephone; keep it in a vault"
    ),
    "relais_telephony": Field(
        record("a mapping", TELEPHONY), "the PBX, and who takes its calls when the site is dark"
    ),
    "relais_telephony_secret": Field(
        CLIENT_SECRET, "secret of the PBX's API client; keep it in a vault"
    ),
}
