# SPDX-License-Identifier: GPL-3.0-or-later
"""Counting what links with a monthly quota carry, and telling when it comes near its end."""

from __future__ import annotations

from relais.core.actions import Record
from relais.core.events import PeriodBegan
from relais.core.evolve import evolve
from relais.core.quota import Usage, quota_bytes
from relais.core.state import Work


def begin(work: Work, event: PeriodBegan) -> None:
    """A month of the contract begins, or the daemon has started in the midst of one."""
    link = work.links[event.wan]
    quota = quota_bytes(link.wan)
    if quota is None:
        return
    before = link.usage
    usage = Usage(
        quota, event.period, event.resets_at, event.used_bytes, event.rx_bytes, event.tx_bytes
    )
    work.links[event.wan] = evolve(link, usage=usage)
    if before is not None and before.period != usage.period:
        what = f"a new month of {event.wan} begins"
        why = f"{before.told()} were used in the one from {before.period}"
        work.records.append(Record("link", what, why, wan=event.wan))


def count(work: Work) -> None:
    """Add what the counters show since the last look; a threshold that is crossed is told."""
    for name, link in work.links.items():
        if link.usage is None or link.traffic is None:
            continue
        usage = link.usage.counted(link.traffic)
        if usage.level > link.usage.level:
            what = f"{name} has used {usage.level} % of its quota"
            why = f"{usage.told()}; it resets at {usage.resets_at}"
            work.records.append(Record("link", what, why, wan=name))
        if usage is not link.usage:
            work.links[name] = evolve(link, usage=usage)
