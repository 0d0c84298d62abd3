# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done with a trunk: registering it anew, analysing it, calling over it."""

from __future__ import annotations

import time
from typing import Any, Mapping

from .client import Client
from .directory import Directory, trunk_name
from .errors import ThreeCxError
from .numbers import dialled

_POLL_S = 1.0
_WITHOUT_REGISTRATION = "Nothing"


def act(client: Client, params: Mapping[str, Any], check_mode: object) -> dict[str, Any]:
    """Carry out the action of a module's options, and return its result."""
    trunk = Directory(client).trunk(params["name"], "name")
    action = params["action"]
    if action == "refresh":
        return _refresh(client, trunk, params["wait_online_s"], check_mode)
    if action == "analyse":
        answer = client.post(f"Trunks({trunk['Id']})/Pbx.RunAnalysis")
        return _told(client, trunk, answer.get("value") or [], changed=False)
    body = None
    if action == "test_outbound":
        number = dialled(params["destination"], "destination")
        body = {"contact": params["caller"], "destination": number}
    if check_mode:
        return _told(client, trunk, [], changed=True)
    name = "TestOutboundCall" if action == "test_outbound" else "TestInboundCall"
    answer = client.post(f"Trunks({trunk['Id']})/Pbx.{name}", body)
    result = _told(client, trunk, answer.get("Reports") or [], changed=True)
    return dict(result, log=[one.get("Text") for one in answer.get("Log") or []])


def _refresh(
    client: Client, trunk: dict[str, Any], wait_s: int, check_mode: object
) -> dict[str, Any]:
    result = {"changed": True, "id": trunk["Id"]}
    if check_mode:
        return dict(result, online=_online(client, trunk))
    client.post("Trunks/Pbx.RefreshRegistration", {"id": trunk["Id"]})
    deadline = time.monotonic() + wait_s
    online = _online(client, trunk)
    while online is False and time.monotonic() < deadline:
        time.sleep(_POLL_S)
        online = _online(client, trunk)
    if online is False and wait_s:
        raise ThreeCxError(
            f"Trunk {trunk_name(trunk)} was registered anew, but is not online after {wait_s} s. "
            "Look at the line to its operator, and have it analysed with the action analyse.",
            "not_online",
            **result,
            online=False,
        )
    return dict(result, online=online)


def _online(client: Client, trunk: dict[str, Any]) -> bool | None:
    """Tell whether a trunk is registered; None for one that does not register."""
    where = f"Id eq {trunk['Id']}"
    found = client.every("Trunks", ["Id", "IsOnline", "Gateway"], where=where)
    if not found:
        raise ThreeCxError(f"Trunk {trunk_name(trunk)} was deleted meanwhile.", "lost_update")
    if registers(found[0]):
        return bool(found[0].get("IsOnline"))
    return None


def registers(trunk: dict[str, Any]) -> bool:
    """Tell whether a trunk registers. One that is known by its address always counts as online."""
    gateway = trunk.get("Gateway") or {}
    return gateway.get("RequireRegistrationFor") != _WITHOUT_REGISTRATION


def _told(
    client: Client, trunk: dict[str, Any], reports: list[dict[str, Any]], changed: bool
) -> dict[str, Any]:
    told = [
        {"code": one.get("Code"), "level": one.get("Level"), "params": one.get("Params") or []}
        for one in reports
    ]
    return {
        "changed": changed,
        "id": trunk["Id"],
        "online": _online(client, trunk),
        "reports": told,
    }
