# SPDX-License-Identifier: GPL-3.0-or-later
"""Enumerations of the API, as far as the double knows them."""

from __future__ import annotations

DESTINATIONS = (
    "None VoiceMail Extension Queue RingGroup IVR External Fax Boomerang Deflect"
    " VoiceMailOfDestination Callback RoutePoint ProceedWithNoExceptions"
)
PEERS = (
    "None Extension Queue RingGroup IVR Fax Conference SpecialMenu Parking ExternalLine Group"
    " RoutePoint"
)
TAGS = "MS Teams Google WakeUp FaxServer Principal WeakID WeakPass WM AI"
DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday"
HOURS = (
    "AllHours OfficeHours OutOfOfficeHours SpecificHours SpecificHoursExcludingHolidays"
    " OutOfSpecificHours OutOfSpecificHoursIncludingHolidays Never BreakTime"
)
CONDITIONS = "NoAnswer PhoneBusy PhoneNotRegistered ForwardAll BasedOnCallerID BasedOnDID"
CALL_TYPES = "AllCalls InternalCallsOnly ExternalCallsOnly"
GROUP_MODES = (
    "Default ForceOpened ForceClosed ForceBreak ForceCustomOperator ForceHoliday HasForcedMask"
)
RING_STRATEGIES = "Hunt RingAll Paging"
POLLING_STRATEGIES = (
    "Hunt RingAll HuntRandomStart NextAgent LongestWaiting LeastTalkTime FewestAnswered HuntBy3s"
    " First3Available SkillBasedRouting_RingAll SkillBasedRouting_HuntRandomStart"
    " SkillBasedRouting_RoundRobin SkillBasedRouting_FewestAnswered"
)
TRANSCRIPTION = "Nothing Voicemail Recordings Both Inherit"
SRTP = "SRTPDisabled SRTPEnabled SRTPEnforced"
MAIL_OPTIONS = "None Notification Attachment AttachmentAndDelete VmailToMembers EmailToExtrasOnly"
DIRECTIONS = "None Inbound Outbound Both"
TRANSPORTS = "Any UDP TCP TLS"
IP_VERSIONS = "Any IPV4 IPV6"
CONTACTS = "External Internal Both Specified"
REGISTRATION = "Nothing IncomingCalls OutgoingCalls InOutCalls"
GATEWAYS = "Unknown Analog Provider BridgeMaster BridgeSlave BridgeSlaveOverTunnel BRI T1 E1"
MENU_ACTIONS = "EndCall Extension RingGroup Queue IVR VoiceMail CallByName RepeatPrompt CustomInput"
LOG_LEVELS = "Error Warning Info"
NOTIFY_CODES = (
    "StorageLimit EmergencyNumberDialed TrunkStatusChanged ExtensionRegChanged LicenseLimit"
    " TrunkFailover IPBlocked RequestAntiHacked NetworkError TrunkError STUNError CallDenied"
    " NumberBlocked NumberUnblocked"
)
SETPOINTS = (
    "VoicemailQuota RecordingQuota CpuUsage InboundNetworkUsage OutboundNetworkUsage"
    " PhysicalMemoryUsage VirtualMemoryUsage DiskUsage TimeShift"
)
# Of what an analysis can say, what the double says.
ANALYSIS = (
    "RegisteredOK RegistrationIsNotRequired RegistrationFailed ErrNoReply TransportType"
    " OutboundDialed OutboundCallSuccessful OutboundCallFailed InboundCallSource"
    " InboundCallFailed"
)
REPORT_LEVELS = "Critical Error Warning Info"
