# SPDX-License-Identifier: GPL-3.0-or-later
"""Rolling record of one link's probes: loss, round-trip time, jitter and the adaptive time-out.

Every figure is kept up to date by a constant amount of work for each probe, so that it costs
nothing to keep it always.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from relais.core.evolve import evolve, swift

HISTORY = 256
"""Probes that loss is counted over at most."""
KEEP_MS = 8000.0
"""An answer may come so late and still count."""
INITIAL_TIMEOUT_MS = 400.0
_MASK = (1 << HISTORY) - 1


@swift
@dataclass(frozen=True, slots=True)
class Sample:
    """One unanswered probe; `missed` once its time-out has passed. `index` is its place in the
    history, None for one that does not count as loss."""

    probe: int
    target: str
    sent_ms: float
    index: int | None
    missed: bool = False


@dataclass(frozen=True)
class Window:
    """The newest probes of one link, newest in bit 0 of `answered_bits`."""

    timeout_min_ms: float = 120.0
    timeout_max_ms: float = 1000.0
    count: int = 0
    answered_bits: int = 0
    pending: tuple[Sample, ...] = ()
    srtt_ms: float | None = None
    rttvar_ms: float = 0.0
    jitter_ms: float | None = None
    last_rtt_ms: float | None = None

    @property
    def timeout_ms(self) -> float:
        """How long an answer may take: SRTT + 4 RTTVAR (RFC 6298, 2.3), within bounds.

        The lower bound is far below the RFC's 1 s, because here a time-out only starts a burst of
        more probes; it never decides anything alone.
        """
        return max(self.expected_ms, self.timeout_min_ms)

    @property
    def expected_ms(self) -> float:
        """The same without the lower bound: enough where many probes must all go unanswered."""
        if self.srtt_ms is None:
            return INITIAL_TIMEOUT_MS
        return min(self.srtt_ms + 4 * self.rttvar_ms, self.timeout_max_ms)

    def sent(self, probe: int, target: str, now_ms: float, *, counts: bool = True) -> Window:
        """The window after one more probe has left; `counts`: it may tell of loss."""
        sample = Sample(probe, target, now_ms, self.count if counts else None)
        pending = self.pending
        if pending and now_ms - pending[0].sent_ms > KEEP_MS:
            pending = tuple(s for s in pending if now_ms - s.sent_ms <= KEEP_MS)
        if not counts:
            return evolve(self, pending=(*pending, sample))
        return evolve(
            self,
            count=self.count + 1,
            answered_bits=(self.answered_bits << 1) & _MASK,
            pending=(*pending, sample),
        )

    def answered(self, probe: int, rtt_ms: float) -> tuple[Window, Sample | None]:
        """The window after an answer, and the probe that it answers (None for an unknown one).

        A late answer takes its loss back: loss is read, never written down for good (as in
        dpinger). Jitter is the smoothed difference of consecutive round trips (RFC 3550, 6.4.1).
        """
        place = self._place(probe)
        if place is None:
            return self, None
        sample = self.pending[place]
        bits = self._forgiven((sample.index,))
        pending = self.pending
        pending = pending[:place] + pending[place + 1 :] if len(pending) > 1 else ()
        if self.srtt_ms is None or self.last_rtt_ms is None:
            srtt, rttvar, jitter = rtt_ms, rtt_ms / 2, self.jitter_ms
        else:
            # RFC 6298, 2.3: alpha 1/8, beta 1/4, the variance first.
            rttvar = 0.75 * self.rttvar_ms + 0.25 * abs(self.srtt_ms - rtt_ms)
            srtt = 0.875 * self.srtt_ms + 0.125 * rtt_ms
            step = abs(rtt_ms - self.last_rtt_ms)
            jitter = (
                step if self.jitter_ms is None else self.jitter_ms + (step - self.jitter_ms) / 16
            )
        window = evolve(
            self,
            answered_bits=bits,
            pending=pending,
            srtt_ms=srtt,
            rttvar_ms=rttvar,
            jitter_ms=jitter,
            last_rtt_ms=rtt_ms,
        )
        return window, sample

    def _place(self, probe: int) -> int | None:
        """Where a probe stands among those that are pending."""
        for place, sample in enumerate(self.pending):
            if sample.probe == probe:
                return place
        return None

    def overdue(self, now_ms: float) -> tuple[Window, tuple[Sample, ...]]:
        """The window with probes past their time-out marked as missed, and those newly so."""
        if not self.pending:
            return self, ()
        limit = now_ms - self.timeout_ms
        newly = tuple(s for s in self.pending if not s.missed and s.sent_ms <= limit)
        if not newly:
            return self, ()
        fresh = {s.probe for s in newly}
        pending = tuple(replace(s, missed=True) if s.probe in fresh else s for s in self.pending)
        return evolve(self, pending=pending), newly

    def without(self, first_ms: float, last_ms: float) -> Window:
        """The window that waits no more for what left between two instants and counts as no loss
        in its history. Probes of one round leave within the same ms."""
        last_ms -= 1
        pending = tuple(
            s for s in self.pending if s.index is not None or not first_ms <= s.sent_ms < last_ms
        )
        return self if len(pending) == len(self.pending) else evolve(self, pending=pending)

    def forgiven(self, indices: Iterable[int | None]) -> Window:
        """The window with these places of the history counted as answered."""
        return evolve(self, answered_bits=self._forgiven(indices))

    def _forgiven(self, indices: Iterable[int | None]) -> int:
        bits = self.answered_bits
        newest = self.count - 1
        for index in indices:
            if index is not None and 0 <= newest - index < HISTORY:
                bits |= 1 << (newest - index)
        return bits

    def rewound(self, count: int) -> Window:
        """The record as it was when `count` probes had been sent: an outage is not loss."""
        shift = max(0, self.count - count)
        return evolve(
            self, count=self.count - shift, answered_bits=self.answered_bits >> shift, pending=()
        )

    def judged(self, newest: int = HISTORY) -> tuple[int, int]:
        """`(probes judged, answered)` among the newest; probes still in time are left out."""
        span = min(self.count, newest)
        oldest = self.count - span
        waiting = 0
        for sample in self.pending:
            if not sample.missed and sample.index is not None and sample.index >= oldest:
                waiting += 1
        answered = (self.answered_bits & ((1 << span) - 1)).bit_count()
        return span - waiting, answered

    def loss_percent(self, newest: int = HISTORY) -> float | None:
        """Share of judged probes without an answer so far; None without any."""
        judged, answered = self.judged(newest)
        return None if judged == 0 else 100.0 * (judged - answered) / judged
