# SPDX-License-Identifier: GPL-3.0-or-later
"""What a link makes of its anchor: when it is asked, and what its silence is worth."""

from __future__ import annotations

import math
from dataclasses import replace

from relais.core.anchor import (
    DOUBT_INTERVAL_MS,
    INTERVAL_MS,
    METERED_DOUBT_MS,
    SLACK_MS,
    Anchor,
)
from relais.core.events import ProbeReplied
from relais.core.evidence import BENCH_MISSES
from relais.core.evolve import evolve
from relais.core.link import Link, TargetRecord
from relais.core.pacing import paid, roof_bytes
from relais.core.transitions import LinkState

NEVER = math.inf
RESERVE_SHARE = 0.5
"""Of a metered link's probe budget, kept for the ordinary probes."""


def counted(before: Link, link: Link, now_ms: float) -> Link:
    """Take note of a look at the counters: is the office at work, is the anchor to blame?"""
    anchor = link.anchor
    if anchor is None:
        return link
    rate, last = link.rate, before.rate
    if rate is not None and last is not None and rate is not last:
        packets = rate.traffic.tx_packets - last.traffic.tx_packets
        anchor = anchor.at_work(packets, rate.at_ms - last.at_ms, now_ms)
    if link.state is LinkState.UP:
        if _packets_heard(before, link):
            anchor = anchor.looked(link.profile, now_ms)
        if anchor.dead(now_ms):
            record = link.targets[anchor.index]
            link = evolve(link, window=link.window.forgiven(record.indices))
            return _with_record(link, anchor.rested(), replace(record, missed=BENCH_MISSES))
    elif link.state is not LinkState.SUSPECT:
        anchor = anchor.rested()
    return link if anchor is link.anchor else evolve(link, anchor=anchor)


def silent_ms(link: Link) -> float:
    """When a link on which neither the anchor nor anything else is heard becomes suspect."""
    anchor, since_ms = link.anchor, link.unheard_since_ms
    if anchor is None or since_ms is None:
        return NEVER
    return anchor.silent_ms(since_ms, anchor.limit_ms(link.profile) * link.silence_factor)


def suspicion(link: Link, now_ms: float) -> tuple[float, str] | None:
    """Why an `up` link deserves a burst: since when it is dark, and in words."""
    anchor, since_ms = link.anchor, link.unheard_since_ms
    if anchor is None or since_ms is None or now_ms < silent_ms(link):
        return None
    asked = len(anchor.pending)
    return since_ms, f"{anchor.name} silent to {asked} questions for {now_ms - since_ms:.0f} ms"


def replied(link: Link, event: ProbeReplied) -> Link | None:
    """The link after an answer of its anchor to a quick question; None if it is no such answer.

    It ends the anchor's silence and counts nowhere else: a probe of another target that is missed
    still calls for a burst, whose answers say how much the line really loses.
    """
    anchor = link.anchor
    sent_ms = None if anchor is None else anchor.sent_ms(event.probe)
    if anchor is None or sent_ms is None:
        return None
    anchor = anchor.heard(sent_ms, event.rtt_ms)
    if link.state is not LinkState.UP:
        return evolve(link, anchor=anchor)
    return _with_record(link, anchor, TargetRecord(0, event.now_ms, event.rtt_ms))


def cleared(link: Link, now_ms: float) -> Link:
    """A false alarm: when others answered the burst and the anchor did not, it is to blame."""
    anchor = link.anchor
    if anchor is None:
        return link
    if anchor.alarmed:  # What was sent into the short silence is no loss of the line.
        anchor = evolve(anchor, alarmed=False)
        window = link.window.rewound(link.dark_count)
        link = evolve(link, window=window, anchor=anchor)
    if not anchor.pending:
        return link
    accused_ms = now_ms if anchor.accused_ms is None else anchor.accused_ms
    return evolve(link, anchor=evolve(anchor, pending=(), accused_ms=accused_ms))


def question(link: Link, now_ms: float, *, active: bool) -> tuple[Link, str | None]:
    """The anchor's name when it is to be asked now; `active`: a service uses the link."""
    anchor = link.anchor
    if anchor is None:
        return link, None
    interval_ms = _interval_ms(link, anchor, now_ms, active=active)
    if interval_ms is None:
        # A burst under way may still tell whether the anchor is to blame.
        doubted = link.state is LinkState.SUSPECT
        idle = evolve(anchor, asking=False) if doubted else anchor.rested()
        return (link if idle == anchor else evolve(link, anchor=idle)), None
    if not anchor.asking:
        link = evolve(link, anchor=evolve(anchor, asking=True))
    if now_ms - anchor.asked_ms < interval_ms - SLACK_MS:
        return link, None
    bill, asked = paid(link, (anchor.name,), now_ms)
    return evolve(link, **bill) if bill else link, asked[0] if asked else None


def sent(link: Link, probe: int, now_ms: float) -> Link:
    """The question has left."""
    return link if link.anchor is None else evolve(link, anchor=link.anchor.sent(probe, now_ms))


def needs_every_look(link: Link, *, active: bool) -> bool:
    """Whether any look at the counters may make the anchor matter: none may be left out."""
    anchor = link.anchor
    if anchor is None:
        return False
    doubted = link.wan.metered and active and link.unheard_since_ms is not None
    waiting = bool(anchor.pending) or anchor.accused_ms is not None
    return anchor.asking or waiting or (doubted and link.state is LinkState.UP)


def needs_every_second(link: Link, *, active: bool) -> bool:
    """Whether the anchor may have to be asked as soon as the office starts to work."""
    asked = link.anchor is not None and not link.wan.metered
    return asked and active and link.state is LinkState.UP


def _interval_ms(link: Link, anchor: Anchor, now_ms: float, *, active: bool) -> float | None:
    """Time between questions; None when the link gets none: idle, standing by or not trusted.

    A metered link pays for them, so it asks only once its packets go unanswered.
    """
    if link.state is not LinkState.UP or not link.usable or not active:
        return None
    if link.targets[anchor.index].missed >= BENCH_MISSES:
        return None
    unheard = link.unheard_since_ms
    if not link.wan.metered:
        often_ms = INTERVAL_MS if unheard is None else DOUBT_INTERVAL_MS
        return often_ms if anchor.busy(now_ms) else None
    if unheard is None or now_ms - unheard < METERED_DOUBT_MS:
        return None
    rich = link.tokens_bytes >= RESERVE_SHARE * roof_bytes(link)
    return INTERVAL_MS if rich else None


def _packets_heard(before: Link, link: Link) -> bool:
    """Something has come in since the look before."""
    old, new = before.traffic, link.traffic
    return old is not None and new is not None and old.rx_packets != new.rx_packets


def _with_record(link: Link, anchor: Anchor, record: TargetRecord) -> Link:
    index = anchor.index
    targets = (*link.targets[:index], record, *link.targets[index + 1 :])
    return evolve(link, anchor=anchor, targets=targets)
