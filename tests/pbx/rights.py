# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what: the role of the API client, and the licence of the PBX."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import ApiError

_EVERYTHING = None


@dataclass(frozen=True)
class Role:
    """What a role may read and write: names of sets and singletons, None for all of them."""

    reads: frozenset[str] | None = frozenset()
    writes: frozenset[str] | None = frozenset()

    def may(self, method: str, name: str) -> bool:
        """Tell whether a request for something of that name is allowed."""
        names = self.reads if method == "GET" else self.writes
        return names is _EVERYTHING or name.lower() in names


def _names(text: str) -> frozenset[str]:
    return frozenset(text.lower().split())


_TELEPHONY = "Users Groups RingGroups Queues Receptionists Holidays Peers InboundRules DidNumbers"
ROLES = {
    "system_owners": Role(reads=_EVERYTHING, writes=_EVERYTHING),
    "system_admins": Role(reads=_EVERYTHING, writes=_EVERYTHING),
    # reads people, and neither the system nor its lines
    "group_admins": Role(
        reads=_names(_TELEPHONY), writes=_names("Users RingGroups Queues Receptionists Holidays")
    ),
    "managers": Role(reads=_names("Users Groups RingGroups Queues Peers")),
    # what a client of the department "System Wide" is given
    "users": Role(),
}
LICENCES = ("enterprise", "professional")


def check(role: str, licence: str, method: str, path: str) -> None:
    """Refuse with 403 what the role or the licence does not cover."""
    name = path.split("/")[0].split("(")[0]
    if licence != "enterprise" or not ROLES[role].may(method, name):
        raise ApiError(403)
