# SPDX-License-Identifier: GPL-3.0-or-later
"""`failback: between_calls`: a service stays on its backup until nobody talks over it.

While a better link waits, the flows of the service on the backup are counted every few seconds. A
call is a flow that is not TCP and moves packets all the time: a codec sends one each 10 to 60 ms
(RFC 3551, 4.2), while registrations and keep-alives take a packet each few seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

CALL_PPS = 10.0
"""Packets per second of one flow, both directions together, from which it is a call."""
LOOK_MS = 5000.0
QUIET_MS = 30_000.0
"""No call for so long: long enough for a transfer to ring without media."""
LONGEST_MS = 4 * 3_600_000.0
"""A queue that is never empty must not stay on a metered link: then new flows return anyway."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A service that waits on `wan` since `since_ms` for its calls to end.

    `call_ms` is when one was last seen, or when the wait began; `look_ms` when to look again.
    """

    wan: str
    since_ms: float
    call_ms: float
    look_ms: float
    talking: bool = False

    @property
    def end_ms(self) -> float:
        """When the wait is over if no call is seen any more."""
        return min(self.call_ms + QUIET_MS, self.since_ms + LONGEST_MS)

    @property
    def due_ms(self) -> float:
        """When something is to be done about it."""
        return min(self.look_ms, self.end_ms)

    def over(self, now_ms: float) -> bool:
        """Whether the service may return."""
        return now_ms >= self.end_ms

    def measured(self, fastest_pps: float | None, now_ms: float) -> Wait:
        """After a look: the busiest flow's packets per second, None when nobody can tell yet."""
        talking = fastest_pps is not None and fastest_pps >= CALL_PPS
        return replace(self, talking=talking, call_ms=now_ms if talking else self.call_ms)

    def told(self, now_ms: float) -> str:
        """The state of the wait, in words."""
        if self.talking:
            return f"a call is in progress on {self.wan}"
        return f"no call seen on {self.wan} for {(now_ms - self.call_ms) / 1000:.0f} s"

    def ended(self, now_ms: float) -> str:
        """Why it is over, in words."""
        if now_ms >= self.since_ms + LONGEST_MS:
            hours = LONGEST_MS / 3_600_000
            return f"calls on {self.wan} for {hours:g} h, new flows wait no longer"
        return self.told(now_ms)


def begun(wan: str, now_ms: float) -> Wait:
    """A wait that begins, to be looked at once right away: rates need two looks."""
    return Wait(wan, now_ms, now_ms, now_ms)
