# SPDX-License-Identifier: GPL-3.0-or-later
"""The world around the PBX: which trunks would register, and what the log says of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from .state import Entity, State, named

NEVER = None


@dataclass
class Simulation:
    """What the test decided about the operators' side of the trunks.

    `answers` says for each trunk after how many readings a refreshed registration shows as online;
    None means that the operator does not answer.
    """

    state: State
    answers: dict[str, int | None] = field(default_factory=dict)
    _waiting: dict[str, int] = field(default_factory=dict)
    refreshed: list[str] = field(default_factory=list)

    def set_online(self, trunk: Entity, online: bool) -> None:
        """Bring a trunk up or down, and log it."""
        if bool(trunk.get("IsOnline")) == online:
            return
        trunk["IsOnline"] = online
        level, event, word = ("Info", 4106, "registered") if online else ("Warning", 4101, "lost")
        message = f"Registration at %1$s is {word} (trunk %2$s)."
        name = named("Trunks", trunk)
        self.state.log(level, event, "3CX PhoneSystem", message, name, trunk["Number"])

    def refresh(self, trunk: Entity) -> None:
        """Register a trunk anew: it goes down, and comes up if and when the operator answers."""
        number = trunk["Number"]
        self.refreshed.append(number)
        if (trunk.get("Gateway") or {}).get("RequireRegistrationFor") == "Nothing":
            return
        self._waiting.pop(number, None)
        polls = self.answers.get(number, 1)
        if polls == 0:
            self.set_online(trunk, True)
            return
        self.set_online(trunk, False)
        if polls is not NEVER:
            self._waiting[number] = polls

    def polled(self) -> None:
        """Count one reading of the trunks."""
        for number in list(self._waiting):
            self._waiting[number] -= 1
            trunk = self.state.find("Trunks", Number=number)
            if trunk is None or self._waiting[number] <= 0:
                del self._waiting[number]
                if trunk is not None:
                    self.set_online(trunk, True)
