# SPDX-License-Identifier: GPL-3.0-or-later
"""What is simulated: a configuration, models of its links, an office; built in or from a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from relais.core.config import parse_config
from relais.core.fields import ConfigError, Fields, Problem, read
from relais.core.model import Config
from relais.simulate.models import Episodes, GilbertElliott, Kind, LinkModel, Model, RandomLoss
from relais.simulate.office import Office

SCHEMA = "relais.scenario/1"
DEFAULT_CONFIG: dict[str, Any] = {
    "schema": "relais.config/1",
    "site": "Cabinet Exemple",
    "gateway": "gw",
    "wans": [
        {"id": 1, "name": "fibre", "interface": "wan1", "table": 1001, "gateway": "203.0.113.1"}
        | {"technology": "ftth", "down_mbit": 500, "up_mbit": 200},
        {"id": 2, "name": "lte", "interface": "wan2", "table": 1002, "technology": "4g"}
        | {"metered": True, "monthly_quota_gb": 50, "down_mbit": 30, "up_mbit": 10},
    ],
    "services": [
        {"id": 1, "name": "voice", "importance": "vital", "patience_ms": 500}
        | {"members": [{"wan": "fibre"}, {"wan": "lte"}]}
        | {"sla": {"loss_percent": 5, "latency_ms": 150, "jitter_ms": 30, "mos": 3.6}},
        {"id": 2, "name": "vpn", "importance": "vital", "mode": "most_stable"}
        | {"members": [{"wan": "fibre"}, {"wan": "lte"}]},
        {"id": 255, "name": "default", "members": [{"wan": "fibre"}, {"wan": "lte"}]},
    ],
    "targets": [
        {"name": "resolver-a", "address": "198.51.100.10", "probe": "dns"},
        {"name": "host-b", "address": "198.51.100.70", "probe": "icmp"},
        {"name": "web-c", "address": "198.51.100.140", "probe": "tcp"},
    ],
    "policy": {"failback_after_s": 60, "probe_interval_ms": 1000},
}
_NOISE: tuple[Model, ...] = (
    RandomLoss(up_percent=1.0, down_percent=1.0),
    Episodes(Kind.BURST, per_hour=12, seconds=(0.1, 0.1)),
)
"""2 % of the round trips lost, an outage of 100 ms each five minutes."""
_SLOW = Episodes(Kind.SPIKE, per_hour=6, seconds=(0.5, 20), extra_ms=150)
"""A slow spell each ten minutes."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """The world: a model for each WAN by name, and the office."""

    name: str
    links: Mapping[str, LinkModel]
    office: Office


def _fibre_and_lte(name: str, *more: Model, both: tuple[Model, ...] = (*_NOISE, _SLOW)) -> Scenario:
    """Two ordinary lines with noise; what is more happens to the fibre."""
    links = {"fibre": LinkModel(8.0, 1.0, (*both, *more)), "lte": LinkModel(45.0, 6.0, both)}
    return Scenario(name, links, Office(fills_per_hour=2))


BUILT_IN: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        _fibre_and_lte("noise", both=_NOISE),
        _fibre_and_lte("spells"),
        _fibre_and_lte("outages", Episodes(Kind.OUTAGE, per_day=1, seconds=(30, 7200))),
        _fibre_and_lte(
            "brownouts",
            Episodes(Kind.BROWNOUT, per_day=2, seconds=(60, 1800), loss_percent=30),
        ),
        _fibre_and_lte(
            "flapping",
            Episodes(Kind.OUTAGE, per_day=2, seconds=(600, 2400), cycle_s=(8, 40)),
            Episodes(Kind.CARRIER, per_day=1, seconds=(300, 900), cycle_s=(3, 20)),
        ),
    )
}


def fitted(scenario: Scenario, config: Config) -> Scenario:
    """A built-in scenario for any configuration: its first line for the first WAN, and so on; the
    last one stands for all further WANs."""
    models = list(scenario.links.values())
    links = {wan.name: models[min(index, len(models) - 1)] for index, wan in enumerate(config.wans)}
    return Scenario(scenario.name, links, scenario.office)


def default_config() -> Config:
    """Two WANs, fibre and LTE, three services."""
    return parse_config(DEFAULT_CONFIG)


def parse_scenario(document: object, config: Config | None) -> tuple[Config, Scenario]:
    """A decoded `relais.scenario/1` document, and the configuration it is for.

    The configuration is the given one, else the document's own, else the default. Raises
    ConfigError with all problems, each with its path.
    """
    return read(document, SCHEMA, lambda top: _scenario(top, config))


def _scenario(top: Fields, config: Config | None) -> tuple[Config, Scenario]:
    own = top.take("config", required=False)
    if config is None:
        config = default_config() if own is None else _own_config(own)
    name = top.text("name", required=False) or "scenario"
    links = _links(top, config)
    return config, Scenario(name, links, _office(top.object("office")))


def _own_config(document: object) -> Config:
    try:
        return parse_config(document)
    except ConfigError as error:
        inner = [Problem(f"config.{p.path}", p.message) for p in error.problems]
        raise ConfigError(inner) from error


def _links(top: Fields, config: Config) -> dict[str, LinkModel]:
    links: dict[str, LinkModel] = {}
    whole = top.object("links")
    if whole is None:
        top.problem("links", "must be an object with a model for each WAN")
        return links
    for wan in config.wans:
        item = whole.object(wan.name)
        if item is None:
            whole.problem(wan.name, "is missing: every WAN needs a model")
            continue
        links[wan.name] = LinkModel(
            rtt_ms=item.number("rtt_ms", 0.1, 5000, 10.0) or 10.0,
            jitter_ms=item.number("jitter_ms", 0, 1000, 0.0) or 0.0,
            models=tuple(
                model for part in item.objects("models", required=False) for model in _model(part)
            ),
        )
        item.close()
    whole.close()
    return links


def _model(item: Fields) -> tuple[Model, ...]:
    kind = item.text("model")
    if kind == "random_loss":
        loss = RandomLoss(_number(item, "up_percent", 0.0), _number(item, "down_percent", 0.0))
        return (loss,)
    if kind == "gilbert_elliott":
        return (
            GilbertElliott(
                _number(item, "good_percent", 0.0),
                _number(item, "bad_percent", 50.0),
                _number(item, "good_s", 60.0, 0.001, 1e7),
                _number(item, "bad_s", 1.0, 0.001, 1e7),
            ),
        )
    if kind in list(Kind):
        return (_episodes(item, Kind(kind)),)
    known = ", ".join(["random_loss", "gilbert_elliott", *Kind])
    if kind:
        item.problem("model", f"must be one of {known}, not {kind!r}")
    item.seen.update(item.data)
    return ()


def _episodes(item: Fields, kind: Kind) -> Episodes:
    burst = (0.1, 0.1) if kind is Kind.BURST else (30.0, 7200.0)
    return Episodes(
        kind,
        at=tuple(_occasion(part) for part in item.objects("at", required=False)),
        per_day=_number(item, "per_day", 0.0, 0, 10_000),
        per_hour=_number(item, "per_hour", 0.0, 0, 10_000),
        seconds=_pair(item, "seconds", burst, 0.001),
        loss_percent=_number(item, "loss_percent", 30.0),
        extra_ms=_number(item, "extra_ms", 100.0, 0, 60_000),
        cycle_s=_cycle(item.object("cycle_s")),
    )


def _cycle(item: Fields | None) -> tuple[float, float] | None:
    if item is None:
        return None
    cycle = _number(item, "down_s", 8.0, 0.1, 1e6), _number(item, "up_s", 40.0, 0.1, 1e6)
    item.close()
    return cycle


def _occasion(item: Fields) -> tuple[float, float]:
    start = _number(item, "start_s", 0.0, 0, 1e9)
    return start, _number(item, "seconds", 30.0, 0.001, 1e9)


def _number(item: Fields, key: str, default: float, low: float = 0.0, high: float = 100.0) -> float:
    found = item.number(key, low, high, default)
    return default if found is None else float(found)


def _pair(item: Fields, key: str, default: tuple[float, float], low: float) -> tuple[float, float]:
    """Two numbers in a list, or one number that stands for both."""
    value = item.take(key, required=False)
    if value is None:
        return default
    pair = value if isinstance(value, list) else [value, value]
    numbers = [float(n) for n in pair if isinstance(n, (int, float)) and n >= low]
    if len(pair) == len(numbers) == 2 and numbers[0] <= numbers[1]:
        return numbers[0], numbers[1]
    item.problem(key, f"must be a number or two in order, {low:g} or more, not {value!r}")
    return default


def _office(item: Fields | None) -> Office:
    plain = Office()
    if item is None:
        return plain
    office = Office(
        busy_hours=_pair(item, "busy_hours", plain.busy_hours, 0.0),
        busy_mbit=_load(item, "busy_mbit", plain.busy_mbit),
        idle_mbit=_load(item, "idle_mbit", plain.idle_mbit),
        fills_per_hour=_number(item, "fills_per_hour", 0.0, 0, 1000),
        fill_seconds=_pair(item, "fill_seconds", plain.fill_seconds, 0.1),
        bloat_ms=_number(item, "bloat_ms", plain.bloat_ms, 0, 10_000),
        full_loss_percent=_number(item, "full_loss_percent", plain.full_loss_percent),
    )
    item.close()
    return office


def _load(item: Fields, key: str, default: float) -> float:
    mbit = _number(item, key, default, 0, 1e6)
    if 0 < mbit < 1:
        item.problem(key, f"must be 0 or at least 1, not {mbit:g}")
    return mbit
