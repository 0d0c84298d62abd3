# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told to the person who reads it, and what the API's own error bodies say."""

from __future__ import annotations

import json
from typing import Any


class ThreeCxError(Exception):
    """A sentence that says what is wrong and what to do; ``facts`` go to the module's result."""

    def __init__(self, message: str, code: str, **facts: Any) -> None:
        super().__init__(message)
        self.code = code
        self.facts = facts


_MEANINGS = {
    "ALREADY_IN_USE": "is used by another object already",
    "NOT_FOUND": "names an object that does not exist",
    "DUPLICATE": "exists already",
    "FILE_NOT_FOUND": "names a file that the PBX does not have",
    "GROUP_WITH_MEMBERS_CANNOT_BE_DELETED": "still has members",
}


def told_by_pbx(text: str) -> str:
    """Return in words what the body of a refusal says: ``Number is used by another object ...``."""
    try:
        error = json.loads(text)["error"]
        details = error.get("details") or []
        said = "; ".join(_detail(one) for one in details) or str(error.get("message") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return "it gives no reason"
    if "delta field is required" in said:
        # How the API refuses a body in which it does not know a property.
        return "it does not know a property that was sent, or its value"
    return " ".join(said.split()).rstrip(".") or "it gives no reason"


def _detail(detail: dict[str, Any]) -> str:
    message = str(detail.get("message") or "")
    words = _MEANINGS.get(message.rpartition(".")[2], message)
    return f"{detail.get('target') or ''} {words}".strip()
