# SPDX-License-Identifier: GPL-3.0-or-later
"""Users, their forwarding, departments, and what people are grouped in."""

from __future__ import annotations

from . import words
from .kinds import Enum, Scalar, Type, linked, linked_one, many, one, scalars, since, word

_TAGS = many(Enum(tuple(words.TAGS.split())), "Tags")
_DN = (
    scalars("number", "Id")
    | scalars("text", "Number")
    | word("TranscriptionMode", words.TRANSCRIPTION, "Inherit")
    | linked(Groups="UserGroup")
)
_CLICK_TO_CALL = (
    _DN
    | scalars("flag", "CallUsEnableChat CallUsEnablePhone CallUsEnableVideo")
    | word("CallUsRequirement", "Both Name Email None", "Both")
    | scalars("text", "ClickToCallId")
)

DESTINATION = Type(
    "Destination",
    scalars("text", "External Name Number")
    | _TAGS
    | word("To", words.DESTINATIONS, "None")
    | word("Type", words.PEERS, "None"),
)
ROUTE = Type(
    "Route",
    scalars("flag", "IsPromptEnabled") | scalars("text", "Prompt") | one("Destination", "Route"),
)
PERIOD = Type("Period", word("DayOfWeek", words.DAYS) | scalars("time", "Start Stop"))
SCHEDULE = Type(
    "Schedule",
    scalars("flag", "IgnoreHolidays")
    | many("Period", "Periods")
    | word("Type", words.HOURS, "OfficeHours"),
)
RIGHTS = Type(
    "Rights",
    scalars(
        "flag",
        "AllowIVR AllowParking AllowToChangePresence AllowToManageCompanyBook"
        " AssignClearOperations CanBargeIn CanIntercom CanSeeGroupCalls CanSeeGroupMembers"
        " CanSeeGroupRecordings Invalid PerformOperations ShowMyCalls ShowMyPresence"
        " ShowMyPresenceOutside",
    )
    | scalars("text", "RoleName", RoleName="users"),
)
USER_GROUP = Type(
    "UserGroup",
    scalars("flag", "CanDelete")
    | scalars("number", "GroupId Id")
    | scalars("text", "MemberName Name Number")
    | _TAGS
    | word("TranscriptionMode", words.TRANSCRIPTION)
    | word("Type", words.PEERS)
    | linked_one(Rights="Rights", GroupRights="Rights"),
)
AVAILABLE_ROUTE = Type(
    "AvailableRouting",
    scalars("flag", "BusyAllCalls NoAnswerAllCalls NotRegisteredAllCalls")
    | one(
        "Destination",
        "BusyExternal BusyInternal NoAnswerExternal NoAnswerInternal"
        " NotRegisteredExternal NotRegisteredInternal",
    ),
)
AWAY_ROUTE = Type(
    "AwayRouting",
    scalars("flag", "AllHoursExternal AllHoursInternal") | one("Destination", "External Internal"),
)
PROFILE = Type(
    "ForwardingProfile",
    scalars("number", "Id NoAnswerTimeout", NoAnswerTimeout=20)
    | scalars("text", "CustomMessage CustomName Name", CustomMessage="", CustomName="")
    | scalars(
        "flag",
        "AcceptMultipleCalls BlockPushCalls DisableRingGroupCalls OfficeHoursAutoQueueLogOut"
        " RingMyMobile",
        AcceptMultipleCalls=True,
        BlockPushCalls=False,
        DisableRingGroupCalls=False,
        OfficeHoursAutoQueueLogOut=False,
        RingMyMobile=False,
    )
    | one("AvailableRouting", "AvailableRoute")
    | one("AwayRouting", "AwayRoute"),
)
EXCEPTION = Type(
    "ExtensionRule",
    scalars("number", "Id")
    | scalars("text", "Data")
    | scalars("flag", "Enabled")
    | word("CallType", words.CALL_TYPES)
    | word("Condition", words.CONDITIONS)
    | one("Destination", "Destination")
    | one("Schedule", "Hours"),
)
GREETING = Type(
    "Greeting",
    scalars("text", "DisplayName Filename")
    | word("Type", "Default Available Away OutOfOffice Available2 OutOfOffice2", "Default"),
)
PHONE = Type(
    "Phone",
    scalars("number", "Id")
    | scalars(
        "text", "Interface MacAddress Name ProvisioningLinkExt ProvisioningLinkLocal TemplateName"
    ),
)
USER = Type(
    "User",
    _CLICK_TO_CALL
    | scalars(
        "text",
        "AccessPassword AuthID AuthPassword Blfs ContactImage CurrentProfileName DeskphonePassword"
        " DisplayName EmailAddress EmergencyAdditionalInfo EmergencyLocationId FirstName"
        " HotdeskingAssignment Language LastName Mobile OutboundCallerID PromptSet SIPID VMPIN"
        " WebMeetingFriendlyName",
        CurrentProfileName="Available",
        Mobile="",
        OutboundCallerID="",
    )
    | scalars(
        "flag",
        "AIAgent AllowLanOnly AllowOwnRecordings CallScreening DatevEnabled Enable2FA Enabled"
        " EnableHotdesking GoogleCalendarEnabled GoogleContactsEnabled GoogleSignInEnabled"
        " HideInPhonebook Internal IsRegistered MS365CalendarEnabled MS365ContactsEnabled"
        " MS365SignInEnabled MS365TeamsEnabled MyPhoneAllowDeleteRecordings MyPhoneHideForwardings"
        " MyPhonePush MyPhoneShowRecordings PbxDeliversAudio PinProtected RecordCalls"
        " RecordEmailNotify RecordExternalCallsOnly Require2FA SendEmailMissedCalls"
        " VMDisablePinAuth VMEnabled VMPlayCallerID WebMeetingApproveParticipants",
        AllowLanOnly=True,
        Enabled=True,
        Internal=False,
        IsRegistered=False,
        MyPhonePush=True,
        PbxDeliversAudio=False,
        VMEnabled=True,
    )
    | since("20.0.9", scalars("flag", "BlockTunnel", BlockTunnel=False))
    | since("20.0.10", scalars("flag", "ForbidRecording", ForbidRecording=False))
    | scalars("number", "PinProtectTimeout PrimaryGroupId")
    | one("Schedule", "BreakTime Hours")
    | many(
        Enum(("GlobalSchedule", "AutoSwitchProfiles", "AutoQueueLogOut", "BlockOutboundCalls")),
        "OfficeHoursProps",
    )
    | _TAGS
    | word("QueueStatus", "LoggedOut LoggedIn", "LoggedIn")
    | word("SRTPMode", words.SRTP, "SRTPDisabled")
    | word("VMEmailOptions", words.MAIL_OPTIONS, "Notification")
    | word("VMPlayMsgDateTime", "None Play12Hr Play24Hr", "None")
    | linked(
        ForwardingExceptions="ExtensionRule",
        ForwardingProfiles="ForwardingProfile",
        Greetings="Greeting",
        Phones="Phone",
    ),
)
MEMBER = Type("RingGroupMember", scalars("number", "Id") | scalars("text", "Name Number") | _TAGS)
RING_GROUP = Type(
    "RingGroup",
    _CLICK_TO_CALL
    | one("Route", "BreakRoute HolidaysRoute OutOfOfficeRoute")
    | one("Destination", "ForwardNoAnswer")
    | scalars("text", "GreetingFile MulticastAddress MulticastCodec Name VMEmailList")
    | scalars("flag", "IsRegistered", IsRegistered=True)
    | scalars("number", "MulticastPacketTime MulticastPort RingTime", RingTime=20)
    | word("RingStrategy", words.RING_STRATEGIES, "RingAll")
    | word("VMEmailOptions", words.MAIL_OPTIONS, "None")
    | linked(Members="RingGroupMember"),
)
AGENT = Type(
    "QueueAgent", scalars("number", "Id") | scalars("text", "Name Number SkillGroup") | _TAGS
)
MANAGER = Type("QueueManager", scalars("number", "Id") | scalars("text", "Name Number") | _TAGS)
QUEUE = Type(
    "Queue",
    _CLICK_TO_CALL
    | one("Route", "BreakRoute HolidaysRoute OutOfOfficeRoute")
    | one("Destination", "ForwardNoAnswer")
    | scalars(
        "flag",
        "AgentAvailabilityMode AnnounceEstimatedWaitTime AnnounceQueuePosition CallbackOfferOnly"
        " ComfortPromptsEnabled EnableIntro IsRegistered MaxWaitStrategyEnabled PlayFullPrompt"
        " PriorityQueue ResetStatisticsScheduleEnabled SkillBasedRingAllCumulativePollingEnabled"
        " StopBackgroundWhenPrompt",
        IsRegistered=True,
    )
    | scalars(
        "number",
        "AnnounceEstimatedWaitTimeInterval AnnouncementInterval AutoLogoutMissedCalls"
        " CallbackEnableTime ComfortPromptsInterval MasterTimeout MaxCallersInQueue RingTimeout"
        " SLATime WrapUpTime",
        MasterTimeout=1800,
        RingTimeout=30,
    )
    | scalars(
        "text",
        "CallbackOfferPrompt CallbackPrefix DestinationNoAnswerPrompt GreetingFile IntroFile Name"
        " OnHoldFile PromptSet VMEmailList",
    )
    | many(Scalar("text"), "ComfortPrompts")
    | many(Scalar("number"), "MaxWaitTimeSkillGroupValues")
    | many(
        Enum(("Callback", "CallbackFail", "SLATimeBreached", "CallLost", "AgentAutoLogout")),
        "NotifyCodes",
    )
    | word("Recording", "Disabled AllowToOptOut AskToOptIn")
    | word("TypeOfChatOwnershipType", "TakeManually AutoAssign")
    | word("PollingStrategy", words.POLLING_STRATEGIES, "RingAll")
    | word("VMEmailOptions", words.MAIL_OPTIONS, "None")
    | linked(Agents="QueueAgent", Managers="QueueManager"),
)
MENU_KEY = Type(
    "ReceptionistForward",
    scalars("number", "Id")
    | scalars("text", "CustomData ForwardDN Input")
    | word("ForwardType", words.MENU_ACTIONS, "EndCall")
    | word("PeerType", words.PEERS),
)
RECEPTIONIST = Type(
    "Receptionist",
    _DN
    | one("Route", "BreakRoute HolidaysRoute OutOfOfficeRoute")
    | scalars(
        "text", "ForwardSmsTo InvalidKeyForwardDN Name PromptFilename PromptSet TimeoutForwardDN"
    )
    | scalars("flag", "IsRegistered TransferEnable UseMSExchange", IsRegistered=True)
    | scalars("number", "Timeout", Timeout=5)
    | word("IVRType", "Default CodeBased ScriptBased Wakeup", "Default")
    | word("TimeoutForwardPeerType", words.PEERS)
    | word("TimeoutForwardType", words.MENU_ACTIONS, "EndCall")
    | linked(Forwards="ReceptionistForward"),
)
HOLIDAY = Type(
    "Holiday",
    scalars("byte", "Day DayEnd Month MonthEnd", Day=1, DayEnd=1, Month=1, MonthEnd=1)
    | scalars("text", "Group HolidayPrompt Name", HolidayPrompt="")
    | scalars("number", "Id Year YearEnd", Year=0, YearEnd=0)
    | scalars("flag", "IsRecurrent", IsRecurrent=False)
    | scalars(
        "duration", "TimeOfStartDate TimeOfEndDate", TimeOfStartDate="PT0S", TimeOfEndDate="PT0S"
    ),
)
GROUP = Type(
    "Group",
    _CLICK_TO_CALL
    | scalars(
        "flag",
        "AllowCallService DisableCustomPrompt GloballyVisible HasMembers IsDefault"
        " OverrideHolidays",
        IsDefault=False,
        OverrideHolidays=False,
    )
    | scalars("number", "AnswerAfter")
    | scalars(
        "text", "CustomPrompt Language MusicOnHold Name PromptSet TimeZoneId", TimeZoneId="28"
    )
    | scalars("moment", "LastLoginTime OverrideExpiresAt")
    | one("Schedule", "BreakTime Hours")
    | one("Route", "BreakRoute HolidaysRoute OfficeRoute OutOfOfficeRoute")
    | one("Destination", "CustomOperator")
    | many(Enum(("WelcomeMessageForIncomingCalls", "HoldCall")), "CallHandlingMode")
    | word("CurrentGroupHours", words.GROUP_MODES, "Default")
    | linked(Members="UserGroup", OfficeHolidays="Holiday", Rights="Rights"),
)
PEER_GROUP = Type(
    "PeerGroup",
    scalars("number", "GroupID")
    | scalars("flag", "IsPrimary")
    | scalars("text", "Name Number RoleName"),
)
PEER = Type(
    "Peer",
    scalars("flag", "Hidden", Hidden=False)
    | scalars("number", "Id")
    | scalars("text", "Name Number")
    | _TAGS
    | word("Type", words.PEERS)
    | linked(MemberOf="PeerGroup"),
)

TYPES = (
    DESTINATION, ROUTE, PERIOD, SCHEDULE, RIGHTS, USER_GROUP, AVAILABLE_ROUTE, AWAY_ROUTE, PROFILE,
    EXCEPTION, GREETING, PHONE, USER, MEMBER, RING_GROUP, AGENT, MANAGER, QUEUE, MENU_KEY,
    RECEPTIONIST, HOLIDAY, GROUP, PEER_GROUP, PEER,
)  # fmt: skip
