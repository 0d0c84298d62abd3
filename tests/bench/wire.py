# SPDX-License-Identifier: GPL-3.0-or-later
"""What the load client and the server on the Internet agree on.

Every answer of the server says from which address it was asked: a switch is seen from outside.
"""

from __future__ import annotations

HOST = "198.51.100.200"  # `web` of the lab's Internet

# The lab's site takes udp/9000-10999 for its vital service `voice`; no service claims the others.
VITAL_PORT = 9500
ORDINARY_PORT = 18000
FIXED_PORT = 18001

CONNECT_PORT = 18000
STREAM_PORT = 18001
SLOW_PORT = 18002
IDLE_PORT = 18003

CHUNK = b"." * 1023 + b"\n"
STREAM_PAUSE_S = 0.02
SLOW_PAUSE_S = 0.5

REQUEST_EVERY_S = 0.02
CONNECT_EVERY_S = 0.1
FIXED_EVERY_S = 0.01
FAILED_AFTER_S = 0.9

# Fresh ports are taken in turn from ranges so wide that none comes again while a gateway still
# tracks its last use: a port met again by chance would tell of that use, not of the line now.
PORTS = {"udp": range(10000, 20000), "vital": range(20000, 30000), "tcp": range(30000, 32768)}
