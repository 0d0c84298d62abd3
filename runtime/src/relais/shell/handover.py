# SPDX-License-Identifier: GPL-3.0-or-later
"""The handover on the way to the next daemon: a file below /run, which ends with the boot, as the
times in it do."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from relais.core.codec import CodecError, decode, encode
from relais.core.handover import Handover
from relais.shell.files import replace_file

SCHEMA = "relais.handover/1"
log = logging.getLogger("relaisd")


@dataclass(frozen=True, slots=True)
class Legacy:
    """What a predecessor has left: beliefs for the core, and for each service identifier and
    instant (RFC 3339) of the event that made its choice."""

    beliefs: Handover | None = None
    origins: Mapping[str, tuple[str | None, str]] = field(default_factory=dict)


def write(path: Path, legacy: Legacy) -> None:
    """Leave it, readable for the daemon's user only. Raises OSError."""
    replace_file(path, json.dumps({"schema": SCHEMA, **encode(legacy)}).encode(), mode=0o600)


def read(path: Path, now_ms: float) -> Legacy:
    """What was left; nothing when there is none or nobody can read it, which is told.

    Another version may have written it: what it knows beyond us is passed over, what it does not
    know is as at a first start. It is taken once: beliefs that bring a daemon down must not do so
    to the next one.
    """
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
        with contextlib.suppress(OSError):
            path.unlink()
        if not isinstance(document, dict) or document.pop("schema", None) != SCHEMA:
            raise CodecError(f"is no {SCHEMA}")
        legacy, _unused = decode(Legacy, document)
        if legacy.beliefs is not None and legacy.beliefs.at_ms > now_ms:
            raise CodecError("comes from another boot")
    except FileNotFoundError:
        return Legacy()
    except (OSError, ValueError, RecursionError) as error:
        log.error("nothing is known of the daemon before: %s: %s", path, error)
        return Legacy()
    return legacy  # type: ignore[no-any-return]
