# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks that are full or may not be written, and files that are damaged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

DISKS = {"/var/lib/relais": 4, "/run/relais": 1}
CONFIG = "/etc/relais/config.json"


@pytest.fixture
def small_disks(site: Any) -> Iterator[Any]:
    """The daemon's folders on small file systems of their own; a daemon that has begun there."""
    folders = " ".join(DISKS)
    site.run("systemctl stop relaisd")
    for folder, megabytes in DISKS.items():
        options = f"size={megabytes}m,mode=755,uid=relais,gid=relais"
        site.run(
            f"cp -a {folder} /tmp/kept; mount -t tmpfs -o {options} relais-small {folder};"
            f"cp -a /tmp/kept/. {folder}/; rm -r /tmp/kept"
        )
    site.begin()
    site.lab.wait("the copy of the configuration", lambda: copied(site))
    yield site
    site.run(f"systemctl stop relaisd; umount {folders}; systemctl start relaisd")


def copied(office: Any) -> bool:
    command = f"cmp -s {CONFIG} /var/lib/relais/config.last-good.json && echo same || true"
    return bool(office.run(command))


def test_full_disks_stop_no_switch_and_what_was_decided_is_written_later(
    small_disks: Any,
) -> None:
    first = small_disks.status()["last_event"]
    with small_disks.survives("full disks: journal, choice and state") as cut:
        for folder in DISKS:
            small_disks.run(f"! cat /dev/zero > {folder}/fill 2>/dev/null; df {folder}")
        cut()
    parts = {"journal", "choice on disk", "state files"}
    small_disks.lab.wait("the status tells", lambda: parts <= set(small_disks.degraded()))
    shown = small_disks.run("relais status").splitlines()
    assert shown[2].startswith("DEGRADED ")
    small_disks.run("rm /run/relais/fill /var/lib/relais/fill")
    small_disks.lab.wait("all is well again", lambda: small_disks.degraded() == {})
    last = small_disks.status()["last_event"]
    small_disks.lab.wait("all is written", lambda: missing(small_disks, first, last) == set())
    live = small_disks.run("cat /run/relais/nft/live.nft")
    assert f"goto via_{small_disks.line()}" in live


def missing(office: Any, first: int, last: int) -> set[int]:
    """Numbers of events that the journal does not hold."""
    ask = (
        "import sqlite3, sys; rows = sqlite3.connect(sys.argv[1]).execute('SELECT seq FROM events')"
    )
    shown = office.run(
        f'python3 -c "{ask}; print(*(r[0] for r in rows))" /var/lib/relais/journal.db'
    )
    return set(range(first + 1, last + 1)) - {int(number) for number in shown.split()}


def test_a_disk_that_may_not_be_written_stops_neither_a_switch_nor_a_start(
    small_disks: Any,
) -> None:
    small_disks.run("mount -o remount,ro /var/lib/relais")
    last = small_disks.status()["last_event"]
    with small_disks.survives("a read-only disk, and a restart on it") as cut:
        small_disks.run("systemctl restart relaisd")
        small_disks.lab.wait("it answers", lambda: small_disks.status() != {})
        assert small_disks.status()["last_event"] > last, "it counts on where it was"
        cut()
    assert set(small_disks.degraded()) == {"journal"}
    # The unit sees the disk as it was when it began.
    small_disks.run("mount -o remount,rw /var/lib/relais; systemctl restart relaisd")
    small_disks.lab.wait("all is well again", lambda: small_disks.status().get("degraded") == [])


def test_a_damaged_journal_is_replaced_and_nothing_else_happens(office: Any) -> None:
    journal = "/var/lib/relais/journal.db"
    daemon = office.daemon()
    with office.survives("the journal is damaged") as cut:
        office.run(f"dd if=/dev/urandom of={journal} bs=4096 seek=1 count=20 conv=notrunc")
        cut()
    office.lab.wait("it is told", lambda: "old journal" in office.degraded())
    assert office.daemon() == daemon
    damaged = office.run(f"ls {journal}.damaged-*").strip()
    assert damaged in office.run("relais status")
    assert set(office.degraded()) == {"old journal"}
    office.run(f"rm {damaged}")
    office.lab.wait("all is well again", lambda: office.degraded() == {})


def test_a_configuration_cut_short_is_replaced_by_the_last_good_one(office: Any) -> None:
    office.lab.wait("the copy of the configuration", lambda: copied(office))
    whole = int(office.run(f"stat -c %s {CONFIG}"))
    office.run(f"cp {CONFIG} /tmp/config.json; truncate -s {whole // 2} {CONFIG}")
    try:
        with office.survives("the configuration is cut short") as cut:
            office.run("systemctl restart relaisd")
            office.lab.wait("it answers", lambda: office.status() != {})
            cut()
        assert "is not JSON" in office.degraded()["configuration"]
        assert "DEGRADED configuration" in office.run("relais status")
        daemon = office.daemon()
    finally:
        office.run(f"cat /tmp/config.json > {CONFIG}; rm /tmp/config.json")
    office.lab.wait("a daemon takes the good one", lambda: office.daemon() not in (0, daemon))
    office.lab.wait("all is well again", lambda: office.status().get("degraded") == [])
