# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit finds what would lose a call on a dark site, in lists as the API serves them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.relais.continuity.plugins.module_utils._threecx.audit import audit

from tests.pbx import Pbx

Entities = dict[str, Any]
Edit = Callable[[Entities], object]
MOBILE = "+33199000101"
OPEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
EXPECTED: dict[str, Any] = {
    "vital_users": [{"extension": "101", "mobile": MOBILE}],
    "numbers": ["+33199000001"],
    "departments": ["Sales"],
    "forwarded_calls": 4,
    "emergency_numbers": ["112", "18"],
    "location": "cloud",
}


def to(kind: str, number: str = "", external: str = "") -> dict[str, str]:
    """Return a destination."""
    return {"To": kind, "Number": number, "External": external}


def outside(number: str = MOBILE) -> dict[str, str]:
    """Return a destination outside."""
    return to("External", external=number)


def user(number: str, target: dict[str, str]) -> Entities:
    """Return a user whose calls that nobody takes all go to one destination."""
    legs = [f"{leg}{side}" for leg in ("NotRegistered", "Busy", "NoAnswer") for side in SIDES]
    route = {leg: dict(target) for leg in legs}
    return {
        "Id": int(number),
        "Number": number,
        "Mobile": f"+33199000{number}",
        "Enabled": True,
        "Groups": [{"GroupId": 28}],
        "CurrentProfileName": "Available",
        "ForwardingProfiles": [
            {"Name": "Available", "AvailableRoute": route, "AwayRoute": None},
            {
                "Name": "Away",
                "AvailableRoute": None,
                "AwayRoute": {"Internal": to("VoiceMail", number), "External": outside()},
            },
        ],
    }


SIDES = ("Internal", "External")


def trunk(place: int, name: str) -> Entities:
    """Return a trunk with ten channels."""
    return {
        "Id": place,
        "Number": str(10000 + place),
        "IsOnline": True,
        "Direction": "Both",
        "SimultaneousCalls": 10,
        "DidNumbers": [f"+3319900000{place}"],
        "Gateway": {"Name": name, "Host": f"sip.{name.lower()}.example"},
    }


def rule(name: str, prefix: str, emergency: bool = False) -> Entities:
    """Return an outbound rule over both trunks, padded to five as the API does."""
    routes = [{"TrunkId": place} for place in (1, 2)] + [{"TrunkId": -1}] * 3
    return {
        "Name": name,
        "Prefix": prefix,
        "NumberLengthRanges": "",
        "GroupIds": [],
        "DNRanges": [],
        "Priority": 1,
        "EmergencyRule": emergency,
        "Routes": [dict(one) for one in routes],
    }


@pytest.fixture
def sound() -> Entities:
    """Return the entities of a small PBX with which nothing is wrong."""
    route = {"Route": outside()}
    return copy.deepcopy(
        {
            "Users": [user("101", outside()), user("102", to("VoiceMail", "102"))],
            "Groups": [
                {"Id": 27, "Name": "DEFAULT", "IsDefault": True},
                {"Id": 28, "Name": "Sales", "OutOfOfficeRoute": route},
            ],
            "RingGroups": [
                {
                    "Id": 1,
                    "Number": "800",
                    "Groups": [{"GroupId": 28}],
                    "ForwardNoAnswer": outside(),
                }
            ],
            "Queues": [
                {
                    "Id": 2,
                    "Number": "801",
                    "Groups": [{"GroupId": 28}],
                    "ForwardNoAnswer": to("RingGroup", "800"),
                }
            ],
            "Receptionists": [],
            "InboundRules": [
                {
                    "Id": 3,
                    "RuleName": "Front",
                    "Condition": "BasedOnDID",
                    "Data": "+33199000001",
                    "TrunkDN": {"Id": 1, "Number": "10001"},
                    "OfficeHoursDestination": to("Queue", "801"),
                    "AlterDestinationDuringOutOfOfficeHours": True,
                    "OutOfOfficeHoursDestination": outside(),
                    "AlterDestinationDuringHolidays": False,
                    "HolidaysDestination": to("None"),
                }
            ],
            "OutboundRules": [rule("All", "0,+")],
            "EmergencyOutboundRules": [rule("Rescue", "112,15,17-18", emergency=True)],
            "Trunks": [trunk(1, "Alpha"), trunk(2, "Beta")],
            "GeneralSettingsForPbx": {"AllowFwdToExternal": True},
            "SystemStatus": {"MaxSimCalls": 16},
        }
    )


def test_a_sound_pbx_has_no_findings(sound: Entities) -> None:
    assert audit(sound, EXPECTED) == []


def leg(name: str, value: dict[str, str], who: int = 0) -> Edit:
    """Return an edit of one leg of a user."""

    def edit(pbx: Entities) -> None:
        pbx["Users"][who]["ForwardingProfiles"][0]["AvailableRoute"][name] = value

    return edit


def field(path: str, value: Any) -> Edit:
    """Return an edit of one value, by a path such as Users.0.Mobile."""

    def edit(pbx: Entities) -> None:
        *way, last = path.split(".")
        where: Any = pbx
        for step in way:
            where = where[int(step) if step.isdigit() else step]
        where[int(last) if last.isdigit() else last] = value

    return edit


def all_legs(value: dict[str, str], who: int = 0) -> Edit:
    """Return an edit of every leg of a user."""

    def edit(pbx: Entities) -> None:
        route = pbx["Users"][who]["ForwardingProfiles"][0]["AvailableRoute"]
        route.update({name: dict(value) for name in route})

    return edit


def at_one_host(pbx: Entities) -> None:
    """Have the rule go over two trunks that are at the host of the first."""
    gateway = {"Name": "Alpha 2", "Host": "SIP.alpha.example"}
    pbx["Trunks"].append({**trunk(3, "Alpha"), "Gateway": gateway})
    pbx["OutboundRules"][0]["Routes"] = [{"TrunkId": 1}, {"TrunkId": 3}]


CASES: list[tuple[str, Edit, str, str]] = [
    # vital users
    ("vital user gone", field("Users.0.Number", "109"),
     "error vital_user extension 101", "is vital and does not exist on the PBX"),
    ("vital user disabled", field("Users.0.Enabled", False),
     "error vital_user extension 101", "disabled"),
    ("no mobile", field("Users.0.Mobile", ""),
     "error mobile extension 101", "has no mobile number"),
    ("mobile that cannot be dialled", field("Users.0.Mobile", "ask Bob"),
     "error mobile extension 101", "has the mobile ask Bob, which no trunk can dial"),
    ("mobile of last year", field("Users.0.Mobile", "+33199000109"),
     "error mobile extension 101", "and the inventory says +33199000101"),
    ("busy to voicemail", leg("BusyExternal", to("VoiceMail", "101")),
     "error vital_user extension 101",
     "sends calls (busy, external call) in the voicemail of 101"),
    ("unregistered to nobody", leg("NotRegisteredInternal", to("None")),
     "error vital_user extension 101", "(not registered, internal call) with nobody"),
    ("away profile that ends in voicemail", field("Users.0.CurrentProfileName", "Away"),
     "error vital_user extension 101", "(all calls from internal) in the voicemail of 101"),
    ("app at home only", field("Users.0.AllowLanOnly", True),
     "warning softphone extension 101", "from the local network only"),
    ("app without tunnel", field("Users.0.BlockTunnel", True),
     "warning softphone extension 101", "from the local network only"),
    ("internal calls only", field("Users.0.Internal", True),
     "error internal_only extension 101", "may make internal calls only"),
    # forwards
    ("no rule for the number", field("OutboundRules.0.Prefix", "0"),
     "error way_out extension 101", "which matches no outbound rule"),
    ("rule of another department", field("OutboundRules.0.GroupIds", [27]),
     "error way_out extension 101", "its department may not use the outbound rule All"),
    ("rule of other extensions", field("OutboundRules.0.DNRanges", [{"From": "200", "To": "299"}]),
     "error way_out extension 101", "its department may not use the outbound rule All"),
    ("rule without trunks", field("OutboundRules.0.Routes", [{"TrunkId": -1}] * 5),
     "error way_out extension 101", "which the outbound rule All blocks"),
    ("number of another length", field("OutboundRules.0.NumberLengthRanges", "9-10"),
     "error way_out extension 101", "which matches no outbound rule"),
    ("back into the PBX", field("Users.0.ForwardingProfiles.0.AvailableRoute.BusyExternal",
     outside("+33199000002")), "error way_out extension 101", "so that the call comes back"),
    ("words for a number", leg("NoAnswerExternal", outside("mobile of Bob"), who=1),
     "error way_out extension 102", "which no trunk can dial (no answer, external call)"),
    ("forward to nobody", leg("NoAnswerExternal", to("Extension", "666"), who=1),
     "error missing extension 102", "at extension 666, which does not exist"),
    ("loop of two groups", field("RingGroups.0.ForwardNoAnswer", to("Queue", "801")),
     "error loop queue 801 and ring group 800", "goes round in a circle"),
    ("loop of a group", field("RingGroups.0.ForwardNoAnswer", to("RingGroup", "800")),
     "error loop ring group 800", "goes round in a circle"),
    ("loop of users", all_legs(to("Extension", "101")),
     "error loop extension 101", "goes round in a circle"),
    # numbers
    ("number of no trunk", field("Trunks.0.DidNumbers", []),
     "error number number +33199000001", "is on no trunk of the PBX"),
    ("rule that never fires", field("Trunks.0.DidNumbers", []),
     "error did inbound rule Front", "is not among the numbers of trunk Alpha"),
    ("number without a rule", field("InboundRules", []),
     "error number number +33199000001", "has no inbound rule"),
    ("number at a group that ends in voicemail",
     field("RingGroups.0.ForwardNoAnswer", to("VoiceMail", "101")),
     "error number number +33199000001",
     "ends in the voicemail of 101 by way of queue 801, ring group 800 (on a dark site)"),
    ("closed to voicemail",
     field("InboundRules.0.OutOfOfficeHoursDestination", to("VoiceMail", "101")),
     "error number number +33199000001", "ends in the voicemail of 101 (out of office)"),
    ("closed group to voicemail", lambda pbx: (
        field("InboundRules.0.OutOfOfficeHoursDestination", to("Queue", "801"))(pbx),
        field("Queues.0.OutOfOfficeRoute", {"Route": to("VoiceMail", "102")})(pbx)),
     "error number number +33199000001",
     "ends in the voicemail of 102 by way of queue 801 (out of office)"),
    ("department that the switch does not help", field("Groups.1.OutOfOfficeRoute", None),
     "error department department Sales", "ends with nobody once it is switched to closed"),
    ("department gone", field("Groups.1.Name", "Vente"),
     "error department department Sales", "does not exist on the PBX"),
    # lines
    ("forwarding forbidden", field("GeneralSettingsForPbx.AllowFwdToExternal", False),
     "error forwarding the PBX", "lets no call be forwarded"),
    ("closed means silent",
     field("GeneralSettingsForPbx.DisableOutboundCallsOutOfficeHours", True),
     "error forwarding the PBX", "makes no outbound call when closed"),
    ("rule of one trunk", field("OutboundRules.0.Routes", [{"TrunkId": 1}, {"TrunkId": -1}]),
     "error trunks outbound rule All", "has one trunk, Alpha"),
    ("trunk that is gone", field("OutboundRules.0.Routes", [{"TrunkId": 1}, {"TrunkId": 7}]),
     "error trunks outbound rule All", "has one trunk, Alpha"),
    ("two trunks at one host", at_one_host,
     "error trunks outbound rule All", "has trunks at one host, sip.alpha.example: Alpha, Alpha 2"),
    ("trunk for calls from outside only", field("Trunks.1.Direction", "Inbound"),
     "error trunks outbound rule All", "leads over Beta, which is for calls from outside"),
    ("one trunk in all", lambda pbx: pbx["Trunks"].pop(),
     "warning trunks the PBX", "has trunks at one host only"),
    ("few channels", lambda pbx: [one.update(SimultaneousCalls=3) for one in pbx["Trunks"]],
     "error channels the trunks", "carry 6 calls at once, and 4 forwarded calls need 8 channels"),
    ("few channels when one trunk fails", field("Trunks.1.SimultaneousCalls", 4),
     "warning channels trunk Alpha", "leaves 4 channels to the others when it fails"),
    ("small licence", field("SystemStatus.MaxSimCalls", 3),
     "error channels the licence", "allows 3 calls at once"),
    ("licence for one leg each", field("SystemStatus.MaxSimCalls", 4),
     "warning channels the licence", "may count as 8"),
    # emergency
    ("no emergency rule", field("EmergencyOutboundRules", []),
     "error emergency the PBX", "has no rule for emergency numbers"),
    ("number in no emergency rule", field("EmergencyOutboundRules.0.Prefix", "112,15,17"),
     "error emergency emergency number 18", "is in no emergency rule"),
    ("emergency for some", field("EmergencyOutboundRules.0.GroupIds", [28]),
     "error emergency emergency rule Rescue", "is not for everybody"),
    ("emergency blocked", field("EmergencyOutboundRules.0.Routes", [{"TrunkId": -1}]),
     "error emergency emergency rule Rescue", "has no trunk, which blocks the number"),
    ("emergency over one trunk", field("EmergencyOutboundRules.0.Routes", [{"TrunkId": 2}]),
     "error trunks emergency rule Rescue", "has one trunk, Beta"),
    ("emergency number changed",
     field("EmergencyOutboundRules.0.Routes.1", {"TrunkId": 2, "StripDigits": 0, "Prepend": "+33"}),
     "warning emergency emergency rule Rescue", "changes the number over Beta: +33 is added"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("edit", "which", "message"), [pytest.param(*case[1:], id=case[0]) for case in CASES]
)
def test_what_would_lose_a_call_is_found(
    sound: Entities, edit: Edit, which: str, message: str
) -> None:
    edit(sound)
    found = {
        f"{one['severity']} {one['check']} {one['object']}": one
        for one in audit(sound, EXPECTED)
        if message in one["message"]
    }
    assert which in found, audit(sound, EXPECTED)
    assert found[which]["remedy"]


ON_SITE = {**EXPECTED, "location": "onsite"}
FORWARD = {"to": MOBILE, "numbers": ["+33199000001"], "tested_on": "2026-10-05"}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, ["is on the site and dark with it: no call reaches it then, and it forwards none"]),
        ({"carrier_forward": FORWARD}, []),
        ({"carrier_forward": {**FORWARD, "to": "Bob"}}, ["goes to Bob, no number to dial"]),
        (
            {"carrier_forward": {**FORWARD, "tested_on": None}},
            ["was never tried, by the inventory"],
        ),
        ({"own_path_trunks": ["Beta"]}, []),
        (
            {"own_path_trunks": ["Gamma"]},
            ["has no trunk with a path of its own, and goes dark with the site's lines"] * 2,
        ),
    ],
)
def test_a_pbx_on_the_site_is_not_called_covered_without_somebody_else(
    sound: Entities, more: dict[str, Any], told: list[str]
) -> None:
    assert [one["message"] for one in audit(sound, {**ON_SITE, **more})] == told


def test_without_expectations_only_what_is_wrong_by_itself_is_told(sound: Entities) -> None:
    field("Users.0.Mobile", "")(sound)
    assert audit(sound, {}) == []
    field("OutboundRules.0.GroupIds", [27])(sound)
    assert {one["check"] for one in audit(sound, {})} == {"way_out"}


def test_the_same_thing_is_told_once_and_nothing_is_changed(sound: Entities) -> None:
    field("RingGroups.0.ForwardNoAnswer", to("Queue", "801"))(sound)
    before = copy.deepcopy(sound)
    found = audit(sound, EXPECTED)
    assert [one["check"] for one in found].count("loop") == 1
    assert sound == before


def test_a_closed_menu_is_followed_to_where_its_time_runs_out(sound: Entities) -> None:
    menu = {"Number": "802", "TimeoutForwardType": "RingGroup", "TimeoutForwardDN": "800"}
    sound["Receptionists"].append({"Id": 9, "Groups": [{"GroupId": 28}], **menu})
    field("InboundRules.0.OfficeHoursDestination", to("IVR", "802"))(sound)
    assert audit(sound, EXPECTED) == []
    sound["Receptionists"][0]["TimeoutForwardType"] = "RepeatPrompt"
    told = [one["message"] for one in audit(sound, EXPECTED)]
    assert told == ["ends with nobody by way of IVR 802 (on a dark site)"]


def served(pbx: Pbx) -> Entities:
    """Return the entities of a double as the API serves them: emergency rules apart."""
    found = copy.deepcopy(dict(pbx.state.items()))
    rules = found.pop("OutboundRules")
    for name, wanted in (("OutboundRules", False), ("EmergencyOutboundRules", True)):
        found[name] = [one for one in rules if bool(one["EmergencyRule"]) is wanted]
    return found


def test_a_firm_without_a_fallback_is_told_all_that_it_lacks() -> None:
    expected = {
        "vital_users": [{"extension": "100"}],
        "numbers": ["+33199000001", "+33199000002"],
        "departments": ["Reception"],
        "forwarded_calls": 4,
        "emergency_numbers": ["112"],
    }
    found = audit(served(Pbx()), expected)
    assert {(one["check"], one["object"]) for one in found if one["severity"] == "error"} == {
        ("vital_user", "extension 100"),
        ("number", "number +33199000001"),
        ("number", "number +33199000002"),
        ("department", "department Reception"),
        ("trunks", "emergency rule Emergency"),
        ("trunks", "outbound rule National"),
        ("trunks", "outbound rule International"),
    }


@pytest.mark.parametrize("number", ["+33199000001", "+33199000002", "+33199000003"])
@pytest.mark.parametrize("fallback", [to("VoiceMail", "100"), outside("+33199000100"), to("None")])
def test_the_audit_and_the_oracle_agree_on_who_a_number_ends_at(
    number: str, fallback: dict[str, str]
) -> None:
    pbx = Pbx()
    for name in ("RingGroups", "Queues"):
        for one in pbx.state[name]:
            one["ForwardNoAnswer"].update(fallback)
    found = audit(served(pbx), {"numbers": [number]})
    lost = any("on a dark site" in one["message"] for one in found if one["check"] == "number")
    ends = pbx.oracle.call(number, dark={"*"}, at=OPEN).ends
    assert (ends.kind != "external") == lost, str(ends)
