# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an audit finds: each thing once, for people and for programs."""

from __future__ import annotations

ERROR, WARNING = "error", "warning"


class Findings:
    """The findings so far, in their order."""

    def __init__(self) -> None:
        self.found: list[dict[str, str]] = []

    def error(self, check: str, what: str, message: str, remedy: str) -> None:
        """Note something by which a call would be lost."""
        self._add(check, ERROR, what, message, remedy)

    def warning(self, check: str, what: str, message: str, remedy: str) -> None:
        """Note something that makes it worse."""
        self._add(check, WARNING, what, message, remedy)

    def _add(self, check: str, severity: str, what: str, message: str, remedy: str) -> None:
        finding = {
            "check": check,
            "severity": severity,
            "object": what,
            "message": message,
            "remedy": remedy,
        }
        if finding not in self.found:
            self.found.append(finding)
