# SPDX-License-Identifier: GPL-3.0-or-later
"""What probes and counters say of a link: suspicion, verdict, quality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf

from relais.core.events import ProbeReplied, Tick, Traffic
from relais.core.evolve import evolve
from relais.core.link import BURST_ROUNDS, Link, Rate, TargetRecord
from relais.core.pacing import BURST_SPACING_MS, LOSSY_INTERVAL_MS, PROBE_BYTES, lossy
from relais.core.transitions import LOST, SUSPECT, UP, LinkState, Trigger

EDGE = "edge"
"""The first hop as a target: it tells where a line is cut, never whether it works."""
SILENCE_FACTOR_MAX = 16
SILENCE_FORGET_MS = 10_000.0
BIRTH_VERDICT_MS = 2000.0
RECOVERY_MISSES = 3
HICCUP_DWELL_MS = 2000.0
BENCH_MISSES = 5
"""Probes a target may miss in a row, while others answer, before it is no longer listened to."""
MUTE_MS = 2000.0
MUTE_PACKETS = 10
FULL_SHARE = 0.85
FULL_MEMORY_MS = 3000.0


def replied(link: Link, event: ProbeReplied, index: int | None) -> tuple[Link, Trigger | None, str]:
    """An answer arrived. It proves the link unless its probe left before the suspicion.

    `index` is the target's place in the configuration, None for the first hop.
    """
    if index is None:
        answers = link.edge_answers + 1
        return evolve(link, edge_ms=event.now_ms, edge_answers=answers), None, ""
    window, sample = link.window.answered(event.probe, event.rtt_ms)
    if sample is None:
        return link, None, ""
    record = TargetRecord(0, event.now_ms, event.rtt_ms)
    cusum = link.cusum
    benched = link.targets[index].missed >= BENCH_MISSES
    if not sample.missed and not benched:
        cusum = cusum.after(lost=0, answered=1)
    doubtful = link.state is SUSPECT or link.state is LOST
    if doubtful and sample.sent_ms < link.suspect_ms:
        return evolve(link, window=window), None, ""
    targets = (*link.targets[:index], record, *link.targets[index + 1 :])
    anchor = link.anchor
    if anchor is not None and index == anchor.index:
        link = evolve(link, anchor=anchor.heard(sample.sent_ms, event.rtt_ms))
    link = evolve(link, window=window, targets=targets, cusum=cusum, proved_ms=event.now_ms)
    if link.state is UP:
        return link, None, ""
    return link, Trigger.ANSWERED, f"{event.target} answered in {event.rtt_ms:.1f} ms"


def misses(link: Link, order: Mapping[str, int], now_ms: float) -> Link:
    """Note the probes whose time is up."""
    window, newly = link.window.overdue(now_ms)
    if not newly:
        return link
    targets = list(link.targets)
    lost = 0
    for sample in newly:
        index = order[sample.target]
        record = targets[index]
        lost += record.missed < BENCH_MISSES
        indices = record.indices
        if sample.index is not None and len(indices) < BENCH_MISSES:
            indices = (*indices, sample.index)
        targets[index] = replace(record, missed=record.missed + 1, indices=indices)
        unheard = record.missed + 1 >= BENCH_MISSES and sample.index is not None
        if unheard and _alone(targets, index):
            window = window.forgiven((*indices, sample.index))
    counts = link.alive and not link.full(now_ms)
    cusum = link.cusum.after(lost=lost, answered=0) if counts else link.cusum
    link = evolve(link, window=window, targets=tuple(targets), cusum=cusum)
    if lossy(link) and link.next_probe_ms > now_ms + LOSSY_INTERVAL_MS:
        return evolve(link, next_probe_ms=now_ms + LOSSY_INTERVAL_MS)
    return link


def _alone(targets: Sequence[TargetRecord], index: int) -> bool:
    """All targets but one answer, so that its misses are its own and no loss of the line."""
    others = [t for i, t in enumerate(targets) if i != index and t.missed < BENCH_MISSES]
    return bool(others) and all(target.answers for target in others)


def counted(link: Link, tick: Tick) -> Link:
    """Follow the counters: since when have packets left and none come back, and how full is it?"""
    before, now, now_ms = link.traffic, tick.traffic.get(link.wan.name), tick.now_ms
    if now is None or before is None:
        return link if now is before else evolve(link, traffic=now, unheard_since_ms=None)
    unheard = link.unheard_since_ms
    if now.rx_packets != before.rx_packets:
        unheard = None
    elif unheard is None and now.tx_packets != before.tx_packets:
        unheard = now_ms if tick.since_ms is None else tick.since_ms
    factor = link.silence_factor
    if factor > 1 and now_ms - link.silence_raised_ms > SILENCE_FORGET_MS:
        factor = 1
    rate = link.rate
    if rate is None or now_ms // 1000 != rate.at_ms // 1000:
        rate = _rate(link, rate, now, now_ms)
    elif unheard is link.unheard_since_ms and factor == link.silence_factor and now == before:
        return link
    return evolve(link, traffic=now, unheard_since_ms=unheard, silence_factor=factor, rate=rate)


def _rate(link: Link, last: Rate | None, now: Traffic, now_ms: float) -> Rate:
    """Throughput since the first tick of the last second, held against what the operator sold."""
    probes = link.probes
    if last is None:
        return Rate(now_ms, now, probes=probes)
    spent_ms = now_ms - last.at_ms
    rx_bytes = now.rx_bytes - last.traffic.rx_bytes
    tx_bytes = now.tx_bytes - last.traffic.tx_bytes
    rx, tx = rx_bytes * 8 / spent_ms / 1000, tx_bytes * 8 / spent_ms / 1000
    # What left before the second and was answered in it: one probe, or a burst.
    late = BURST_ROUNDS * len(link.targets) if link.suspect_ms > last.at_ms - spent_ms else 1
    idle = rx_bytes + tx_bytes <= (probes - last.probes + late) * PROBE_BYTES
    wan = link.wan
    full = (wan.down_mbit is not None and rx >= FULL_SHARE * wan.down_mbit) or (
        wan.up_mbit is not None and tx >= FULL_SHARE * wan.up_mbit
    )
    until = now_ms + FULL_MEMORY_MS if full else last.full_until_ms
    return Rate(now_ms, now, rx, tx, until, probes, idle)


def suspicion(link: Link, order: Mapping[str, int], now_ms: float) -> tuple[float, str] | None:
    """Why an `up` link deserves a burst: since when it is dark, and in words."""
    unheard = link.unheard_since_ms
    if unheard is not None and now_ms >= unheard + silence_ms(link):
        return unheard, f"packets leave, none came back for {now_ms - unheard:.0f} ms"
    floor = max(link.proved_ms or 0.0, link.since_ms)
    for sample in link.window.pending:
        heard = link.targets[order[sample.target]].missed < BENCH_MISSES
        if sample.missed and heard and sample.sent_ms >= floor:
            waited = now_ms - sample.sent_ms
            return sample.sent_ms, f"{sample.target} has not answered for {waited:.0f} ms"
    return None


def silence_ms(link: Link) -> float:
    """How long a line that sends may say nothing: three round trips, longer after false alarms."""
    limit = max(link.profile.silence_ms, 3 * (link.window.srtt_ms or 0.0))
    return limit * link.silence_factor


def verdict(link: Link, now_ms: float, patience_ms: float) -> tuple[Trigger, str] | None:
    """What the passing of time says of a link in doubt."""
    match link.state:
        case LinkState.UNKNOWN if link.usable and now_ms - link.since_ms >= BIRTH_VERDICT_MS:
            return Trigger.UNANSWERED, "no target has answered since the start"
        case LinkState.SUSPECT:
            asked = len({s.target for s in link.window.pending if s.sent_ms >= link.since_ms})
            if now_ms >= burst_over_ms(link) and asked >= 2 and not link.burst:
                return Trigger.UNANSWERED, f"{asked} targets silent to a burst{_where(link)}"
            if asked < 2 and now_ms >= mute_over_ms(link):
                silent_s = (now_ms - (link.unheard_since_ms or now_ms)) / 1000
                why = f"packets leave, none came back for {silent_s:.1f} s"
                return Trigger.UNANSWERED, f"{why}; there is no budget to ask two targets"
        case LinkState.LOST:
            dark_ms = link.dark_since_ms or link.since_ms
            if now_ms >= dark_ms + link.patience_ms(patience_ms):
                return Trigger.CONFIRMED, f"dark for {now_ms - dark_ms:.0f} ms{_where(link)}"
        case LinkState.RECOVERING:
            recent = [s for s in link.window.pending if s.sent_ms >= link.since_ms]
            floor = link.proved_ms or 0.0
            if sum(s.missed and s.sent_ms > floor for s in recent) >= RECOVERY_MISSES:
                return Trigger.UNANSWERED, f"{RECOVERY_MISSES} probes in a row unanswered"
        case LinkState.UNKNOWN | LinkState.UP | LinkState.DOWN:
            pass
    return None


def trusted(link: Link, failback_ms: float, now_ms: float) -> tuple[Link, str | None]:
    """Whether a recovering link has behaved for long enough, and what that was in words.

    After a hiccup two seconds without a single miss will do; after an outage it is the failback
    time, in which misses may occur but not three in a row.
    """
    if link.state is not LinkState.RECOVERING:
        return link, None
    needed = HICCUP_DWELL_MS if link.after_hiccup else failback_ms
    if link.after_hiccup and any(
        s.missed and s.sent_ms >= link.since_ms for s in link.window.pending
    ):
        return evolve(link, since_ms=now_ms), None
    if now_ms - link.since_ms < needed:
        return link, None
    return link, f"answered for {needed / 1000:g} s"


def burst_over_ms(link: Link) -> float:
    """When a burst that nobody has answered takes new flows away: at the last round's time-out.

    Not before the line has been dark for as long as it may be silent: a lost probe with a short gap
    behind it is no cut. A line on which other packets still arrive is not dark, but slow or full,
    and gets longer. So does an idle one, on which nobody waits and nothing but probes can tell a
    slow answer from none.
    """
    profile, heard = link.profile, link.heard
    wait_ms = (BURST_ROUNDS - 1) * BURST_SPACING_MS + link.window.expected_ms
    wait_ms = max(wait_ms, profile.verdict_ms)
    if heard is not None and heard.others > 0:
        wait_ms = max(wait_ms, profile.timeout_max_ms)
    elif heard is not None and heard.idle:
        wait_ms = max(wait_ms, profile.silence_ms)
    silent_ms = profile.silence_ms if link.anchor is None else profile.anchor_ms
    return max(link.since_ms + wait_ms, (link.dark_since_ms or link.since_ms) + silent_ms)


def mute_over_ms(link: Link) -> float:
    """When a suspect line that nobody can afford to ask is taken for dark by its silence alone: not
    before several packets have left that nobody answered."""
    if link.unheard_since_ms is None or link.burst is not None:
        return inf
    if link.heard is None or link.traffic is None:
        return inf
    if link.traffic.tx_packets - link.heard.sent < MUTE_PACKETS:
        return inf
    return link.unheard_since_ms + max(MUTE_MS, link.profile.timeout_max_ms)


def still_heard(link: Link, now_ms: float) -> Link:
    """A suspect line on which other packets arrive is dark only since the last of them."""
    if link.state is not LinkState.SUSPECT or link.traffic is None or link.heard is None:
        return link
    packets = link.traffic.rx_packets - (link.edge_answers - link.heard.edge_answers)
    if packets <= link.heard.packets + link.heard.others:
        return link
    heard = evolve(link.heard, others=packets - link.heard.packets)
    return evolve(link, heard=heard, dark_since_ms=now_ms)


def _where(link: Link) -> str:
    """Whether the first hop still answers: cut beyond it, or before it."""
    since = link.dark_since_ms or link.since_ms
    if link.edge_ms is not None and link.edge_ms > since:
        return "; the first hop answers, so the cut is upstream"
    return "; the first hop is silent too, so the cut is on the access line"


def cleared(link: Link, now_ms: float, sent_ms: float) -> Link:
    """After a false alarm the silence detector waits twice as long, for a while.

    What the burst asked before `sent_ms`, when the first probe left that was answered, was all lost
    in one short gap: many witnesses of one moment, who say nothing of what the line loses.
    """
    factor = min(link.silence_factor * 2, SILENCE_FACTOR_MAX)
    return evolve(
        link,
        window=link.window.without(link.suspect_ms, sent_ms),
        silence_factor=factor,
        silence_raised_ms=now_ms,
        unheard_since_ms=None,
    )
