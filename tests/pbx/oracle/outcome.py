# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "carrier",  # the operator's own forward, without the PBX
    "trunk",  # comes in over a trunk
    "inbound_rule",
    "department",
    "ring_group",
    "queue",
    "menu",
    "user",
    "extension",  # phones of a user ring
    "external",  # a number outside rings
    "voicemail",
    "lost",  # nobody, and no voicemail either
]


@dataclass(frozen=True)
class Hop:
    """One step of a call: where it is, and why it came there."""

    kind: Kind
    number: str
    why: str
    name: str = ""
    trunk: str = ""

    def __str__(self) -> str:
        who = f"{self.kind} {self.number}" + (f" ({self.name})" if self.name else "")
        over = f" over {self.trunk}" if self.trunk else ""
        return f"{who}{over}: {self.why}"


@dataclass(frozen=True)
class Outcome:
    """All steps of a call in order; the last is where it ends."""

    number: str
    hops: tuple[Hop, ...]

    @property
    def ends(self) -> Hop:
        """Return the last step."""
        return self.hops[-1]

    @property
    def rings(self) -> list[str]:
        """Return who rings, in order: extensions, and numbers outside."""
        return [hop.number for hop in self.hops if hop.kind in ("extension", "external")]

    @property
    def answered(self) -> bool:
        """Tell whether a person is reached: a phone that rings, or a number outside."""
        return self.ends.kind in ("extension", "external")

    @property
    def channels(self) -> int:
        """Return how many channels of trunks the call takes while it lasts."""
        out = self.ends.kind == "external" and bool(self.ends.trunk)
        return sum(hop.kind == "trunk" for hop in self.hops) + out

    def __str__(self) -> str:
        return "\n".join([f"call to {self.number}", *(f"  {hop}" for hop in self.hops)])
