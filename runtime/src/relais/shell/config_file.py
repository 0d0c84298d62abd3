# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration as a file, and the copy of the last one that the daemon worked with.

A file that a loss of power or a careless hand has cut short must not leave a gateway without its
daemon: it then starts with the copy, and says so until the file is good again.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from relais.core.config import ConfigError, parse_config
from relais.core.fields import Problem
from relais.core.model import Config
from relais.shell.files import replace_file

CONFIG = Path("/etc/relais/config.json")
LAST_GOOD = Path("/var/lib/relais/config.last-good.json")


def load_config(path: Path) -> Config:
    """Read and check a configuration file. Raises ConfigError, also for an unreadable file."""
    return _parsed(_read(path))


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
        content = _read(path)
        return ConfigFile(path, copy, _parsed(content), content)
    except ConfigError as error:
        problem = "; ".join(str(one) for one in error.problems)
        try:
            content = _read(copy)
            return ConfigFile(path, copy, _parsed(content), content, problem)
        except ConfigError:
            raise error from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError([Problem("(file)", f"cannot be read: {error.strerror}")]) from error


def _parsed(content: bytes) -> Config:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ConfigError([Problem("(document)", f"is not JSON: {error}")]) from error
    return parse_config(document)
