# SPDX-License-Identifier: GPL-3.0-or-later
"""The anchor of a link that carries traffic: asked so often that its silence is evidence.

An anchor is a responder of our own, so it may be asked some twenty to fifty times a second. What it
says is kept apart from the window of probes: a flood of good answers would drown all others in
loss, cumulative sums and limits. As one target among them it takes its turn there too.

Its silence never decides. It only calls for the burst, and only when nothing else arrives either.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from relais.core.evolve import evolve
from relais.core.model import Config, ProbeKind, Wan
from relais.core.profile import Profile

INTERVAL_MS = 50.0
DOUBT_INTERVAL_MS = 20.0
SLACK_MS = 2.0
"""A look may come a little early for a question, but not a whole look late."""
METERED_DOUBT_MS = 100.0
"""A metered link asks its anchor only after so much silence of the packets."""
BUSY_PACKETS_PER_S = 25.0
"""More than this, our own questions not counted, is the office at work."""
BUSY_MEMORY_MS = 3000.0
RIPE_MIN_MS = 10.0
ENOUGH = 2
"""Questions that must be overdue: one packet proves nothing."""
BENCH_MS = 500.0
"""So long an anchor may be silent while its link is heard otherwise."""
KEPT = 64


@dataclass(frozen=True, slots=True)
class Question:
    """One question on its way."""

    probe: int
    sent_ms: float


@dataclass(frozen=True)
class Anchor:
    """One link's view of its anchor, the target `name` at `index`; times are monotonic ms.

    `pending`: questions since the last answer, oldest first. `asking`: it is asked quickly now.
    `alarmed`: the burst under way was called for by its silence.
    `accused_ms`: since when packets arrive and its answers do not. `busy_ms`: when the office was
    last seen at work. `asked` counts questions since the throughput was last looked at.
    """

    name: str
    index: int
    pending: tuple[Question, ...] = ()
    asking: bool = False
    alarmed: bool = False
    asked_ms: float = 0.0
    srtt_ms: float | None = None
    rttvar_ms: float = 0.0
    accused_ms: float | None = None
    busy_ms: float = -BUSY_MEMORY_MS
    asked: int = 0

    @property
    def ripe_ms(self) -> float:
        """When an answer is overdue: SRTT + 4 RTTVAR (RFC 6298, 2.3), 10 ms at least."""
        return max(RIPE_MIN_MS, (self.srtt_ms or 0.0) + 4 * self.rttvar_ms)

    def limit_ms(self, profile: Profile) -> float:
        """Silence that calls for a burst: what the profile says, or two round trips."""
        return max(profile.anchor_ms, 2 * (self.srtt_ms or 0.0) + 4 * self.rttvar_ms)

    def sent_ms(self, probe: int) -> float | None:
        """When a question still on its way was sent; None for any other probe."""
        return next((q.sent_ms for q in self.pending if q.probe == probe), None)

    def sent(self, probe: int, now_ms: float) -> Anchor:
        """One more question has left."""
        pending = (*self.pending, Question(probe, now_ms))
        if len(pending) > KEPT:  # The oldest tells for how long it has been silent.
            pending = (pending[0], *pending[2:])
        return evolve(self, pending=pending, asked=self.asked + 1, asked_ms=now_ms)

    def heard(self, sent_ms: float, rtt_ms: float) -> Anchor:
        """It answered what was sent at `sent_ms`; older questions no longer matter."""
        if self.srtt_ms is None:
            srtt, rttvar = rtt_ms, rtt_ms / 2
        else:
            rttvar = 0.75 * self.rttvar_ms + 0.25 * abs(self.srtt_ms - rtt_ms)
            srtt = 0.875 * self.srtt_ms + 0.125 * rtt_ms
        pending = tuple(q for q in self.pending if q.sent_ms > sent_ms)
        return evolve(self, pending=pending, srtt_ms=srtt, rttvar_ms=rttvar, accused_ms=None)

    def at_work(self, packets: int, spent_ms: float, now_ms: float) -> Anchor:
        """The link sent so many packets in the time since the throughput was last looked at."""
        others = packets - self.asked
        busy = others * 1000.0 >= BUSY_PACKETS_PER_S * spent_ms
        return evolve(self, asked=0, busy_ms=now_ms if busy else self.busy_ms)

    def busy(self, now_ms: float) -> bool:
        """The office is at work on this link, or was a moment ago."""
        return now_ms - self.busy_ms < BUSY_MEMORY_MS

    def silent_ms(self, unheard_since_ms: float, wait_ms: float) -> float:
        """The instant at which a link that has heard nothing since then is to be doubted, if it
        goes on like this; infinite when too little is asked, or it has never answered."""
        if self.srtt_ms is None or len(self.pending) < ENOUGH:
            return math.inf
        overdue_ms = self.pending[ENOUGH - 1].sent_ms + self.ripe_ms
        return max(unheard_since_ms + wait_ms, overdue_ms)

    def looked(self, profile: Profile, now_ms: float) -> Anchor:
        """Packets have come in: an anchor that is overdue all the same is to blame itself."""
        if not self.pending or self.accused_ms is not None:
            return self
        overdue = now_ms - self.pending[0].sent_ms >= self.limit_ms(profile)
        return evolve(self, accused_ms=now_ms) if overdue else self

    def dead(self, now_ms: float) -> bool:
        """Silent for too long on a link that lives: it is to be benched."""
        return self.accused_ms is not None and now_ms - self.accused_ms >= BENCH_MS

    def rested(self) -> Anchor:
        """No longer asked quickly, nothing awaited and nothing held against it."""
        if not self.asking and not self.pending and self.accused_ms is None:
            return self
        return evolve(self, asking=False, alarmed=False, pending=(), accused_ms=None)


def first_anchor(config: Config, wan: Wan) -> Anchor | None:
    """The target that is asked quickly: the first anchor. Others are targets like any other."""
    for index, target in enumerate(config.targets):
        if target.probe is ProbeKind.ANCHOR and target.asked_through(wan):
            return Anchor(target.name, index)
    return None
