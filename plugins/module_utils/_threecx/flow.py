# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way to change something on a PBX: look, compare, look again, write little, read back.

The API protects nobody from a lost update (it has no ETag for it), and replaces collections whole.
So an object is read again right before it is written, and the work begins anew when somebody else
changed it meanwhile. What was written is read back, because the API takes some values and keeps
others.
"""

from __future__ import annotations

import json
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .errors import ThreeCxError

_ATTEMPTS = 3
VOLATILE = frozenset(
    ["ConfigurationIssue", "CurrentProfileName", "HasMembers", "IsOnline", "IsRegistered"]
)
"""Properties that change by themselves, and are no reason to begin anew."""


class Subject:
    """One object that a module brings into a state: how it is found, seen and written.

    Views are dicts in the words of the module's options, and never hold a secret.
    """

    noun = "object"

    @property
    def label(self) -> str:
        """Return what people call the object: ``ring group 801``."""
        raise NotImplementedError

    def find(self) -> dict[str, Any] | None:
        """Return the object as the API serves it, or None."""
        raise NotImplementedError

    def view(self, raw: dict[str, Any]) -> dict[str, Any]:
        """Return the object in the words of the module."""
        raise NotImplementedError

    def wanted(self, raw: dict[str, Any] | None) -> dict[str, Any]:
        """Return what was asked for, checked and in the words of a view."""
        raise NotImplementedError

    def write(self, raw: dict[str, Any], wanted: dict[str, Any], differing: list[str]) -> None:
        """Write what differs."""
        raise NotImplementedError

    def create(self, wanted: dict[str, Any]) -> None:
        """Make the object."""
        raise NotImplementedError

    def delete(self, raw: dict[str, Any]) -> None:
        """Delete the object."""
        raise NotImplementedError

    def still_needed_by(self, raw: dict[str, Any]) -> list[str]:
        """Return what would break without the object, in words."""
        return []

    def id_of(self, raw: dict[str, Any]) -> Any:
        """Return the object's key."""
        return raw.get("Id")


def settle(subject: Subject, check_mode: object) -> dict[str, Any]:
    """Bring an object into the state that was asked for, and return the module's result."""
    raw = subject.find()
    for _attempt in range(_ATTEMPTS):
        wanted = subject.wanted(raw)
        before = None if raw is None else subject.view(raw)
        differing = [name for name, value in wanted.items() if (before or {}).get(name) != value]
        if before is not None and not differing:
            return _result(subject, raw, before, before)
        after = dict(before or {}, **wanted)
        if check_mode:
            return _result(subject, raw, before, after)
        fresh = subject.find()
        if _steady(fresh) == _steady(raw):
            if raw is None:
                subject.create(wanted)
            else:
                subject.write(fresh, wanted, differing)
            return _read_back(subject, wanted, before)
        raw = fresh
    raise ThreeCxError(
        f"Somebody else keeps changing {subject.label} on the PBX, so nothing was written. "
        "Run the task again when they are done.",
        "lost_update",
    )


def bring(subject: Subject, module: AnsibleModule) -> dict[str, Any]:
    """Do what the option ``state`` of a module says."""
    act = remove if module.params["state"] == "absent" else settle
    return act(subject, module.check_mode)


def remove(subject: Subject, check_mode: object) -> dict[str, Any]:
    """Delete an object that nothing needs any more, and return the module's result."""
    raw = subject.find()
    if raw is None:
        return _result(subject, None, None, None)
    before = subject.view(raw)
    users = subject.still_needed_by(raw)
    if users:
        raise ThreeCxError(
            f"{_capital(subject.label)} is not deleted: {'; '.join(users)}. "
            "Route these elsewhere first.",
            "still_needed",
            needed_by=users,
        )
    if not check_mode:
        if _steady(subject.find()) != _steady(raw):
            raise ThreeCxError(
                f"Somebody else changed {subject.label} just now, so it was not deleted. "
                "Look at it, and run the task again.",
                "lost_update",
            )
        subject.delete(raw)
        if subject.find() is not None:
            raise ThreeCxError(
                f"The PBX said that {subject.label} was deleted, but still has it.", "not_kept"
            )
    return _result(subject, raw, before, None)


def _read_back(
    subject: Subject, wanted: dict[str, Any], before: dict[str, Any] | None
) -> dict[str, Any]:
    raw = subject.find()
    if raw is None:
        raise ThreeCxError(f"The PBX took {subject.label}, but does not have it.", "not_kept")
    after = subject.view(raw)
    lost = [name for name, value in wanted.items() if after.get(name) != value]
    if lost:
        told = "; ".join(
            f"{name} is {json.dumps(after.get(name))}, not {json.dumps(wanted[name])}"
            for name in lost
        )
        raise ThreeCxError(
            f"The PBX took the change of {subject.label}, but did not keep it: {told}. "
            "Look at this object in its Admin console.",
            "not_kept",
            before=before,
            after=after,
            changed=True,
        )
    return _result(subject, raw, before, after)


def _steady(raw: dict[str, Any] | None) -> dict[str, Any] | None:
    if raw is None:
        return None
    return {name: value for name, value in raw.items() if name not in VOLATILE}


def _result(
    subject: Subject,
    raw: dict[str, Any] | None,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> dict[str, Any]:
    return {
        "changed": before != after,
        "id": None if raw is None else subject.id_of(raw),
        "before": before or {},
        "after": after or {},
        "diff": {
            "before_header": subject.label,
            "after_header": subject.label,
            "before": before or {},
            "after": after or {},
        },
    }


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
