# SPDX-License-Identifier: GPL-3.0-or-later
"""Rolling samples of one link: loss, round-trip time, jitter and the adaptive time-out."""

from __future__ import annotations

from dataclasses import dataclass, replace

WINDOW = 60
MIN_TIMEOUT_MS = 120.0
MAX_TIMEOUT_MS = 1000.0
INITIAL_TIMEOUT_MS = 400.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One probe: when it left, and its round-trip time in ms once answered."""

    probe: int
    target: str
    sent_ms: float
    rtt_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """The newest probes of one link and the smoothed round-trip time over all its answers."""

    samples: tuple[Sample, ...] = ()
    srtt_ms: float | None = None
    rttvar_ms: float = 0.0

    @property
    def timeout_ms(self) -> float:
        """How long an answer may take: SRTT + 4 RTTVAR (RFC 6298, 2.3), within fixed bounds.

        The lower bound is a scheduling allowance, far below the RFC's 1 s, because here a
        time-out only starts a burst of more probes; it never decides anything alone.
        """
        if self.srtt_ms is None:
            return INITIAL_TIMEOUT_MS
        wanted = self.srtt_ms + 4 * self.rttvar_ms
        return min(max(wanted, MIN_TIMEOUT_MS), MAX_TIMEOUT_MS)

    def sent(self, probe: int, target: str, now_ms: float) -> Window:
        """The window after one more probe has left."""
        kept = self.samples[-(WINDOW - 1) :]
        return replace(self, samples=(*kept, Sample(probe, target, now_ms)))

    def answered(self, probe: int, rtt_ms: float) -> Window:
        """The window after an answer; one that comes late still counts (loss is read, not kept)."""
        samples = tuple(
            replace(s, rtt_ms=rtt_ms) if s.probe == probe and s.rtt_ms is None else s
            for s in self.samples
        )
        if self.srtt_ms is None:
            return Window(samples, rtt_ms, rtt_ms / 2)
        # RFC 6298, 2.3: alpha 1/8, beta 1/4, the variance first.
        rttvar = 0.75 * self.rttvar_ms + 0.25 * abs(self.srtt_ms - rtt_ms)
        return Window(samples, 0.875 * self.srtt_ms + 0.125 * rtt_ms, rttvar)

    def due(self, now_ms: float) -> tuple[Sample, ...]:
        """Samples old enough to be judged, or answered already."""
        limit = now_ms - self.timeout_ms
        return tuple(s for s in self.samples if s.rtt_ms is not None or s.sent_ms <= limit)

    def loss_percent(self, now_ms: float) -> float | None:
        """Share of judged probes without an answer so far; None without any."""
        due = self.due(now_ms)
        if not due:
            return None
        return 100.0 * sum(s.rtt_ms is None for s in due) / len(due)

    def jitter_ms(self) -> float | None:
        """Mean absolute difference of consecutive round trips to one target (RFC 3393 ipdv)."""
        last: dict[str, float] = {}
        steps: list[float] = []
        for sample in self.samples:
            if sample.rtt_ms is None:
                continue
            before = last.get(sample.target)
            if before is not None:
                steps.append(abs(sample.rtt_ms - before))
            last[sample.target] = sample.rtt_ms
        return sum(steps) / len(steps) if steps else None

    def latest(self, target: str, now_ms: float) -> Sample | None:
        """The newest judged sample of one target."""
        return next((s for s in reversed(self.due(now_ms)) if s.target == target), None)
