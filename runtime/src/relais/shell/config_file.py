# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration as a file, and the copy of the last one that the daemon worked with.

A file that a loss of power or a careless hand has cut short must not leave a gateway without its
daemon: it then starts with the copy, and says so until the file is good again.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from relais.core.config import parse_config
from relais.core.fields import ConfigError
from relais.core.model import Config
from relais.shell.document_file import content, decoded, load
from relais.shell.files import replace_file

CONFIG = Path("/etc/relais/config.json")
LAST_GOOD = Path("/var/lib/relais/config.last-good.json")


def load_config(path: Path) -> Config:
    """Read and check a configuration file. Raises ConfigError, also for an unreadable file."""
    return load(path, parse_config)


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """What the daemon was told to work with. `problem` says why it is the copy; None when it is the
    file itself."""

    path: Path
    copy: Path
    config: Config
    content: bytes
    problem: str | None = None

    def keep(self) -> None:
        """Make what works the last good copy, safe from a loss of power too. Raises OSError."""
        if self.problem is not None:
            return
        with contextlib.suppress(OSError):
            if self.copy.read_bytes() == self.content:
                return
        replace_file(self.copy, self.content, mode=0o640)
        for path in (self.copy, self.copy.parent):
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def mended(self) -> bool:
        """Whether the file itself, which was no use, has become good."""
        if self.problem is None:
            return False
        with contextlib.suppress(ConfigError):
            load_config(self.path)
            return True
        return False


def find_config(path: Path, copy: Path = LAST_GOOD) -> ConfigFile:
    """The file when it is good, else the last good copy. Raises ConfigError with the problems of
    the file when neither is."""
    try:
        found = content(path)
        return ConfigFile(path, copy, parse_config(decoded(found)), found)
    except ConfigError as error:
        problem = "; ".join(str(one) for one in error.problems)
        try:
            found = content(copy)
            return ConfigFile(path, copy, parse_config(decoded(found)), found, problem)
        except ConfigError:
            raise error from None
