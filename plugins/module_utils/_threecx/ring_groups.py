# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ring groups."""

from __future__ import annotations

from typing import Sequence

from . import members
from .fields import Field, text, word
from .numbered import Numbered

STRATEGIES = {"hunt": "Hunt", "ring_all": "RingAll", "paging": "Paging"}


class RingGroup(Numbered):
    """A ring group by its number."""

    noun = "ring group"
    kind = "ring_group"
    entity = "RingGroups"
    expand = ("Members",)
    own = ("RingStrategy", "RingTime")

    @property
    def fields(self) -> Sequence[Field]:
        return [
            text("name", "Name"),
            word("strategy", "RingStrategy", STRATEGIES),
            Field("ring_time_s", "RingTime"),
            members.field(self.directory, "members", "Members"),
            *self.routes,
        ]
