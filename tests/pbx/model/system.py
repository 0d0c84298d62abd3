# SPDX-License-Identifier: GPL-3.0-or-later
"""The system: status, settings and its log."""

from __future__ import annotations

from . import words
from .kinds import Enum, Scalar, Type, linked, many, one, scalars, word

STATUS = Type(
    "SystemStatus",
    scalars(
        "flag",
        "Activated AutoUpdateEnabled BackupScheduled DBMaintenanceInProgress HasNotRunningServices"
        " HasUnregisteredSystemExtensions IsAuditLogEnabled IsChatLogEnabled"
        " IsRecordingArchiveEnabled LicenseActive LocalIpValid RecordingQuotaReached"
        " RecordingStopped RemoteConfigurationRequired RemoteStorageEnabled Support"
        " VoicemailQuotaReached VoicemailStopped",
        Activated=True,
        HasNotRunningServices=False,
        LicenseActive=True,
    )
    | scalars(
        "text",
        "AvailableLocalIps CurrentLocalIp FQDN Ip IpV4 IpV6 LicenseKey ProductCode ResellerName"
        " Version",
    )
    | scalars(
        "number",
        "CallsActive ChatUsedSpace DiskUsage ExtensionsRegistered ExtensionsTotal FreeDiskSpace Id"
        " LogUsedSpace MaxSimCalls MaxUserExtensions OutboundRules RecordingQuota"
        " RecordingUsedSpace TotalDiskSpace TrunksRegistered TrunksTotal UserExtensions",
        CallsActive=0,
    )
    | scalars(
        "moment",
        "ExpirationDate LastBackupDateTime LastCheckForUpdates LastSuccessfulUpdate"
        " MaintenanceExpiresAt",
    )
    | word("OS", "Other Linux Windows", "Linux")
    | word("RemoteStorageStatus", "NotConfigured PartiallyConfigured Configured"),
)
HEALTH = Type(
    "SystemHealthStatus",
    scalars("number", "CustomTemplatesCount Id UnsupportedFirmwaresCount")
    | scalars("flag", "Firewall Phones Trunks"),
)
EVENT = Type(
    "EventLog",
    scalars("number", "EventId Id")
    | scalars("text", "Group GroupName Message Source")
    | many(Scalar("text"), "Params")
    | scalars("moment", "TimeGenerated")
    | word("Type", words.LOG_LEVELS, "Info"),
)
NETWORK = Type(
    "NetworkSettings",
    scalars(
        "flag",
        "AllowSourceAsOutbound DirectSIPAllowExternal FirewallKeepAlive IpV6BindingEnabled"
        " StunDisabled",
    )
    | scalars(
        "number",
        "FirewallKeepAliveInterval SipPort StunPrimaryPort StunQuery StunSecondaryPort"
        " StunThirdPort TunnelPort",
    )
    | scalars(
        "text",
        "DirectSIPLocalDomain Id PbxPublicFQDN PublicInterface PublicStaticIP StunPrimaryHost"
        " StunSecondaryHost StunThirdHost",
    ),
)
SETPOINT = Type(
    "Setpoint",
    scalars("flag", "Enabled") | word("Type", words.SETPOINTS) | scalars("number", "Value"),
)
NOTIFICATIONS = Type(
    "NotificationSettings",
    scalars(
        "flag",
        "AutoRestartFailedServices CanEditEmailAddresses NotifyExtensionAdded NotifyServiceStopped"
        " NotifySuccessScheduledBackups NotifySystemOwners NotifyUpdatesAvailable",
    )
    | scalars("text", "EmailAddresses")
    | many(Enum(tuple(words.NOTIFY_CODES.split())), "NotifyCodes")
    | many("Setpoint", "Setpoints"),
)
GENERAL = Type(
    "GeneralSettingsForPbx",
    scalars(
        "flag",
        "AllowFwdToExternal AllRolesCanApproveApps BusyMonitor DisableOutboundCallsOutOfficeHours"
        " EnableVMenuOutboundCalls HDAutoLogoutEnabled LimitCallPickup OAuthCimdEnabled"
        " OAuthDcrEnabled OAuthOpenIdConnectEnabled PlayBusy",
        AllowFwdToExternal=True,
    )
    | scalars("number", "BusyMonitorTimeout")
    | scalars("duration", "HDAutoLogoutTime ScheduledReportGenerationTime")
    | scalars("text", "OperatorExtension"),
)
OFFICE_HOURS = Type(
    "OfficeHours",
    one("Schedule", "BreakTime Hours")
    | scalars("text", "SystemLanguage TimeZoneId")
    | linked(OfficeHolidays="Holiday"),
)
TIME_ZONE = Type("TimeZone", scalars("text", "Id IanaName Name WindowsName"))
FIREWALL = Type(
    "FirewallState", scalars("text", "Html Id") | scalars("flag", "Running Stopping", Running=False)
)

TYPES = (
    STATUS, HEALTH, EVENT, NETWORK, SETPOINT, NOTIFICATIONS, GENERAL, OFFICE_HOURS, TIME_ZONE,
    FIREWALL,
)  # fmt: skip
