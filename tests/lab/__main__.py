# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m lab` from the folder tests, which is what scripts/lab does."""

from __future__ import annotations

import signal
import sys

from lab.cli import main

# Asked to end, it unwinds: a lab that is half up is taken down again.
signal.signal(signal.SIGTERM, lambda *_unused: sys.exit(128 + signal.SIGTERM))
sys.exit(main(sys.argv[1:]))
