# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is measured, and how each is set up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PEER_PACKAGES = ("keepalived", "lsm")


@dataclass(frozen=True)
class Contender:
    """One way to keep an office online.

    `unit` is its systemd unit on the gateway, `files` what its recipe puts there (name in
    `gateway/` to path), `inventory` the site that is set up when it is not the lab's own. A fault
    comes at a random point of `period_s`. A fault is held until new flows work, but no longer than
    `detect_s`; the way back is watched for `back_s`.
    """

    name: str
    note: str
    unit: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    settle_s: float = 4
    period_s: float = 1
    detect_s: float = 30
    back_s: float = 60
    provisioned: bool = False
    inventory: str | None = None


CONTENDERS = {
    contender.name: contender
    for contender in (
        Contender(
            "relais",
            "as the site playbook installs it; the lab's site, failback after 8 good seconds",
            unit="relaisd.service",
            settle_s=5,
            back_s=90,
            provisioned=True,
        ),
        Contender(
            "relais-anchor",
            "the same with an anchor in the Internet",
            unit="relaisd.service",
            settle_s=8,
            back_s=90,
            provisioned=True,
            inventory="tests/lab/site_with_anchor",
        ),
        Contender(
            "keepalived",
            "Debian package; ping through the primary, 1 s x 3; interface tracked; "
            "notify scripts replace the default route, no flush",
            unit="keepalived.service",
            files={"keepalived.conf": "etc/keepalived/keepalived.conf"},
            settle_s=8,
        ),
        Contender(
            "lsm",
            "Debian package, defaults: 1 s interval, 7 lost in a row or 15 of 100; "
            "event script replaces the default route, no flush",
            unit="lsm.service",
            files={"lsm.conf": "etc/lsm/local-bench.conf"},
            settle_s=16,
            back_s=150,
        ),
        Contender(
            "lsm-fast",
            "the same, 100 ms interval, 300 ms timeout, 5 lost in a row: the shortest that by its "
            "own rule sits out an outage of 300 ms",
            unit="lsm.service",
            files={"lsm-fast.conf": "etc/lsm/local-bench.conf"},
            settle_s=12,
            period_s=0.1,
        ),
        Contender(
            "mwan3-timing",
            "EMULATION of mwan3's rule and defaults (4 targets, 10 s interval, 4 s timeout, "
            "5 turns) by a loop of ours; route replaced, flush",
            unit="mwan3-timing.service",
            files={
                "mwan3_timing.py": "etc/bench/mwan3_timing.py",
                "mwan3-timing.service": "etc/systemd/system/mwan3-timing.service",
            },
            settle_s=12,
            period_s=10,
            detect_s=160,
            back_s=120,
        ),
        Contender("none", "control: nobody moves the route", settle_s=1, back_s=15),
    )
}
