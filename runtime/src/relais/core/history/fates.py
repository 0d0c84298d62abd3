# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of each probe, slot by slot (of a second): from the core's steps to rolls.

A probe belongs to the slot in which it left. An answer within eight seconds counts, however late
the core had already missed it; only then the slot is told, so that no loss is taken back later.
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
class _Slot:
    at_s: int
    observed_ms: int = 0
    probes: list[_Probe] = field(default_factory=list)
    rx_bytes: dict[str, int] = field(default_factory=dict)
    tx_bytes: dict[str, int] = field(default_factory=dict)


class Fates:
    """Slots of `step_s` seconds that are not told yet. All instants are Unix time in whole ms."""

    def __init__(self, order: Mapping[str, int], available: Available, step_s: int) -> None:
        self._step_s = step_s
        self._step_ms = step_s * 1000
        self._order = order
        self._available = available
        self._open: dict[int, _Probe] = {}
        self._slots: deque[_Slot] = deque()
        self._watched_ms = 0
        self._counters: dict[str, Traffic] = {}
        self.told: list[Roll] = []

    @property
    def due_ms(self) -> int:
        """When the slot under way ends."""
        return self._slots[-1].at_s * 1000 + self._step_ms

    @property
    def first_s(self) -> int:
        """Every slot before this second has been told."""
        return self._slots[0].at_s

    def begin(self, at_ms: int, links: Mapping[str, Link]) -> None:
        """Watch from now on."""
        self._slots.append(_Slot(at_ms // self._step_ms * self._step_s))
        self._watched_ms = at_ms
        self._counters = {n: link.traffic for n, link in links.items() if link.traffic is not None}

    def end(self, at_ms: int, links: Mapping[str, Link]) -> None:
        """Watch no more; probes still under way have no fate and count nowhere."""
        self._pass(at_ms, links)
        unanswered = self._open.keys()
        for slot in self._slots:
            slot.probes = [probe for probe in slot.probes if probe.number not in unanswered]
            self._tell(slot, links)
        self._open.clear()
        self._slots.clear()

    def turn(self, at_ms: int, links: Mapping[str, Link], doubt_ms: float) -> None:
        """Time has come to `at_ms`; tell the slots whose probes all have a fate.

        `links` are those of the last step; from `doubt_ms` on it is not known yet which of them
        are available.
        """
        self._pass(at_ms, links)
        limit_ms = min(at_ms - KEEP_MS, doubt_ms)
        slots = self._slots
        while len(slots) > 1 and slots[0].at_s * 1000 + self._step_ms <= limit_ms:
            self._tell(slots.popleft(), links)

    def sent(self, first: int, links: Mapping[str, Link], at_ms: int) -> None:
        """Probes from the number `first` on have left; those that count as loss are followed."""
        probes = self._slots[-1].probes
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
        slot = self._slots[-1]
        for name, link in links.items():
            self._count(slot, name, link.traffic)
        while True:
            end_ms = slot.at_s * 1000 + self._step_ms
            until_ms = min(at_ms, end_ms)
            if until_ms > self._watched_ms:
                slot.observed_ms += until_ms - self._watched_ms
                self._watched_ms = until_ms
            if at_ms < end_ms:
                return
            slot = _Slot(slot.at_s + self._step_s)
            self._slots.append(slot)

    def _count(self, slot: _Slot, wan: str, now: Traffic | None) -> None:
        if now is None:
            return
        before = self._counters.get(wan)
        self._counters[wan] = now
        if before is None or now is before:
            return
        anew = now.rx_bytes < before.rx_bytes or now.tx_bytes < before.tx_bytes
        rx, tx = (0, 0) if anew else (before.rx_bytes, before.tx_bytes)
        slot.rx_bytes[wan] = slot.rx_bytes.get(wan, 0) + now.rx_bytes - rx
        slot.tx_bytes[wan] = slot.tx_bytes.get(wan, 0) + now.tx_bytes - tx

    def _tell(self, slot: _Slot, links: Mapping[str, Link]) -> None:
        fates: dict[str, list[int | None]] = {name: [] for name in links}
        for probe in slot.probes:
            wan = probe.wan
            if probe.rtt_us is None:
                del self._open[probe.number]
                if links[wan].targets[probe.target].missed >= BENCH_MISSES:
                    continue  # Nobody listens to this target: its silence is its own.
            if self._available(wan, probe.sent_ms):
                fates[wan].append(probe.rtt_us)
        for wan, rtts in fates.items():
            rx, tx = slot.rx_bytes.get(wan, 0), slot.tx_bytes.get(wan, 0)
            if slot.observed_ms or rtts or rx or tx:
                self.told.append(_roll(wan, self._step_s, slot, rtts, rx, tx))


def _roll(
    wan: str, step_s: int, slot: _Slot, rtts: list[int | None], rx_bytes: int, tx_bytes: int
) -> Roll:
    heard = [rtt for rtt in rtts if rtt is not None]
    counts: dict[int, int] = {}
    for number in sorted(map(bucket, heard)):
        counts[number] = counts.get(number, 0) + 1
    return Roll(
        wan,
        step_s,
        slot.at_s,
        slot.observed_ms,
        len(rtts),
        len(rtts) - len(heard),
        sum(heard),
        min(heard, default=None),
        counts,
        rx_bytes,
        tx_bytes,
    )
