# SPDX-License-Identifier: GPL-3.0-or-later
"""Entry point of `python -m relais` and of the zipapp."""

from __future__ import annotations

import sys

from relais.cli import main

if __name__ == "__main__":
    sys.exit(main())
