# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Telephone numbers as people write them and as a PBX dials them."""

from __future__ import annotations

import re

from .errors import ThreeCxError

_SEPARATORS = re.compile(r"[\s./\u00a0\u202f-]+")
_DIALLED = re.compile(r"\+?[0-9*#]{2,}")


def plain(number: str) -> str:
    """Return a number without what people put between its digits."""
    return _SEPARATORS.sub("", number)


def dialled(number: str, where: str) -> str:
    """Return a number as it is dialled. Refuses what is none, and the zero in brackets."""
    digits = plain(number)
    if "(0)" in digits:
        raise ThreeCxError(
            f"{where}: in {number} the zero in brackets is dialled from abroad or not at all; "
            "write the number as the PBX must dial it, for example +33199000001.",
            "number",
        )
    if not _DIALLED.fullmatch(digits):
        raise ThreeCxError(
            f"{where}: {number!r} is no telephone number; write digits as the PBX must dial them, "
            "for example +33199000001.",
            "number",
        )
    return digits
