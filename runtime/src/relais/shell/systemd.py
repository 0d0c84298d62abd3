# SPDX-License-Identifier: GPL-3.0-or-later
"""Talking to the service manager: readiness, status line and watchdog (sd_notify(3))."""

from __future__ import annotations

import os
import socket


def notify(*lines: str) -> None:
    """Send `lines` such as `READY=1`; does nothing when not run by systemd."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        try:
            # Not even a service manager that hangs may hold us up.
            channel.sendto("\n".join(lines).encode(), socket.MSG_DONTWAIT, address)
        except OSError:
            return
