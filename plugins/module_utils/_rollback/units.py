# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The units that watch the deadline, and those of the gateway that are put back."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any, Iterable

from .programs import attempt, run
from .store import PLACE

SERVICE, TIMER = "relais-rollback.service", "relais-rollback.timer"
AT_BOOT = "relais-rollback-boot.service"
FOLDER = "/etc/systemd/system"
MODULES = (
    "__init__", "cli", "files", "guard", "kernel", "programs", "restore", "store", "units",
)  # fmt: skip
_MAIN = "import sys\nfrom relais_rollback.cli import main\nsys.exit(main(sys.argv[1:]))\n"

_PROGRAM = "program.pyz"
# Not by way of `armed`: a look at the clock may just have begun when the change is kept.
_RUN = f"ExecStart=/usr/bin/python3 -I {PLACE}/{_PROGRAM}"
UNITS = {
    # Without an order: it restarts other units, which would wait for it.
    SERVICE: f"""\
[Unit]
Description=Take back a change that nobody confirmed
ConditionPathExists={PLACE}/armed
StartLimitIntervalSec=0

[Service]
Type=oneshot
{_RUN}
TimeoutStartSec=300
LogLevelMax=notice
""",
    # It ticks, so that a restoration that was interrupted is taken up again.
    TIMER: f"""\
[Unit]
Description=Watch the deadline of a change
ConditionPathExists={PLACE}/armed

[Timer]
OnActiveSec=1s
OnUnitInactiveSec=1s
AccuracySec=100ms

[Install]
WantedBy=timers.target
""",
    # Before anything that reads what it restores: a gateway that was rebooted half-way comes up as
    # it was before the change.
    AT_BOOT: f"""\
[Unit]
Description=Take back a change that was not confirmed before the reboot
ConditionPathExists={PLACE}/armed
DefaultDependencies=no
RequiresMountsFor={PLACE} /etc /opt /usr
After=systemd-remount-fs.service local-fs.target
Wants=network-pre.target
Before=network-pre.target systemd-networkd.service systemd-sysctl.service nftables.service
Before=relais-firewall.service sysinit.target shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
{_RUN}
TimeoutStartSec=60
LogLevelMax=notice

[Install]
WantedBy=sysinit.target
""",
}


def write_program(folder: Path, sources: dict[str, bytes]) -> None:
    """Leave the program beside the snapshots, as one file that Python runs."""
    new = folder / f".{_PROGRAM}.new"
    with zipfile.ZipFile(str(new), "w") as archive:
        archive.writestr("__main__.py", _MAIN)
        for name in MODULES:
            archive.writestr(f"relais_rollback/{name}.py", sources[name])
    os.chmod(str(new), 0o600)
    os.rename(str(new), str(folder / _PROGRAM))


def install() -> None:
    """Have the units in place and wanted at boot."""
    stale = False
    for name, text in UNITS.items():
        path = Path(FOLDER) / name
        if not path.exists() or path.read_text() != text:
            new = path.with_name(f".{name}.new")
            new.write_text(text)
            os.chmod(str(new), 0o644)
            os.rename(str(new), str(path))
            stale = True
    wanted = (f"{FOLDER}/sysinit.target.wants/{AT_BOOT}", f"{FOLDER}/timers.target.wants/{TIMER}")
    if stale or not all(map(os.path.islink, wanted)):
        run(["systemctl", "daemon-reload"])
        run(["systemctl", "enable", "--quiet", AT_BOOT, TIMER])


def watch() -> None:
    """Start to tick."""
    run(["systemctl", "restart", TIMER])


def rest() -> None:
    """Stop to tick."""
    attempt(["systemctl", "stop", "--no-block", TIMER])


def states(names: Iterable[str]) -> dict[str, Any]:
    """Return whether each unit is active."""
    found = {}
    for name in names:
        answer = attempt(["systemctl", "show", "--property=ActiveState", "--value", name])
        found[name] = answer.stdout.strip() in ("active", "activating", "reloading")
    return found
