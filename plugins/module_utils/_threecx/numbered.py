# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ring groups and queues have in common: a number, routes, and calls that lead to them."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from . import odata
from .client import Client
from .destinations import Destinations
from .directory import Directory, meant
from .errors import ThreeCxError
from .fields import Field, FieldSubject, body
from .numbers import plain
from .references import routes_to

ROUTES = ("ForwardNoAnswer", "OutOfOfficeRoute", "BreakRoute", "HolidaysRoute")


class Numbered(FieldSubject):
    """A ring group or queue. It is made when it is missing and has a name."""

    kind = ""
    own: Sequence[str] = ()

    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        super().__init__(client, params)
        self.directory = Directory(client)
        self.number = plain(params["number"])
        self.destinations = Destinations(self.directory, itself=(self.kind, self.number))

    @property
    def label(self) -> str:
        return f"{self.noun} {self.number}"

    @property
    def routes(self) -> list[Field]:
        """Return the fields of where calls go that nobody takes."""
        return [
            self.destinations.field("no_answer", "ForwardNoAnswer"),
            self.destinations.route("out_of_office", "OutOfOfficeRoute"),
            self.destinations.route("break_time", "BreakRoute"),
            self.destinations.route("holidays", "HolidaysRoute"),
        ]

    def find(self) -> dict[str, Any] | None:
        select = ["Id", "Number", "Name", *ROUTES, *self.own]
        found = self.client.every(self.entity, select, self.expand, odata.by_number(self.number))
        return found[0] if found else None

    def wanted(self, raw: dict[str, Any] | None) -> dict[str, Any]:
        if raw is None and not self.params.get("name"):
            known = [one["Number"] for one in self.client.every(self.entity, ["Id", "Number"])]
            raise ThreeCxError(
                f"The PBX has no {self.label}; {meant(self.number, known)} "
                "Give it a name to have it made.",
                "unknown_number",
            )
        return super().wanted(raw)

    def create(self, wanted: dict[str, Any]) -> None:
        # one request makes it whole, so that it is never there without where its calls go
        known = {"Number": self.number}
        self.client.post(self.entity, dict(known, **body(self.fields, {}, wanted, list(wanted))))

    def still_needed_by(self, raw: dict[str, Any]) -> list[str]:
        return routes_to(self.client, self.kind, self.number)
