# SPDX-License-Identifier: GPL-3.0-or-later
"""After a switch: gives the telephone system its new address and has its trunks register anew.

It is reached over whatever line works: each attempt is a new connection, steered like any other.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from relais.core.telephony.refresh import ATTEMPTS, Trunk, address, pause_s, trunks
from relais.core.telephony.settings import Settings
from relais.shell.clock import monotonic_ms, wall_text
from relais.shell.files import replace_file
from relais.shell.telephony.hook import SWITCHED
from relais.shell.telephony.xapi import Refused, Unavailable, Xapi

FOLDER = Path("/run/relais/telephony")
LAST = "last.json"
SCHEMA = "relais.telephony.refresh/1"
ONLINE_WITHIN_MS = 20_000.0
POLL_S = 0.5
_TRUNK_FIELDS = "Id,Number,IsOnline,Gateway"
Pause = Callable[[float], None]
Say = Callable[[str], None]


@dataclass(slots=True)
class Outcome:
    """What a refresh came to; `problems` is empty when all is well."""

    wans: tuple[str, ...]
    began_ms: float
    attempts: int = 0
    public_address: dict[str, str] | None = None
    trunks: dict[str, bool] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    ended_ms: float = 0.0

    def document(self) -> dict[str, Any]:
        """For `last.json` and programs."""
        return {
            "schema": SCHEMA,
            "at": wall_text(self.began_ms),
            "wans": list(self.wans),
            "ok": not self.problems,
            "attempts": self.attempts,
            "took_ms": round(self.ended_ms - self.began_ms),
            "public_address": self.public_address,
            "trunks": [{"name": name, "online": up} for name, up in self.trunks.items()],
            "problems": self.problems,
        }


def claim(folder: Path) -> tuple[str, ...] | None:
    """The WANs of a switch that nobody has attended to yet, which is taken; None without one."""
    path = folder / SWITCHED
    try:
        text = path.read_text(encoding="utf-8")
        path.unlink()
    except FileNotFoundError:
        return None
    try:
        wans = json.loads(text)["wans"]
    except (ValueError, KeyError, TypeError):
        return ()
    return tuple(str(wan) for wan in wans) if isinstance(wans, list) else ()


def refresh(
    settings: Settings, wans: Sequence[str], folder: Path, say: Say, pause: Pause = time.sleep
) -> Outcome:
    """Tell the system, again and again for a while; a newer switch takes over what is left of it.

    Leaves `folder/last.json`. Raises OSError when that cannot be written.
    """
    outcome = Outcome(tuple(wans), monotonic_ms())
    for attempt in range(1, ATTEMPTS + 1):
        outcome.attempts += 1
        try:
            _once(Xapi(settings), settings, outcome, pause)
        except Refused as error:
            outcome.problems = [str(error)]
            break
        except Unavailable as error:
            outcome.problems = [str(error)]
            wait_s = pause_s(attempt, error.after_s)
        else:
            offline = [name for name, online in outcome.trunks.items() if not online]
            outcome.problems += [f"trunk {name!r} is not registered" for name in offline]
            if not offline:
                break
            wait_s = pause_s(attempt, None)
        say(f"attempt {attempt}: {'; '.join(outcome.problems)}")
        newer = claim(folder)
        if newer is not None:
            outcome.wans, outcome.public_address = newer, None
        elif attempt < ATTEMPTS:
            pause(wait_s)
    outcome.ended_ms = monotonic_ms()
    text = json.dumps(outcome.document(), indent=1) + "\n"
    replace_file(folder / LAST, text.encode(), mode=0o644)
    return outcome


def _once(api: Xapi, settings: Settings, outcome: Outcome, pause: Pause) -> None:
    """One attempt. Raises Refused, Unavailable."""
    outcome.trunks, outcome.problems = {}, []
    network = api.get("NetworkSettings", select="Id,PublicStaticIP,StunDisabled")
    change, wrong = address(settings, outcome.wans, network)
    outcome.problems += [wrong] if wrong else []
    if change is not None:
        api.patch("NetworkSettings", {"PublicStaticIP": change.after})
        outcome.public_address = {"before": change.before, "after": change.after}
    found, missing = trunks(settings, api.every("Trunks", select=_TRUNK_FIELDS))
    outcome.problems += missing
    for trunk in found:
        api.act("Trunks/Pbx.RefreshRegistration", {"id": trunk.id})
    outcome.trunks = _online(api, settings, found, pause)


def _online(api: Xapi, settings: Settings, told: list[Trunk], pause: Pause) -> dict[str, bool]:
    """Which of the trunks are registered, as soon as all are or their time is up."""
    end = monotonic_ms() + ONLINE_WITHIN_MS
    while told:
        told, _unused = trunks(settings, api.every("Trunks", select=_TRUNK_FIELDS))
        states = {trunk.name: trunk.online or not trunk.registers for trunk in told}
        if all(states.values()) or monotonic_ms() >= end:
            return states
        pause(POLL_S)
    return {}
