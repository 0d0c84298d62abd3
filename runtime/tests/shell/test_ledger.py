# SPDX-License-Identifier: GPL-3.0-or-later
"""What a WAN has carried survives restarts, months and a clock that is wrong for a while."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from relais.core.config import parse_config
from relais.core.evolve import evolve
from relais.core.link import Link, new_link
from relais.core.quota import Usage, quota_bytes
from relais.shell import ledger
from relais.shell.journal import Journal
from relais.shell.ledger import Ledger
from world import document

NOVEMBER = datetime(2026, 11, 23, 12, tzinfo=UTC)
DECEMBER = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
"""The first of December in Paris."""


class Gateway:
    """One run of the daemon after another on the same disk."""

    def __init__(self, folder: Path) -> None:
        whole = document(timezone="Europe/Paris")
        whole["wans"][1]["monthly_quota_gb"] = 10
        self.config = parse_config(whole)
        self.path = folder / "journal.db"
        self.now_ms = 1000.0
        self.boot()

    def boot(self) -> None:
        """A daemon starts."""
        self.links: dict[str, Link] = {w.name: new_link(w, 3, 0.0) for w in self.config.wans}
        self.journal = Journal(self.path, ledger.SCHEMA)
        self.journal.start()
        self.ledger = Ledger(self.config, self.journal)
        self.ledger.start()

    def look(self, wall: datetime) -> Usage:
        """Begin what is due; the usage of lte."""
        self.now_ms += 1000
        for began in self.ledger.due(self.links, self.now_ms, wall):
            link = self.links[began.wan]
            quota = quota_bytes(link.wan)
            assert quota is not None
            usage = Usage(
                quota,
                began.period,
                began.resets_at,
                began.used_bytes,
                began.rx_bytes,
                began.tx_bytes,
            )
            self.links[began.wan] = evolve(link, usage=usage)
        usage_ = self.links["lte"].usage
        assert usage_ is not None
        return usage_

    def carry(self, used: int, rx: int, tx: int) -> None:
        """So much was used by now, and this is what the counters say."""
        usage = self.links["lte"].usage
        assert usage is not None
        changed = Usage(usage.quota_bytes, usage.period, usage.resets_at, used, rx, tx)
        self.links["lte"] = evolve(self.links["lte"], usage=changed)

    def stop(self) -> None:
        """The daemon ends in an orderly way."""
        self.ledger.keep(self.links.values())
        self.journal.stop()


def test_a_restart_goes_on_from_the_same_bytes_and_counters(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path)
    assert gateway.look(NOVEMBER).used_bytes == 0
    assert gateway.look(NOVEMBER).rx_bytes is None, "nothing is known of the time before"
    gateway.carry(5_000, 3_000, 2_000)
    gateway.stop()
    gateway.boot()
    usage = gateway.look(NOVEMBER)
    assert (usage.used_bytes, usage.rx_bytes, usage.tx_bytes) == (5_000, 3_000, 2_000)
    assert (usage.period, usage.resets_at) == ("2026-11-01", "2026-12-01T00:00:00+01:00")
    gateway.stop()


def test_a_month_begins_with_nothing_used_and_the_counters_go_on(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path)
    gateway.look(NOVEMBER)
    gateway.carry(5_000, 3_000, 2_000)
    usage = gateway.look(DECEMBER)
    assert (usage.period, usage.used_bytes) == ("2026-12-01", 0)
    assert (usage.rx_bytes, usage.tx_bytes) == (3_000, 2_000)
    gateway.stop()


def test_a_clock_that_is_wrong_for_a_while_spoils_no_month(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path)
    gateway.look(NOVEMBER)
    gateway.carry(5_000, 3_000, 2_000)
    gateway.stop()
    gateway.boot()
    assert gateway.look(datetime(1970, 1, 1, tzinfo=UTC)).used_bytes == 0
    gateway.carry(100, 3_050, 2_050)
    assert gateway.look(NOVEMBER).used_bytes == 5_000
    gateway.stop()


def test_a_disk_that_cannot_be_read_is_told_and_stops_nothing(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path)
    gateway.stop()
    gateway.path.unlink()
    gateway.path.mkdir()
    gateway.boot()
    assert gateway.look(NOVEMBER).used_bytes == 0
    assert gateway.journal.error is not None
    gateway.stop()
