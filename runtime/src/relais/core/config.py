# SPDX-License-Identifier: GPL-3.0-or-later
"""`relais.config/1`: from a JSON document to the model, with every problem at once."""

from __future__ import annotations

from collections.abc import Iterable

from relais.core.fields import Fields, Problem, read
from relais.core.model import (
    Codec,
    Config,
    Drill,
    DrillService,
    DrillSessions,
    DrillSip,
    Failback,
    Importance,
    Lan,
    Member,
    Mode,
    Policy,
    ProbeKind,
    Routing,
    Service,
    Sla,
    Target,
    Telephony,
    Wan,
)

SCHEMA = "relais.config/1"
_DEFAULT_PORTS = {
    ProbeKind.DNS: 53,
    ProbeKind.TCP: 443,
    ProbeKind.HTTP: 80,
    ProbeKind.HTTPS: 443,
    ProbeKind.SIP: 5060,
    ProbeKind.ANCHOR: 8367,
}


def parse_config(document: object) -> Config:
    """Turn a decoded `relais.config/1` document into a `Config`.

    Raises ConfigError with all problems, each with its path.
    """
    return read(document, SCHEMA, _config)


def _config(top: Fields) -> Config:
    config = Config(
        site=top.text("site"),
        gateway=top.text("gateway"),
        timezone=top.text("timezone", required=False) or "UTC",
        wans=tuple(_wan(item) for item in top.objects("wans")),
        services=tuple(_service(item) for item in top.objects("services")),
        targets=tuple(_target(item) for item in top.objects("targets")),
        policy=_policy(top.object("policy")),
        drill=_drill(top.object("drill")),
        lan=_lan(top.object("lan")),
        routing=_routing(top.object("routing")),
        telephony=_telephony(top.object("telephony")),
    )
    _check_whole(config, top.problems)
    return config


def _wan(item: Fields) -> Wan:
    metered = item.boolean("metered", default=False)
    return Wan(
        id=item.integer("id", 1, 255),
        name=item.text("name"),
        interface=item.text("interface"),
        table=item.integer("table", 1, 2**32 - 1),
        address=item.optional_interface_address("address"),
        gateway=item.optional_address("gateway"),
        ipv6=item.boolean("ipv6", default=False),
        address6=item.optional_interface_address("address6"),
        gateway6=item.optional_address("gateway6"),
        rule_priority=item.integer("rule_priority", 0, 2**32 - 1, 0) or None,
        metric=item.integer("metric", 0, 2**32 - 1, 0) or None,
        technology=item.optional_text("technology"),
        metered=metered,
        monthly_quota_gb=item.number("monthly_quota_gb", 0.001, 1e6),
        down_mbit=item.number("down_mbit", 0.001, 1e6),
        up_mbit=item.number("up_mbit", 0.001, 1e6),
        probe_budget_mb=item.number("probe_budget_mb", 0.1, 1e6, 45.0 if metered else None),
        quota_resets_on_day=item.integer("quota_resets_on_day", 1, 31, 1),
        operator=item.optional_text("operator"),
        contract=item.optional_text("contract"),
        repair_time_hours=item.number("repair_time_hours", 0, 1000),
        availability_percent=item.number("availability_percent", 0, 100),
    )


def _service(item: Fields) -> Service:
    return Service(
        id=item.integer("id", 1, 255),
        name=item.text("name"),
        importance=item.choice("importance", Importance, Importance.NORMAL),
        mode=item.choice("mode", Mode, Mode.ORDERED),
        members=tuple(_member(member) for member in item.objects("members")),
        patience_ms=item.integer("patience_ms", 200, 10_000, 800),
        failback=item.choice("failback", Failback, Failback.DRAIN),
        sla=_sla(item.object("sla")),
    )


def _member(item: Fields) -> Member:
    return Member(wan=item.text("wan"), weight=item.integer("weight", 1, 1_000_000, 1))


def _sla(item: Fields | None) -> Sla | None:
    if item is None:
        return None
    sla = Sla(
        loss_percent=item.number("loss_percent", 0, 100),
        latency_ms=item.number("latency_ms", 0, 10_000),
        jitter_ms=item.number("jitter_ms", 0, 10_000),
        mos=item.number("mos", 1, 5),
        codec=item.choice("codec", Codec, Codec.G711),
    )
    item.close()
    return sla


def _target(item: Fields) -> Target:
    kind = item.choice("probe", ProbeKind)
    default_port = _DEFAULT_PORTS.get(kind)
    port = item.integer("port", 1, 65535, default_port) if default_port else None
    item.seen.add("port")
    return Target(
        name=item.text("name"),
        address=item.address("address"),
        probe=kind,
        port=port,
        query=item.path_of_url("query") if kind is ProbeKind.HTTP else item.host_name("query"),
    )


def _policy(item: Fields | None) -> Policy:
    if item is None:
        return Policy()
    policy = Policy(
        failback_after_s=item.number("failback_after_s", 1, 86_400, 60.0) or 60.0,
        probe_interval_ms=item.integer("probe_interval_ms", 100, 60_000, 1000),
    )
    item.close()
    return policy


def _lan(item: Fields | None) -> Lan | None:
    if item is None:
        return None
    lan = Lan(
        interface=item.text("interface"),
        address=item.interface_address("address"),
        address6=item.optional_interface_address("address6"),
    )
    item.close()
    return lan


def _routing(item: Fields | None) -> Routing | None:
    if item is None:
        return None
    routing = Routing(
        local_priority=item.integer("local_priority", 1, 2**32 - 1),
        end_metric=item.integer("end_metric", 1, 2**32 - 1),
    )
    item.close()
    return routing


def _telephony(item: Fields | None) -> Telephony | None:
    if item is None:
        return None
    telephony = Telephony(
        service=item.text("service"),
        sources=item.networks("sources"),
        refresh=item.boolean("refresh", default=False),
    )
    item.close()
    return telephony


def _drill(item: Fields | None) -> Drill | None:
    if item is None:
        return None
    budget = item.object("budget_ms")
    budgets = {"silent": 1000, "carrier": 200, "total": 5000}
    if budget is not None:
        budgets = {kind: budget.integer(kind, 1, 600_000, ms) for kind, ms in budgets.items()}
        budget.close()
    windows = item.take("windows", required=False) or []
    if not isinstance(windows, list) or not all(isinstance(w, str) for w in windows):
        item.problem("windows", "must be a list of strings")
        windows = []
    drill = Drill(
        interface=item.text("interface"),
        gateway_address=item.text("gateway_address"),
        client_address=item.text("client_address"),
        budget_ms=budgets,
        windows=tuple(windows),
        services=tuple(_drill_service(entry) for entry in item.objects("services")),
        sessions=_drill_sessions(item.object("sessions")),
        sip=_drill_sip(item.object("sip")),
        local=item.addresses("local"),
    )
    item.close()
    return drill


def _drill_service(item: Fields) -> DrillService:
    return DrillService(
        name=item.text("name"),
        protocol=item.text("protocol"),
        probe=item.text("probe"),
        address=item.address("address"),
        port=item.integer("port", 1, 65535),
        classified=item.text("classified", required=False) or "by_match",
        query=item.host_name("query"),
    )


def _drill_sessions(item: Fields | None) -> DrillSessions | None:
    if item is None:
        return None
    sessions = DrillSessions(
        address=item.address("address"),
        port=item.integer("port", 1, 65535),
        count=item.integer("count", 0, 5000, 20),
    )
    item.close()
    return sessions


def _drill_sip(item: Fields | None) -> DrillSip | None:
    if item is None:
        return None
    registrar = item.address("registrar")
    sip = DrillSip(
        registrar=registrar,
        port=item.integer("port", 1, 65535, 5060),
        domain=item.host_name("domain") or registrar,
        user=item.text("user"),
        secret_file=item.optional_text("secret_file"),
        call=item.optional_text("call"),
    )
    item.close()
    return sip


def _check_whole(config: Config, problems: list[Problem]) -> None:
    """What no single object can know: duplicates and references."""
    if len(config.wans) < 2:
        problems.append(Problem("wans", "must hold two or more WANs"))
    if len(config.targets) < 2:
        problems.append(Problem("targets", "must hold two or more targets, better three"))
    unique: tuple[tuple[str, str, list[object]], ...] = (
        ("wans", "name", [w.name for w in config.wans]),
        ("wans", "id", [w.id for w in config.wans]),
        ("wans", "interface", [w.interface for w in config.wans]),
        ("wans", "table", [w.table for w in config.wans]),
        ("services", "name", [s.name for s in config.services]),
        ("services", "id", [s.id for s in config.services]),
        ("targets", "name", [t.name for t in config.targets]),
    )
    for kind, key, values in unique:
        problems.extend(_duplicates(kind, key, values))
    known = {wan.name for wan in config.wans}
    for index, service in enumerate(config.services):
        path = f"services[{index}].members"
        if not service.members:
            problems.append(Problem(path, "must name at least one WAN"))
        for member in service.members:
            if member.wan and member.wan not in known:
                names = ", ".join(sorted(known))
                problems.append(Problem(path, f"{member.wan!r} is not a WAN; known: {names}"))
    telephony = config.telephony
    if telephony is not None and telephony.service not in {s.name for s in config.services}:
        names = ", ".join(service.name for service in config.services)
        message = f"{telephony.service!r} is not a service; known: {names}"
        problems.append(Problem("telephony.service", message))
    if not any(service.name == "default" for service in config.services):
        problems.append(Problem("services", "must end with the service 'default'"))


def _duplicates(kind: str, key: str, values: Iterable[object]) -> list[Problem]:
    found: list[Problem] = []
    first: dict[object, int] = {}
    for index, value in enumerate(values):
        if value in first:
            where = f"{kind}[{index}].{key}"
            found.append(Problem(where, f"{value!r} is already {kind}[{first[value]}].{key}"))
        else:
            first[value] = index
    return found
