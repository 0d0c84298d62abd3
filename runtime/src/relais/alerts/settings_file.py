# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of the alerts as a file that only root and their process may read."""

from __future__ import annotations

import json
from pathlib import Path

from relais.alerts.settings import Settings, parse_settings
from relais.core.config import ConfigError
from relais.core.fields import Problem


def load_settings(path: Path) -> Settings:
    """Read and check it. Raises ConfigError, also for an unreadable file."""
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError([Problem("(file)", f"cannot be read: {error.strerror}")]) from None
    except (ValueError, RecursionError):
        # The decoder's own words would show what stands there.
        raise ConfigError([Problem("(document)", "is not JSON")]) from None
    return parse_settings(document)
