# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trunks: how they register, from which address, and how many calls they carry."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from .client import Client
from .directory import Directory, trunk_name
from .errors import ThreeCxError
from .fields import Field, FieldSubject, text, word
from .numbers import plain

TRANSPORTS = {"any": "Any", "udp": "UDP", "tcp": "TCP", "tls": "TLS"}
CONTACTS = {
    "external": "External",
    "internal": "Internal",
    "both": "Both",
    "specified": "Specified",
}
_SELECT = (
    "Id",
    "Number",
    "Gateway",
    "DidNumbers",
    "PublicIPinSIP",
    "SecondaryRegistrar",
    "SimultaneousCalls",
    "TransportRestriction",
)


class Trunk(FieldSubject):
    """A trunk by the name of its gateway. Trunks are made from a provider's template, not here."""

    noun = "trunk"
    entity = "Trunks"

    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        super().__init__(client, params)
        self.found = Directory(client).trunk(params["name"], "name")

    @property
    def label(self) -> str:
        return f"trunk {trunk_name(self.found)}"

    @property
    def fields(self) -> Sequence[Field]:
        return [
            Field("registration_interval_s", "Gateway.TimeBetweenReg"),
            text("registrar", "Gateway.Host"),
            text("secondary_registrar", "SecondaryRegistrar"),
            word("contact_address", "Gateway.IPInRegistrationContact", CONTACTS),
            text("contact_ip", "Gateway.SpecifiedIPForRegistrationContact"),
            word("transport", "TransportRestriction", TRANSPORTS),
            text("public_ip", "PublicIPinSIP"),
            Field("simultaneous_calls", "SimultaneousCalls"),
            Field(
                "dids",
                "DidNumbers",
                lambda value: sorted(value or []),
                check=lambda value: sorted({plain(one) for one in value}),
            ),
        ]

    def find(self) -> dict[str, Any]:
        where = f"Id eq {self.found['Id']}"
        found = self.client.every("Trunks", _SELECT, where=where)
        if not found:
            raise ThreeCxError(f"{self.label} was deleted meanwhile.", "lost_update")
        return found[0]

    def wanted(self, raw: dict[str, Any] | None) -> dict[str, Any]:
        wanted = super().wanted(raw)
        seen = dict(self.view(raw), **wanted)
        if seen["contact_address"] == "specified" and not seen["contact_ip"]:
            raise ThreeCxError(
                "contact_ip: contact_address specified needs an address.", "incomplete"
            )
        return wanted
