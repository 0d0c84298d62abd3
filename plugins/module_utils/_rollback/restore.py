# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The restoration. It may be interrupted anywhere and begun again: each step asks what is there."""

from __future__ import annotations

import contextlib
import os
import time
from typing import Any, Callable

from . import files, guard, kernel, store, units
from .programs import Failed, attempt
from .store import Store

SETTLE_S = 8
_NETWORK = "/etc/systemd/network/"
_NETWORK_CONF = "/etc/systemd/networkd.conf.d"
_UNIT_FILES = "/etc/systemd/system"
_FIREWALL, _NETWORKD, _DAEMON = (
    "relais-firewall.service",
    "systemd-networkd.service",
    "relaisd.service",
)


def take_back(place: Store, say: Callable[[str], None]) -> dict[str, Any] | None:
    """Restore the armed snapshot if it is due, on a running gateway or before its network is up.

    Returns the record of it; None while the change may wait.
    """
    with place.locked():
        name, reason = place.pending(), guard.due(place)
        if name is None or reason is None:
            return None
        say(f"taking the change back: {reason}")
        try:
            manifest = guard.manifest_of(place, name)
        except Failed as error:  # no second attempt would read it
            record = guard.given_up(place, name, f"{reason}, but {error}")
        else:
            record = _restore(place, manifest, reason)
        units.rest()
        return record


def _restore(place: Store, manifest: dict[str, Any], reason: str) -> dict[str, Any]:
    booting = not _is_up()
    changed = _remember(place, manifest, reason)
    problems: list[str] = []
    if changed:
        step = _Restoration(place, manifest, changed)
        problems = step.early() if booting else step.live()
    return guard.rolled_back(place, manifest, reason, changed, problems)


def _is_up() -> bool:
    """Whether the boot has come as far as the network; before it, files are all there is."""
    answer = attempt(["systemctl", "is-active", "sysinit.target"])
    return answer.stdout.strip() == "active"


def _remember(place: Store, manifest: dict[str, Any], reason: str) -> list[str]:
    """What the change did, noted before the first step: afterwards nobody could tell."""
    notes = place.snapshot(manifest["id"]) / "progress"
    earlier = (store.read(notes) or {}).get("changed", [])
    changed = sorted({*earlier, *guard.changes(place, manifest)})
    place.release_reserve(manifest["id"])
    with contextlib.suppress(OSError):  # then a restoration that is interrupted reloads less
        store.note(notes, {"changed": changed, "reason": reason})
    return changed


def _below(path: str, folder: str | None) -> bool:
    return folder is not None and path.startswith(folder)


class _Restoration:
    """The steps, in the order in which they are safe."""

    def __init__(self, place: Store, manifest: dict[str, Any], changed: list[str]) -> None:
        self._place, self._manifest, self._changed = place, manifest, changed
        self._owned, self._was = manifest["owned"], manifest["units"]
        self._problems: list[str] = []
        names = guard.interfaces(self._owned, changed)
        self._interfaces = sorted(set(names) | set(manifest["kernel"]["addresses"]))

    def early(self) -> list[str]:
        """While booting: files, and units that were not there or not wanted.

        The kernel knows nothing yet, except in a container whose network outlives its boot.
        """
        self._files(leave_out=guard.MOVING)
        kernel.remove_new(self._owned, self._interfaces, self._manifest["kernel"])
        if self._manifest["kernel"]["nft"] is None:
            attempt(["nft", "delete", "table", "inet", self._owned["nft"]])
        self._reread_units()
        for unit, active in self._was.items():
            if not active and attempt(["systemctl", "is-enabled", unit]).returncode != 0:
                attempt(["systemctl", "stop", "--no-block", unit])
        return self._problems

    def live(self) -> list[str]:
        """While running: first the daemon, so that it writes no more; then in the role's order."""
        if self._daemon_concerned():
            attempt(["systemctl", "stop", _DAEMON])
        # The live choice belongs to the ruleset that it names the chains of; alone it is of now.
        self._files(leave_out=None if self._ruleset_concerned() else guard.MOVING)
        self._reread_units()
        self._ruleset()
        self._problems += kernel.restore_settings(self._manifest["kernel"]["settings"])
        self._network()
        self._others()
        self._settle()
        return self._problems

    def _files(self, leave_out: str | None = None) -> None:
        self._problems += files.restore(
            self._place.prefix,
            [entry for entry in self._manifest["files"] if not _below(entry["path"], leave_out)],
            [pattern for pattern in self._owned["files"] if not _below(pattern, leave_out)],
            [parent for parent in self._manifest["parents"] if not _below(parent, leave_out)],
            self._place.snapshot(self._manifest["id"]) / "files",
        )

    def _touched(self, *beginnings: str) -> list[str]:
        return [path for path in self._changed if path.startswith(beginnings)]

    def _daemon_concerned(self) -> bool:
        return bool(
            self._touched("/etc/relais/", "/opt/relais", "ruleset", f"{_UNIT_FILES}/relais")
        )

    def _reread_units(self) -> None:
        if self._touched(_UNIT_FILES):
            self._do(["systemctl", "daemon-reload"])

    def _ruleset_concerned(self) -> bool:
        return bool(
            self._touched("/etc/relais/ruleset.nft", "ruleset", f"{_UNIT_FILES}/relais-firewall")
        )

    def _ruleset(self) -> None:
        if not self._ruleset_concerned():
            return
        if self._manifest["kernel"]["nft"] is None:
            return  # it goes last, when nothing is forwarded any more
        if self._was.get(_FIREWALL):
            self._do(["systemctl", "reload-or-restart", _FIREWALL])
        else:
            self._do(["nft", "--file", "/etc/relais/ruleset.nft"])

    def _network(self) -> None:
        if not self._was.get(_NETWORKD):
            attempt(["systemctl", "stop", "systemd-networkd.socket", _NETWORKD])
            return
        if self._touched(_NETWORK_CONF):
            self._do(["systemctl", "restart", _NETWORKD])
        elif self._touched(_NETWORK):
            self._do(["networkctl", "reload"])
        for name in self._interfaces:
            mine = (f"{_NETWORK}05-relais-{name}.network", f"interface {name}")
            shared = ("routing rules", "routes") if name == "lo" else ()
            if self._touched(*mine, *shared) and os.path.exists(f"/sys/class/net/{name}"):
                self._do(["networkctl", "reconfigure", name])

    def _others(self) -> None:
        for unit, was_active in self._was.items():
            if unit in (_FIREWALL, _NETWORKD):
                continue
            if not was_active:
                attempt(["systemctl", "stop", unit])
            elif unit == _DAEMON:
                self._do(["systemctl", "start", unit])
            elif self._touched("/etc/dnsmasq.d", "ruleset", "/etc/relais/ruleset.nft"):
                self._do(["systemctl", "restart", unit])
        if self._manifest["kernel"]["nft"] is None:
            attempt(["systemctl", "stop", _FIREWALL])
            attempt(["nft", "delete", "table", "inet", self._owned["nft"]])

    def _settle(self) -> None:
        """Wait for systemd-networkd, then put right by hand what it left."""
        before = self._manifest["kernel"]
        until = time.monotonic() + SETTLE_S
        while self._left() and time.monotonic() < until:
            time.sleep(0.2)
        managed = set(files.present(self._place.prefix, [f"{_NETWORK}*.network"]))
        for name in self._interfaces:
            if f"{_NETWORK}05-relais-{name}.network" not in managed and name != "lo":
                kernel.forget_leases(name)
        if self._left():
            kernel.remove_new(self._owned, self._interfaces, before)
            kernel.put_back(self._owned, self._interfaces, before)
        self._problems += kernel.restore_settings(before["settings"])
        self._problems += [f"not as before: {what}" for what in self._left()]

    def _left(self) -> list[str]:
        now = kernel.capture(self._owned, self._interfaces)
        words = kernel.differences(self._manifest["kernel"], now)
        return [what for what in words if not what.startswith("setting ")]

    def _do(self, argv: list[str]) -> None:
        done = attempt(argv)
        if done.returncode != 0:
            self._problems.append(f"{' '.join(argv)}: {(done.stderr or done.stdout).strip()}")
