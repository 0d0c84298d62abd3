# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Private to the relais.continuity collection: do not import it from elsewhere.
"""From what Ansible hands over (tagged, lazy, unsafe values) to plain Python data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

from .problems import Place


def to_plain(container: Any, key: Any, place: Place) -> Any:
    """Return a deep copy of an item, made of plain str, int, float, bool, None, list and dict only.

    Ansible's own values are subclasses of the plain types, or containers that template an item
    when it is read. An item that cannot be templated is reported at its place and is `INVALID` in
    the copy. Values of other types (a date, say) stay as they are, for a reader to refuse.
    """
    try:
        return _plain(container[key], place)
    # Templating raises errors of many kinds; whichever, the user wants to know where.
    except Exception as error:
        reason = " ".join(str(error).split())
        return place.wrong(f"cannot be evaluated ({reason})", "correct its template")


def _plain(value: Any, place: Place) -> Any:
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
        return {key: to_plain(value, key, place.key(str(key))) for key in map(_key, list(value))}
    if isinstance(value, Set):
        value = sorted(value, key=str)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return [to_plain(value, index, place.item(index)) for index in range(len(value))]
    # What Ansible could not evaluate raises its error here, when it is looked at.
    str(value)
    return value


def _key(key: Any) -> Any:
    return str.__str__(key) if isinstance(key, str) else key
