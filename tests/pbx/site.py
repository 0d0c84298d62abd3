# SPDX-License-Identifier: GPL-3.0-or-later
"""The made-up firm of the default PBX: 45 people, two operators, and no fallback yet.

Unanswered calls go to voicemail, and every outbound rule knows one trunk only.
"""

from __future__ import annotations

from .clock import written
from .model import blank
from .state import Entity, State
from .writes.people import give_secrets, new_profiles

# Department, how many work there, from which extension on: 112 is the emergency number.
DEPARTMENTS = (
    ("Reception", 3, 100),
    ("Management", 4, 108),
    ("Accounting", 12, 120),
    ("Legal", 14, 140),
    ("Support", 12, 160),
)
_FIRST = (
    "Alice", "Bruno", "Chloe", "David", "Emma", "Farid", "Gaelle", "Hugo", "Ines", "Jules",
    "Karim", "Lea", "Marc", "Nora", "Oscar",
)  # fmt: skip
_LAST = ("Martin", "Durand", "Petit")
DIDS_A = ("+33199000001", "+33199000002")
DIDS_B = ("+33199000003",)
RECEPTION, SUPPORT = "800", "801"
_WORKING_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
_PARIS = "28"


def fill(state: State) -> None:
    """Put the firm into an empty state."""
    _system(state)
    trunks = _trunks(state)
    groups = _departments(state)
    people = {
        name: [_user(state, groups[name], first + place) for place in range(count)]
        for name, count, first in DEPARTMENTS
    }
    _answering(state, groups, people)
    _rules(state, trunks, groups)
    state["EventLogs"] = []
    state.log("Info", 4100, "3CX PhoneSystem", "The system has started.")


def destination(state: State, to: str, number: str = "", external: str = "") -> Entity:
    """Return a destination as it is kept."""
    return blank("Destination", state.version, To=to, Number=number, External=external)


def _route(state: State, to: str, number: str = "") -> Entity:
    return {"IsPromptEnabled": False, "Prompt": "", "Route": destination(state, to, number)}


def _schedule(*periods: tuple[str, str]) -> Entity:
    return {
        "Type": "SpecificHours" if periods else "OfficeHours",
        "IgnoreHolidays": False,
        "Periods": [
            {"DayOfWeek": day, "Start": start, "Stop": stop}
            for day in _WORKING_DAYS
            for start, stop in periods
        ],
    }


def _member(group: Entity) -> Entity:
    role = {"RoleName": "users"}
    return {"GroupId": group["Id"], "Rights": role, "GroupRights": role}


def _departments(state: State) -> dict[str, Entity]:
    groups: dict[str, Entity] = {}
    for place, name in enumerate(("DEFAULT", *(name for name, _count, _first in DEPARTMENTS))):
        groups[name] = state.add(
            "Groups",
            Name=name,
            Number=f"GRP{place:04d}",
            IsDefault=name == "DEFAULT",
            Hours=_schedule(("08:30:00", "12:30:00"), ("13:30:00", "18:00:00")),
            BreakTime={"Type": "Never", "IgnoreHolidays": False, "Periods": []},
            OfficeRoute=_route(state, "None"),
            OutOfOfficeRoute=_route(state, "None"),
            BreakRoute=_route(state, "None"),
            HolidaysRoute=_route(state, "None"),
            CustomOperator=destination(state, "None"),
            TimeZoneId=_PARIS,
            Language="FR",
        )
    # The PBX keeps everybody's favourites in groups of its own, and lists them with the others.
    for number in ("100", "110"):
        state.add("Groups", Name=f"___FAVORITES___{number}", Number=f"___FAVORITES___{number}")
    return groups


def _user(state: State, group: Entity, extension: int) -> Entity:
    place = len(state.get("Users", []))
    number, first = str(extension), _FIRST[place % len(_FIRST)]
    last = _LAST[place // len(_FIRST)]
    user = state.add(
        "Users",
        Number=number,
        FirstName=first,
        LastName=last,
        EmailAddress=f"{first}.{last}@cabinet.example".lower(),
        Mobile=f"+33199000{extension}",
        IsRegistered=True,
        AuthID=f"auth{number}",
        PrimaryGroupId=group["Id"],
        Groups=[_member(group)],
        Hours=_schedule(),
        BreakTime={"Type": "Never", "IgnoreHolidays": False, "Periods": []},
    )
    user["ForwardingProfiles"] = new_profiles(state, number)
    user["Phones"] = [
        {
            "Id": state.next_id(),
            "Name": "desk phone",
            "MacAddress": f"00005E0053{place:02X}",
            "Interface": "192.0.2.10",
            "TemplateName": "phone.ph.xml",
            "ProvisioningLinkExt": f"https://pbx.example/provisioning/fake-secret-{number}",
            "ProvisioningLinkLocal": f"http://192.0.2.10/provisioning/fake-secret-{number}",
        }
    ]
    give_secrets(user)
    return user


def _answering(state: State, groups: dict[str, Entity], people: dict[str, list[Entity]]) -> None:
    desk, support = people["Reception"], people["Support"]
    closed = {
        name: _route(state, "VoiceMail", desk[0]["Number"])
        for name in ("OutOfOfficeRoute", "HolidaysRoute")
    } | {"BreakRoute": _route(state, "None")}
    state.add(
        "RingGroups",
        Number=RECEPTION,
        Name="Reception",
        RingStrategy="RingAll",
        RingTime=20,
        Members=[{"Number": user["Number"], "Id": user["Id"]} for user in desk],
        Groups=[_member(groups["Reception"])],
        ForwardNoAnswer=destination(state, "VoiceMail", desk[0]["Number"]),
        **closed,
    )
    state.add(
        "Queues",
        Number=SUPPORT,
        Name="Support",
        PollingStrategy="RingAll",
        RingTimeout=20,
        MasterTimeout=120,
        Agents=[{"Number": user["Number"], "Id": user["Id"]} for user in support[:6]],
        Managers=[{"Number": support[0]["Number"], "Id": support[0]["Id"]}],
        Groups=[_member(groups["Support"])],
        ForwardNoAnswer=destination(state, "VoiceMail", support[0]["Number"]),
        **closed,
    )
    state["Receptionists"] = []
    state.add(
        "Holidays", Name="Christmas", Group="GRP0000", Day=25, Month=12, DayEnd=25, MonthEnd=12,
        IsRecurrent=True, TimeOfStartDate="PT0S", TimeOfEndDate="PT23H59M",
    )  # fmt: skip


def _trunks(state: State) -> list[Entity]:
    trunks = []
    for place, (letter, dids) in enumerate((("a", DIDS_A), ("b", DIDS_B))):
        trunk = state.add(
            "Trunks",
            Number=str(10000 + place),
            IsOnline=True,
            SimultaneousCalls=20,
            DidNumbers=list(dids),
            ExternalNumber=dids[0],
            AuthID=f"fake-secret-auth-{letter}",
            AuthPassword={"Concealed": True, "Value": f"fake-secret-trunk-{letter}"},
        )
        trunk["Gateway"] = blank(
            "Gateway",
            state.version,
            Id=state.next_id(),
            Name=f"Operator {letter.upper()}",
            Host=f"sip.operator-{letter}.example",
            Port=5060,
            Type="Provider",
            TimeBetweenReg=120,
            RequireRegistrationFor="InOutCalls",
            IPInRegistrationContact="External",
            SpecifiedIPForRegistrationContact="",
            Lines=20,
            ProxyHost="",
        )
        trunks.append(trunk)
    return trunks


def _rules(state: State, trunks: list[Entity], groups: dict[str, Entity]) -> None:
    for trunk, did, to, number in (
        (trunks[0], DIDS_A[0], "RingGroup", RECEPTION),
        (trunks[0], DIDS_A[1], "Queue", SUPPORT),
        (trunks[1], DIDS_B[0], "RingGroup", RECEPTION),
    ):
        state.add(
            "InboundRules",
            RuleName=f"DID {did}",
            Data=did,
            TrunkDN={"Id": trunk["Id"], "Number": trunk["Number"]},
            Hours=_schedule(),
            OfficeHoursDestination=destination(state, to, number),
            OutOfOfficeHoursDestination=destination(state, "VoiceMail", "100"),
            HolidaysDestination=destination(state, "VoiceMail", "100"),
            AlterDestinationDuringOutOfOfficeHours=True,
            AlterDestinationDuringHolidays=True,
        )
    everybody = [group["Id"] for group in groups.values()]
    for place, (name, prefix, lengths, emergency) in enumerate(
        (
            ("National", "0", "10", False),
            ("International", "00,+", "", False),
            ("Emergency", "112,15,17-18", "", True),
        )
    ):
        state.add(
            "OutboundRules",
            Name=name,
            Prefix=prefix,
            NumberLengthRanges=lengths,
            GroupIds=[] if emergency else list(everybody),
            EmergencyRule=emergency,
            Priority=place + 1,
            Routes=[blank("OutboundRoute", state.version, TrunkId=trunks[0]["Id"])],
        )


def _system(state: State) -> None:
    now = written(state.clock.now())
    state["SystemStatus"] = blank(
        "SystemStatus",
        state.version,
        Id=1,
        Version=".".join(str(part) for part in (*state.version, 1)),
        FQDN="pbx.example",
        Ip="203.0.113.2",
        IpV4="203.0.113.2",
        LicenseKey="FAKE-SECRET-LICENCE",
        ProductCode="3CXPSPROFENTSPLA",
        MaxSimCalls=32,
        LastBackupDateTime=now,
    )
    state["NetworkSettings"] = blank(
        "NetworkSettings",
        state.version,
        Id="0",
        PbxPublicFQDN="pbx.example",
        PublicStaticIP="203.0.113.2",
        StunDisabled=True,
        StunPrimaryHost="stun.example",
        StunPrimaryPort=3478,
        StunQuery=30,
        FirewallKeepAlive=True,
        FirewallKeepAliveInterval=30,
        SipPort=5060,
        TunnelPort=5090,
    )
    state["NotificationSettings"] = blank(
        "NotificationSettings",
        state.version,
        EmailAddresses="it@cabinet.example",
        NotifyCodes=["LicenseLimit", "TrunkError"],
        NotifySystemOwners=True,
    )
    state["GeneralSettingsForPbx"] = blank(
        "GeneralSettingsForPbx", state.version, OperatorExtension="100"
    )
    state["OfficeHours"] = blank("OfficeHours", state.version, SystemLanguage="FR")
    state["Firewall"] = blank("FirewallState", state.version, Id="0", Html="")
    sbc = state.add("Sbcs", Name="sbc-office", DisplayName="Office", HasConnection=True)
    sbc["Password"] = "fake-secret-sbc"  # noqa: S105 - made up, to be found where it leaks
    if "Connection" in sbc:
        sbc["Connection"] = blank(
            "XSBCConnection",
            state.version,
            Up=True,
            UdpActive=True,
            RegisteredPhones=45,
            Latency=12,
        )
