# SPDX-License-Identifier: GPL-3.0-or-later
"""What needs no haste, once a second: quality, limits, damping, and the end of an administrator's
wish."""

from __future__ import annotations

from collections.abc import Mapping

from relais.core import facts
from relais.core.actions import Record
from relais.core.damping import PER_BROWNOUT
from relais.core.evidence import BENCH_MISSES
from relais.core.evolve import evolve
from relais.core.limits import LOSS_PROBES, Limits
from relais.core.link import Link, begin_burst
from relais.core.model import Admin, Config
from relais.core.quality import ALARM, GOOD, WELL, Cusum, Quality, breach
from relais.core.state import Work
from relais.core.window import KEEP_MS

SLA_ENTER_MS = 10_000.0
SLA_LEAVE_MS = 60_000.0
FULL_ECHO_MS = 60_000.0
"""For so long after we have filled a line our own losses are among the newest probes."""


def review(work: Work, now_ms: float) -> None:
    """Look at every link about which a look could find anything."""
    config, limits = work.state.config, work.state.limits
    for name, before in work.links.items():
        if settled(before, limits, now_ms):
            continue
        link = assess(before, work.links, config, now_ms)
        if link.quality is not before.quality:
            inputs = facts.of_quality(before, link, now_ms)
            what = f"{name} is {link.quality}"
            work.records.append(Record("link", what, link.quality_reason, wan=name, inputs=inputs))
        link = service_levels(link, config, now_ms)
        work.records += _limits_told(before, link, now_ms)
        if 0 < link.excused_until_ms <= now_ms:
            link = evolve(link, excused_until_ms=0.0)
            work.records += _excuse_over(link, now_ms)
        penalty = link.penalty.released(now_ms)
        if penalty is not link.penalty:
            link = evolve(link, penalty=penalty)
            work.records.append(
                Record("link", f"{name} no longer suppressed", "calm for long enough", wan=name)
            )
        if link.admin_until_ms is not None and now_ms >= link.admin_until_ms:
            link = evolve(link, admin=Admin.AUTO, admin_until_ms=None)
            inputs = facts.of_admin(before, link)
            what = f"{name} set to auto"
            work.records.append(Record("admin", what, "time is up", wan=name, inputs=inputs))
        work.links[name] = link
        if link.alive and link.quality is Quality.GOOD:
            _ask_others(work, link, now_ms)


def _limits_told(before: Link, link: Link, now_ms: float) -> list[Record]:
    """Records of the services whose limits the link has begun to break, or keeps again."""
    name = link.wan.name
    told = []
    for service in sorted(before.sla_broken.keys() ^ link.sla_broken.keys()):
        broken = service in link.sla_broken
        what = f"{name} {'breaks' if broken else 'keeps'} the limits of {service}"
        why = link.sla_broken[service] if broken else f"for {SLA_LEAVE_MS / 1000:g} s"
        inputs = facts.of_limits(link, service, now_ms)
        told.append(Record("link", what, why, wan=name, service=service, inputs=inputs))
    return told


def _excuse_over(link: Link, now_ms: float) -> list[Record]:
    """What is dark after a drill's announcement is over is no drill any more."""
    if link.state not in facts.DARK:
        return []
    what = f"{link.wan.name} is still {link.state}"
    why = f"the drill that was announced for it is over; {link.reason}"
    inputs = facts.of_excuse_over(link, now_ms)
    return [Record("link", what, why, wan=link.wan.name, inputs=inputs)]


def _ask_others(work: Work, link: Link, now_ms: float) -> None:
    """Where a protocol is silent, ask the links that have not yet said whether it works there.

    A link that stands by is asked seldom, and a daemon that has just begun knows nothing of it. Who
    misses five of these looks in a row has said it.
    """
    config = work.state.config
    silent = {index for _unused, own in _silent_groups(link, config) for index in own}
    for name, peer in work.links.items():
        asked = [peer.targets[i] for i in silent if config.targets[i].asked_through(peer.wan)]
        untold = any(not record.answers and record.missed < BENCH_MISSES for record in asked)
        if name != link.wan.name and peer.alive and untold:
            work.links[name] = begin_burst(peer, now_ms, 1)


def settled(link: Link, limits: Limits | None, now_ms: float) -> bool:
    """A review now would change nothing; most links are like this most of the time."""
    if (
        link.quality is not GOOD
        or link.cusum.bad >= ALARM
        or link.penalty.suppressed
        or link.admin_until_ms is not None
        or link.sla_since_ms
        or link.sla_broken
        or link.excused_until_ms
    ):
        return False
    if link.rate is not None and now_ms < link.rate.full_until_ms:
        return False
    for record in link.targets:
        if record.missed >= BENCH_MISSES:
            return False
    return limits is None or limits.kept(link.window)


def assess(link: Link, others: Mapping[str, Link], config: Config, now_ms: float) -> Link:
    """What a living link is worth now; its verdict holds until the line is well for long enough."""
    if not link.alive:
        return link
    found, why = _assessment(link, others, config, now_ms)
    bad = link.quality in (Quality.DEGRADED, Quality.PARTIAL)
    better_ms = (link.better_since_ms or now_ms) if bad and found is Quality.GOOD else None
    if better_ms != link.better_since_ms:
        link = evolve(link, better_since_ms=better_ms)
    if found is link.quality:
        return link
    if better_ms is not None and not _mended(link, better_ms, config, now_ms):
        return link
    penalty = link.penalty
    if found in (Quality.DEGRADED, Quality.PARTIAL) and now_ms >= link.excused_until_ms:
        penalty = penalty.add(PER_BROWNOUT, now_ms)
    return evolve(
        link,
        cusum=Cusum(),
        quality=found,
        quality_since_ms=now_ms,
        quality_reason=why,
        better_since_ms=None,
        penalty=penalty,
    )


def _mended(link: Link, better_ms: float, config: Config, now_ms: float) -> bool:
    """Whether a bad line has been well for the failback time; one that was losing has answered well
    meanwhile, however seldom it is asked."""
    answered = link.quality is Quality.PARTIAL or link.cusum.well >= WELL
    return answered and now_ms - better_ms >= config.policy.failback_after_s * 1000


def _assessment(
    link: Link, others: Mapping[str, Link], config: Config, now_ms: float
) -> tuple[Quality, str]:
    degraded = link.quality is Quality.DEGRADED
    if link.full(now_ms) and not degraded:
        return Quality.SATURATED, "we fill it ourselves"
    if link.cusum.bad >= ALARM and _several_targets_miss(link, config):
        missed = sum(sample.missed for sample in link.window.pending)
        return Quality.DEGRADED, f"{missed} probes of the last {KEEP_MS / 1000:g} s unanswered"
    protocol = _silent_protocol(link, others, config)
    if protocol is not None:
        return Quality.PARTIAL, f"no {protocol} target answers here, all answer elsewhere"
    return Quality.GOOD, "well"


def _several_targets_miss(link: Link, config: Config) -> bool:
    """Losses of the last seconds are not those of one target, which may itself be to blame."""
    missed = {sample.target for sample in link.window.pending if sample.missed}
    heard = zip(config.targets, link.targets, strict=True)
    return sum(t.name in missed and record.missed < BENCH_MISSES for t, record in heard) >= 2


def _silent_protocol(link: Link, others: Mapping[str, Link], config: Config) -> str | None:
    """A protocol of two targets or more that is dead here and alive through another link."""
    peers = [peer for peer in others.values() if peer.wan.name != link.wan.name and peer.alive]
    for name, members in _silent_groups(link, config):
        if any(all(peer.targets[i].answers for i in members) for peer in peers):
            return name
    return None


def _silent_groups(link: Link, config: Config) -> list[tuple[str, list[int]]]:
    """Protocols of two targets or more, all of which are silent on a link; their targets."""
    silent = set()
    for index, record in enumerate(link.targets):
        if record.missed >= BENCH_MISSES:
            silent.add(index)
    if len(silent) < 2:
        return []
    groups = _protocols(config).items()
    return [(name, own) for name, own in groups if len(own) >= 2 and silent.issuperset(own)]


def _protocols(config: Config) -> Mapping[str, list[int]]:
    """Targets by what their silence would mean: an IP version, then TCP, DNS, SIP of each."""
    groups: dict[str, list[int]] = {"IPv6": [], "IPv4": []}
    for index, target in enumerate(config.targets):
        groups[target.family].append(index)
        if target.probe.protocol is not None:
            name = target.probe.protocol
            if target.family == "IPv6":
                name += " over IPv6"
            groups.setdefault(name, []).append(index)
    return groups


def service_levels(link: Link, config: Config, now_ms: float) -> Link:
    """Which services' limits the link breaks, with ten seconds to enter and sixty to leave."""
    told = _breaches(link, config, now_ms)
    if not link.sla_since_ms and told.keys() == link.sla_broken.keys():
        return link
    since = dict(link.sla_since_ms)
    broken = dict(link.sla_broken)
    for service in config.services:
        name = service.name
        was = name in broken
        if (name in told) == was:
            since.pop(name, None)
            continue
        began = since.setdefault(name, now_ms)
        if now_ms - began >= (SLA_LEAVE_MS if was else SLA_ENTER_MS):
            since.pop(name)
            broken.pop(name, None)
            if name in told:
                broken[name] = told[name]
    return evolve(link, sla_since_ms=since, sla_broken=broken)


def _breaches(link: Link, config: Config, now_ms: float) -> dict[str, str]:
    """Which services' limits the newest probes break for sure, in words."""
    told: dict[str, str] = {}
    if not link.alive or (link.rate is not None and link.rate.was_full(now_ms, FULL_ECHO_MS)):
        return told
    window = link.window
    judged, answered = window.judged(LOSS_PROBES)
    for service in config.services:
        if service.sla is not None:
            words = breach(service.sla, window.srtt_ms, window.jitter_ms, judged, answered)
            if words is not None:
                told[service.name] = words
    return told
