# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Private to the relais.continuity collection: do not import it from elsewhere.
"""From what Ansible hands over (tagged, lazy, unsafe values) to plain Python data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any


def to_plain(value: Any) -> Any:
    """Return a deep copy made of plain str, int, float, bool, None, list and dict only.

    Ansible's own values are subclasses of the plain types or lazy containers that template an
    item when it is read. Anything else (a date, say) is returned as it is, for a reader to refuse.
    """
    if value is None or isinstance(value, bool):
        return value
    # Called on the plain type, these leave the subclass behind.
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, Mapping):
        return {to_plain(key): to_plain(value[key]) for key in list(value)}
    if isinstance(value, (Sequence, Set)) and not isinstance(value, (bytes, bytearray)):
        return [to_plain(item) for item in value]
    return value
