# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules, routes and addresses of the plan against those of the kernel.

Nothing is ever taken away: what is missing is added, and a route of ours that leads elsewhere is
replaced in one step. Whatever is not wanted here belongs to somebody else and is not looked at.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from relais.core.model import WAN_MASK, Config, Wan
from relais.core.repair.upkeep import Damage

MAIN, MAIN_PRIORITY = 254, 32766
UNICAST, UNREACHABLE = 1, 7
KERNEL, STATIC, RA, DHCP = 2, 4, 9, 16
"""Protocols of a route (rtnetlink(7), iproute2's rt_protos): who made it."""
UNIVERSE, LINK_SCOPE = 0, 253
DEFAULTS = {4: "0.0.0.0/0", 6: "::/0"}
IPV6_METRIC = 1024
"""That of an IPv6 route for which none is asked (ip6_route.h, IP6_RT_PRIO_USER)."""
AT_ONCE_MS = 10.0
"""systemd-networkd takes what belongs to a link away and puts it back within 2 ms."""
AFTER_NETWORKD_MS = 30.0
"""It gives an interface its address when the carrier comes back, and needs a moment for it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A routing rule without any other selector; `mark` and `mask` are 0 for every packet."""

    family: int
    priority: int
    table: int
    mark: int = 0
    mask: int = 0
    suppress_prefixlength: int | None = None
    protocol: int = field(default=STATIC, compare=False)


@dataclass(frozen=True, slots=True)
class Route:
    """A route with at most one next hop, none for the end of a table; the last three fields do not
    tell it from another."""

    family: int
    table: int
    destination: str
    kind: int = UNICAST
    metric: int = 0
    interface: str | None = None
    gateway: str | None = None
    protocol: int = field(default=STATIC, compare=False)
    scope: int = field(default=UNIVERSE, compare=False)
    source: str | None = field(default=None, compare=False)

    @property
    def place(self) -> tuple[int, int, str, int, str | None]:
        """Where the kernel keeps one route: family, table, destination, metric; for what is
        directly connected the interface too, since several may lead to the same network."""
        near = self.interface if self.gateway is None else None
        return self.family, self.table, self.destination, self.metric, near


@dataclass(frozen=True, slots=True)
class Address:
    """An address with its prefix, also a link-local one of IPv6. `connects`: the kernel makes a
    route to its network, with `metric`; it makes none for a host's or a peer's address, or when
    told not to."""

    interface: str
    address: str
    metric: int = field(default=0, compare=False)
    connects: bool = field(default=True, compare=False)

    @property
    def family(self) -> int:
        """4 or 6."""
        return 6 if ":" in self.address else 4

    @property
    def near(self) -> bool:
        """Link-local: neighbours are asked from it."""
        return self.address.startswith("fe80:")


Thing = Rule | Route | Address


@dataclass(frozen=True, slots=True)
class Picture:
    """What the kernel holds. `running`: interfaces that are up with a carrier."""

    running: frozenset[str]
    addresses: tuple[Address, ...]
    rules: frozenset[Rule]
    routes: tuple[Route, ...]

    def address_of(self, interface: str, family: int) -> Address | None:
        """The first global address of an interface."""
        wanted = (interface, family, False)
        found = (a for a in self.addresses if (a.interface, a.family, a.near) == wanted)
        return next(found, None)


@dataclass(frozen=True, slots=True)
class Part:
    """Something that must stand. `asked` are lines of systemd-networkd's file for `unit`: while
    they are not there any more somebody is changing the plan."""

    thing: Thing
    owner: str
    unit: str
    asked: tuple[str, ...]
    grace_ms: float = AT_ONCE_MS


@dataclass(frozen=True, slots=True)
class Learned:
    """What was seen to stand. `near`: link-local addresses of each interface that was running;
    `leases`: per interface and family its address, and the routes that stood with it."""

    near: Mapping[str, tuple[Address, ...]] = field(default_factory=dict)
    leases: Mapping[tuple[str, int], tuple[Address, tuple[Route, ...]]] = field(
        default_factory=dict
    )


def wanted(config: Config, picture: Picture, learned: Learned) -> Iterator[Part]:
    """All that must stand now, in the order in which it must be put back."""
    if config.routing is None:
        return
    yield from _addresses(config, picture, learned)
    yield from _routes(config, picture, learned)
    for wan in config.wans:
        table = f"Table={wan.table}"
        for family, everywhere in DEFAULTS.items():
            end = Route(family, wan.table, everywhere, UNREACHABLE, config.routing.end_metric)
            yield Part(end, wan.name, "lo", ("Type=unreachable", table))
    for family in DEFAULTS:
        yield Part(Rule(family, MAIN_PRIORITY, MAIN, protocol=KERNEL), "gateway", "lo", ())
        priority = config.routing.local_priority
        local = Rule(family, priority, MAIN, suppress_prefixlength=0)
        yield Part(local, "gateway", "lo", (f"Priority={priority}",))
        for wan in config.wans:
            if wan.rule_priority is not None:
                rule = Rule(family, wan.rule_priority, wan.table, wan.mark, WAN_MASK)
                lines = (f"Priority={wan.rule_priority}", f"Table={wan.table}")
                yield Part(rule, wan.name, "lo", lines)


def _addresses(config: Config, picture: Picture, learned: Learned) -> Iterator[Part]:
    """Configured addresses of interfaces that could use them, and the link-local ones they had."""
    given = [(wan.name, wan.interface, (wan.address, wan.address6)) for wan in config.wans]
    if config.lan is not None:
        given.append(("lan", config.lan.interface, (config.lan.address, config.lan.address6)))
    for owner, interface, addresses in given:
        for address in addresses:
            if address is not None and interface in picture.running:
                lines = (f"Address={address}",)
                yield Part(Address(interface, address), owner, interface, lines, AFTER_NETWORKD_MS)
        if interface in picture.running:
            for near in learned.near.get(interface, ()):
                yield Part(near, owner, interface, (), AFTER_NETWORKD_MS)


def _routes(config: Config, picture: Picture, learned: Learned) -> Iterator[Part]:
    """Routes that follow from an address which is there; those of other addresses are not ours."""
    owners = {wan.interface: wan.name for wan in config.wans}
    given: set[str | None] = set()
    if config.lan is not None:
        owners[config.lan.interface] = "lan"
        given = {config.lan.address, config.lan.address6}
    for address in picture.addresses:
        if address.interface in owners and address.interface in picture.running:
            owner = owners[address.interface]
            if address.near or (owner == "lan" and address.address in given):
                yield from _connected(address, owner)
    for wan in config.wans:
        for family in DEFAULTS:
            current = picture.address_of(wan.interface, family)
            if current is not None and wan.interface in picture.running:
                yield from _connected(current, wan.name)
                yield from _onward(wan, current, learned)


def _connected(address: Address, owner: str) -> Iterator[Part]:
    """The route to the network that an address is in, as the kernel made it."""
    if not address.connects:
        return
    parsed = ipaddress.ip_interface(address.address)
    ipv4 = address.family == 4
    route = Route(
        address.family,
        MAIN,
        str(parsed.network),
        metric=address.metric,
        interface=address.interface,
        protocol=KERNEL,
        scope=LINK_SCOPE if ipv4 else UNIVERSE,
        source=str(parsed.ip) if ipv4 else None,
    )
    yield Part(route, owner, address.interface, ())


def _onward(wan: Wan, current: Address, learned: Learned) -> Iterator[Part]:
    """The routes out of a WAN: those of the plan, or those that its lease made."""
    _unused, stood = learned.leases.get((wan.interface, current.family), (current, ()))
    given = {4: (wan.address, wan.gateway, "_dhcp4"), 6: (wan.address6, wan.gateway6, "_ipv6ra")}
    address, gateway, leased = given[current.family]
    routes = list(stood)
    if address == current.address and gateway is not None:
        routes = list(_static_routes(wan, current.family, gateway))
    for route in sorted(routes, key=lambda r: r.gateway is not None):
        yield Part(route, wan.name, wan.interface, (f"Gateway={gateway or leased}",))


def _static_routes(wan: Wan, family: int, gateway: str) -> Iterator[Route]:
    if wan.metric is not None:
        usual = 0 if family == 4 else IPV6_METRIC
        for table, metric in ((wan.table, usual), (MAIN, wan.metric)):
            yield Route(family, table, DEFAULTS[family], UNICAST, metric, wan.interface, gateway)


def learn(config: Config, picture: Picture, learned: Learned) -> Learned:
    """Remember what stands and is not in the plan: what a lease made, and link-local addresses."""
    found: dict[tuple[str, int], tuple[Address, tuple[Route, ...]]] = {}
    for wan in config.wans:
        for family in DEFAULTS:
            current = picture.address_of(wan.interface, family)
            before, routes = learned.leases.get((wan.interface, family), (None, ()))
            if current is not None:
                known = routes if before == current else ()
                found[wan.interface, family] = (current, _standing(wan, family, picture, known))
    return Learned(_near(picture, learned), found)


def _standing(
    wan: Wan, family: int, picture: Picture, known: tuple[Route, ...]
) -> tuple[Route, ...]:
    """The routes known of a lease, and in their places those that stand now."""
    stand = {route.place: route for route in known}
    for route in picture.routes:
        if route.family == family and _of_lease(wan, route):
            stand[route.place] = route
    hops = {f"{r.gateway}/32" for r in stand.values() if r.destination == DEFAULTS[family]}
    onward = (DEFAULTS[family], *hops)
    return tuple(route for route in stand.values() if route.destination in onward)


def _near(picture: Picture, learned: Learned) -> dict[str, tuple[Address, ...]]:
    """Link-local addresses, forgotten with the carrier: the interface may come back another."""
    near: dict[str, tuple[Address, ...]] = {}
    for interface in picture.running:
        seen = tuple(a for a in picture.addresses if a.near and a.interface == interface)
        near[interface] = seen or learned.near.get(interface, ())
    return near


def _of_lease(wan: Wan, route: Route) -> bool:
    """Whether systemd-networkd made a route because our file for this WAN says so."""
    if route.interface != wan.interface or route.kind != UNICAST:
        return False
    if route.destination == DEFAULTS[route.family]:
        ours = route.table == wan.table or (route.table, route.metric) == (MAIN, wan.metric)
        return ours and route.protocol in (STATIC, RA, DHCP)
    return route.table == MAIN and route.protocol == DHCP and route.scope == LINK_SCOPE


def damages(parts: Iterable[Part], picture: Picture) -> tuple[Damage[Thing], ...]:
    """The parts that do not stand, in the order in which they must be put back."""
    standing = frozenset(picture.routes)
    places = {route.place: route for route in picture.routes}
    found: list[Damage[Thing]] = []
    for part in parts:
        match part.thing:
            case Rule() as rule if rule not in picture.rules:
                found.append(_damage(part, "was missing"))
            case Address() as address if address not in picture.addresses:
                found.append(_damage(part, "was missing"))
            case Route() as route if route not in standing:
                other = places.get(route.place)
                how = "was missing" if other is None else f"led to {_hop(other)}"
                found.append(_damage(part, how))
    return tuple(found)


def _damage(part: Part, found: str) -> Damage[Thing]:
    return Damage(part.thing, part.owner, words(part.thing), found, part.grace_ms)


def words(thing: Thing) -> str:
    """What a person calls it."""
    match thing:
        case Rule():
            version = f"IPv{thing.family} rule {thing.priority}"
            table = "main" if thing.table == MAIN else str(thing.table)
            marked = f" for mark 0x{thing.mark:x}" if thing.mark else ""
            return f"{version} to table {table}{marked}"
        case Route(kind=kind) if kind == UNREACHABLE:
            return f"IPv{thing.family} end of table {thing.table}"
        case Route():
            name = "default" if thing.destination == DEFAULTS[thing.family] else thing.destination
            table = "main" if thing.table == MAIN else str(thing.table)
            return f"route {name} by {_hop(thing)} in table {table}"
        case Address():
            return f"address {thing.address} of {thing.interface}"


def _hop(route: Route) -> str:
    return route.gateway or route.interface or "nowhere"
