# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m bench` from the folder tests, which is what scripts/bench does."""

from __future__ import annotations

import signal
import sys

from bench.cli import main

# Asked to end, it unwinds: a lab that is half up is taken down again.
signal.signal(signal.SIGTERM, lambda *_unused: sys.exit(128 + signal.SIGTERM))
sys.exit(main(sys.argv[1:]))
