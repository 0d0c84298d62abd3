# SPDX-License-Identifier: GPL-3.0-or-later
"""`POST /double/<knob>`: what tests do to a double in their process, for one that runs by itself.

No PBX has these addresses, and they ask for no token: the double belongs on loopback or in a lab.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .errors import plain
from .oracle import Outcome

if TYPE_CHECKING:
    from .double import Pbx

# Methods of Pbx that take their arguments from a JSON object.
KNOBS = frozenset(
    [
        "expire_tokens", "fail_next", "licence", "on_site", "public_address", "reset_after",
        "reset_next", "role", "sbc_up", "slow_next", "trunk_online", "trunk_registers",
        "user_registered",
    ]
)  # fmt: skip


def turn(pbx: Pbx, name: str, arguments: Any) -> tuple[int, Any]:
    """Turn a knob, or ask the oracle (`call`, `numbers`); return status and body."""
    try:
        match name:
            case "call":
                return 200, shown(_call(pbx, **arguments))
            case "numbers":
                return 200, pbx.oracle.numbers()
            case "on_site":
                departments = arguments.pop("departments", [])
                pbx.on_site(*departments, **arguments)
            case _ if name in KNOBS:
                getattr(pbx, name)(**arguments)
            case _:
                raise plain(404, f"no such knob: {name}")
    except (TypeError, ValueError, KeyError) as error:
        raise plain(400, str(error)) from None
    return 204, None


def _call(pbx: Pbx, number: str, at: str | None = None, **circumstances: Any) -> Outcome:
    moment = datetime.fromisoformat(at) if at else None
    return pbx.oracle.call(number, at=moment, **circumstances)


def shown(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as JSON values."""
    return {
        "number": outcome.number,
        "rings": outcome.rings,
        "answered": outcome.answered,
        "channels": outcome.channels,
        "hops": [asdict(hop) for hop in outcome.hops],
    }
