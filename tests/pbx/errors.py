# SPDX-License-Identifier: GPL-3.0-or-later
"""Refusals of the API, in the shapes that a real PBX answers with."""

from __future__ import annotations

from typing import Any

ALREADY_IN_USE = "WARNINGS.XAPI.ALREADY_IN_USE"
DUPLICATE = "WARNINGS.XAPI.DUPLICATE"
NOT_FOUND = "WARNINGS.XAPI.NOT_FOUND"
GROUP_HAS_MEMBERS = "WARNINGS.XAPI.GROUP_WITH_MEMBERS_CANNOT_BE_DELETED"
# The two below have not been seen on a real PBX: what it says of a missing or bad value is unknown.
REQUIRED = "WARNINGS.XAPI.REQUIRED"
INVALID = "WARNINGS.XAPI.INVALID"


class ApiError(Exception):
    """An answer that is not a success; `body` is None where the PBX sends none."""

    def __init__(
        self, status: int, body: Any = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.headers = headers or {}


def plain(status: int, message: str) -> ApiError:
    """Return a refusal with a message and nothing else."""
    return ApiError(status, {"error": {"code": "", "message": message, "details": []}})


def refused(target: str, message: str) -> ApiError:
    """Return what the PBX answers when it does not like a value of a property."""
    detail = {"code": "", "message": message, "target": target}
    body = {"code": "", "message": f"{target}:\n{message}", "details": [detail]}
    return ApiError(400, {"error": body})


def unbindable() -> ApiError:
    """Return the misleading answer to a body with a property that the PBX does not know."""
    detail = {"code": "", "message": "The delta field is required.", "target": "delta"}
    body = {"code": "", "message": "delta:\nThe delta field is required.", "details": [detail]}
    return ApiError(400, {"error": body})
