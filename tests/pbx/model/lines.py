# SPDX-License-Identifier: GPL-3.0-or-later
"""Trunks, what comes in and goes out over them, and session border controllers."""

from __future__ import annotations

from . import words
from .kinds import Enum, Scalar, Type, linked, linked_one, many, one, scalars, since, word

_TAGS = many(Enum(tuple(words.TAGS.split())), "Tags")

VARIABLE = Type("Variable", scalars("text", "Name Value"))
CHOICE = Type("Choice", scalars("text", "Key Value"))
BINDING = Type(
    "GatewayParameterBinding", scalars("text", "Custom") | scalars("number", "ParamId ValueId")
)
CALLER_ID = Type("CIDFormatting", scalars("text", "ReplacePattern SourcePattern"))
CONCEALED = Type("ConcealedPassword", scalars("flag", "Concealed") | scalars("text", "Value"))
MESSAGING = Type(
    "TrunkMessaging",
    scalars("flag", "Enabled NumberLengthEnabled")
    | scalars("number", "NumberLength")
    | scalars("text", "Provider Webhook"),
)
GATEWAY = Type(
    "Gateway",
    many(Scalar("text"), "Codecs")
    | scalars(
        "flag",
        "DeliverAudio DestNumberInRemotePartyIDCalled DestNumberInRequestLineURI DestNumberInTo"
        " Internal IsCustom SupportReinvite SupportReplaces UseIPInContact",
    )
    | scalars("number", "Id Lines Port ProxyPort TimeBetweenReg")
    | scalars(
        "text",
        "Host Name OutboundCallerID ProxyHost SpecifiedIPForRegistrationContact TemplateFilename",
    )
    | many("GatewayParameterBinding", "InboundParams OutboundParams SourceIdentification")
    | many("Choice", "VariableChoices")
    | word("IPInRegistrationContact", words.CONTACTS)
    | word("MatchingStrategy", "MatchAnyFields MatchAllFields")
    | word("RequireRegistrationFor", words.REGISTRATION)
    | word("SRTPMode", words.SRTP)
    | word("Type", words.GATEWAYS),
)
LOCATION = Type("EmergencyGeoTrunkLocation", {})
TRUNK = Type(
    "Trunk",
    scalars("number", "Id SimultaneousCalls TunnelRemotePort", SimultaneousCalls=10)
    | scalars(
        "text",
        "AuthID Certificate CertificateExpirationDate CertificateName ConfigurationIssue"
        " E164CountryCode ExternalNumber Number OutboundCallerID PublicIPinSIP"
        " RemoteMyPhoneUriHost RemotePBXPreffix ScriptName SecondaryRegistrar SeparateAuthId"
        " TunnelRemoteAddr",
        ConfigurationIssue="",
        OutboundCallerID="",
        PublicIPinSIP="",
        SecondaryRegistrar="",
    )
    | scalars(
        "flag",
        "DisableCallTransfer DisableVideo DiversionHeader E164ProcessIncomingNumber"
        " EnableInboundCalls EnableOutboundCalls IsOnline PublishInfo ReceiveInfo TunnelEnabled"
        " UseSeparateAuthId",
        EnableInboundCalls=True,
        EnableOutboundCalls=True,
        IsOnline=False,
    )
    | one("ConcealedPassword", "AuthPassword")
    | one("Gateway", "Gateway")
    | one("TrunkMessaging", "Messaging")
    | many(Scalar("text"), "DidNumbers PublicInfoGroups")
    | many("CIDFormatting", "InCIDFormatting OutCIDFormatting")
    | many("Variable", "TrunkRegTimes")
    | _TAGS
    | word("Direction", words.DIRECTIONS, "Both")
    | word("IPRestriction", words.IP_VERSIONS, "Any")
    | word("TranscriptionMode", words.TRANSCRIPTION, "Inherit")
    | word("TransportRestriction", words.TRANSPORTS, "Any")
    | linked(
        EmergencyGeoLocations="EmergencyGeoTrunkLocation",
        Groups="UserGroup",
        ReceiveExtensions="Peer",
        RoutingRules="InboundRule",
    ),
)
INBOUND = Type(
    "InboundRule",
    scalars(
        "flag",
        "AlterDestinationDuringHolidays AlterDestinationDuringOutOfOfficeHours",
        AlterDestinationDuringHolidays=False,
        AlterDestinationDuringOutOfOfficeHours=False,
    )
    | scalars("number", "Id")
    | scalars("text", "CustomData Data RuleName", CustomData="")
    | word("CallType", words.CALL_TYPES, "AllCalls")
    | word("Condition", words.CONDITIONS, "BasedOnDID")
    | one("Destination", "HolidaysDestination OfficeHoursDestination OutOfOfficeHoursDestination")
    | one("Schedule", "Hours")
    | linked_one(TrunkDN="Peer"),
)
DID = Type(
    "DidNumber",
    scalars("text", "Number TemplateFileName")
    | scalars("number", "TrunkId")
    | linked_one(RoutingRule="InboundRule"),
)
RANGE = Type("DNRange", scalars("text", "From To"))
OUTBOUND_ROUTE = Type(
    "OutboundRoute",
    scalars("text", "Append CallerID Prepend TrunkName", Append="", CallerID="", Prepend="")
    | scalars("byte", "StripDigits", StripDigits=0)
    | scalars("number", "TrunkId", TrunkId=-1),
)
OUTBOUND = Type(
    "OutboundRule",
    many("DNRange", "DNRanges")
    | many("OutboundRoute", "Routes")
    | many(Scalar("number"), "GroupIds")
    | many(Scalar("text"), "GroupNames")
    | scalars("flag", "EmergencyRule", EmergencyRule=False)
    | scalars("number", "Id Priority")
    | scalars("text", "Name NumberLengthRanges Prefix", NumberLengthRanges="", Prefix=""),
)
SBC_CONNECTION = Type(
    "XSBCConnection",
    scalars("number", "Calls Latency RegisteredPhones")
    | scalars("text", "Cpu Disk Memory")
    | scalars("duration", "ElapsedTime")
    | scalars("flag", "UdpActive Up"),
)
SBC = Type(
    "Sbc",
    scalars("number", "AudioPort LogSize PhoneUserId")
    | since("20.0.8", one("XSBCConnection", "Connection"))
    | scalars(
        "text",
        "DisplayName Group LocalIPv4 Name Password PhoneMAC ProvisionLink PublicIP Version",
    )
    | scalars("flag", "HasConnection", HasConnection=False)
    | since(
        "20.0.7",
        scalars("text", "PassiveServer") | scalars("flag", "PassiveServerIsEnabled"),
    )
    | word("LogLevel", "None Low Medium Verbose", "Low")
    | word("Security", "TCP TLS", "TLS"),
)
REPORT = Type(
    "TrunkReport",
    scalars("text", "Template")
    | many(Scalar("text"), "Params")
    | word("Code", words.ANALYSIS)
    | word("Level", words.REPORT_LEVELS),
)

TYPES = (
    VARIABLE, CHOICE, BINDING, CALLER_ID, CONCEALED, MESSAGING, GATEWAY, LOCATION, TRUNK, INBOUND,
    DID, RANGE, OUTBOUND_ROUTE, OUTBOUND, SBC_CONNECTION, SBC, REPORT,
)  # fmt: skip
