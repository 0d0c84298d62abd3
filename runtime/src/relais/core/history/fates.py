# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of each probe, second by second: from the core's steps to rolls of one second.

A probe belongs to the second in which it left. An answer within eight seconds counts, however late
the core had already missed it; only then the second is told, so that no loss is taken back later.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from relais.core.events import ProbeReplied, Traffic
from relais.core.evidence import BENCH_MISSES
from relais.core.history.buckets import bucket
from relais.core.history.model import Roll
from relais.core.link import Link
from relais.core.window import KEEP_MS

SECOND_MS = 1000
Available = Callable[[str, int], bool]
"""Whether a WAN was available at an instant (Unix ms)."""


@dataclass(slots=True)
class _Probe:
    number: int
    wan: str
    target: int
    sent_ms: int
    rtt_us: int | None = None


@dataclass(slots=True)
class _Second:
    at_s: int
    observed_ms: int = 0
    probes: list[_Probe] = field(default_factory=list)
    rx_bytes: dict[str, int] = field(default_factory=dict)
    tx_bytes: dict[str, int] = field(default_factory=dict)


class Fates:
    """Seconds that are not told yet. All instants are Unix time in whole ms."""

    def __init__(self, order: Mapping[str, int], available: Available) -> None:
        self._order = order
        self._available = available
        self._open: dict[int, _Probe] = {}
        self._seconds: deque[_Second] = deque()
        self._watched_ms = 0
        self._counters: dict[str, Traffic] = {}
        self.told: list[Roll] = []

    @property
    def now_s(self) -> int:
        """The second under way."""
        return self._seconds[-1].at_s

    @property
    def first_s(self) -> int:
        """Every second before this one has been told."""
        return self._seconds[0].at_s

    def begin(self, at_ms: int, links: Mapping[str, Link]) -> None:
        """Watch from now on."""
        self._seconds.append(_Second(at_ms // SECOND_MS))
        self._watched_ms = at_ms
        self._counters = {n: link.traffic for n, link in links.items() if link.traffic is not None}

    def end(self, at_ms: int, links: Mapping[str, Link]) -> None:
        """Watch no more; probes still under way have no fate and count nowhere."""
        self._pass(at_ms, links)
        unanswered = self._open.keys()
        for second in self._seconds:
            second.probes = [probe for probe in second.probes if probe.number not in unanswered]
            self._tell(second, links)
        self._open.clear()
        self._seconds.clear()

    def turn(self, at_ms: int, links: Mapping[str, Link], doubt_ms: float) -> None:
        """Time has come to `at_ms`; tell the seconds whose probes all have a fate.

        `links` are those of the last step; from `doubt_ms` on it is not known yet which of them
        are available.
        """
        self._pass(at_ms, links)
        limit_ms = min(at_ms - KEEP_MS, doubt_ms)
        seconds = self._seconds
        while len(seconds) > 1 and (seconds[0].at_s + 1) * SECOND_MS <= limit_ms:
            self._tell(seconds.popleft(), links)

    def sent(self, first: int, links: Mapping[str, Link], at_ms: int) -> None:
        """Probes from the number `first` on have left; those that count as loss are followed."""
        probes = self._seconds[-1].probes
        for name, link in links.items():
            for sample in reversed(link.window.pending):
                if sample.probe < first:
                    break
                if sample.index is not None:
                    probe = _Probe(sample.probe, name, self._order[sample.target], at_ms)
                    self._open[sample.probe] = probe
                    probes.append(probe)

    def answered(self, event: ProbeReplied) -> None:
        """An answer has come; one that nobody waits for changes nothing."""
        probe = self._open.get(event.probe)
        if probe is not None and probe.wan == event.wan and event.rtt_ms <= KEEP_MS:
            probe.rtt_us = round(event.rtt_ms * 1000)
            del self._open[event.probe]

    def _pass(self, at_ms: int, links: Mapping[str, Link]) -> None:
        """Spend the time until `at_ms`, and count what the counters show until now."""
        second = self._seconds[-1]
        for name, link in links.items():
            self._count(second, name, link.traffic)
        while True:
            until_ms = min(at_ms, (second.at_s + 1) * SECOND_MS)
            if until_ms > self._watched_ms:
                second.observed_ms += until_ms - self._watched_ms
                self._watched_ms = until_ms
            if at_ms < (second.at_s + 1) * SECOND_MS:
                return
            second = _Second(second.at_s + 1)
            self._seconds.append(second)

    def _count(self, second: _Second, wan: str, now: Traffic | None) -> None:
        if now is None:
            return
        before = self._counters.get(wan)
        self._counters[wan] = now
        if before is None or now is before:
            return
        anew = now.rx_bytes < before.rx_bytes or now.tx_bytes < before.tx_bytes
        rx, tx = (0, 0) if anew else (before.rx_bytes, before.tx_bytes)
        second.rx_bytes[wan] = second.rx_bytes.get(wan, 0) + now.rx_bytes - rx
        second.tx_bytes[wan] = second.tx_bytes.get(wan, 0) + now.tx_bytes - tx

    def _tell(self, second: _Second, links: Mapping[str, Link]) -> None:
        sent = dict.fromkeys(links, 0)
        heard: dict[str, list[int]] = {name: [] for name in links}
        for probe in second.probes:
            wan = probe.wan
            if probe.rtt_us is None:
                del self._open[probe.number]
                if links[wan].targets[probe.target].missed >= BENCH_MISSES:
                    continue  # Nobody listens to this target: its silence is its own.
            if self._available(wan, probe.sent_ms):
                sent[wan] += 1
                if probe.rtt_us is not None:
                    heard[wan].append(probe.rtt_us)
        for wan in links:
            rtts = heard[wan]
            counts: dict[int, int] = {}
            for number in sorted(map(bucket, rtts)):
                counts[number] = counts.get(number, 0) + 1
            roll = Roll(
                wan,
                1,
                second.at_s,
                second.observed_ms,
                sent[wan],
                sent[wan] - len(rtts),
                sum(rtts),
                min(rtts, default=None),
                counts,
                second.rx_bytes.get(wan, 0),
                second.tx_bytes.get(wan, 0),
            )
            if roll.observed_ms or roll.sent or roll.rx_bytes or roll.tx_bytes:
                self.told.append(roll)
