# SPDX-License-Identifier: GPL-3.0-or-later
"""`python3 -m tests.pbx` from the checkout."""

from __future__ import annotations

import sys

from .cli import main

sys.exit(main(sys.argv[1:]))
