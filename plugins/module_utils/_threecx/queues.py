# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queues."""

from __future__ import annotations

from typing import Sequence

from . import members
from .fields import Field, text, word
from .numbered import Numbered

STRATEGIES = {
    "hunt": "Hunt",
    "ring_all": "RingAll",
    "hunt_random_start": "HuntRandomStart",
    "next_agent": "NextAgent",
    "longest_waiting": "LongestWaiting",
    "least_talk_time": "LeastTalkTime",
    "fewest_answered": "FewestAnswered",
    "hunt_by_threes": "HuntBy3s",
    "first_three_available": "First3Available",
}


class Queue(Numbered):
    """A queue by its number."""

    noun = "queue"
    kind = "queue"
    entity = "Queues"
    expand = ("Agents",)
    own = ("PollingStrategy", "RingTimeout", "MasterTimeout", "MaxCallersInQueue")

    @property
    def fields(self) -> Sequence[Field]:
        return [
            text("name", "Name"),
            word("strategy", "PollingStrategy", STRATEGIES),
            Field("ring_time_s", "RingTimeout"),
            Field("max_wait_s", "MasterTimeout"),
            Field("max_callers", "MaxCallersInQueue"),
            members.field(self.directory, "agents", "Agents"),
            *self.routes,
        ]
