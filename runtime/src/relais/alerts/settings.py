# SPDX-License-Identifier: GPL-3.0-or-later
"""`relais.alerts/1`: who is told of what, and when, with every problem at once. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from relais.core.fields import Fields, read, shown

SCHEMA = "relais.alerts/1"
NUMBER = "{number}"
_HOSTED = frozenset(
    [
        *("mailto", "mailtos", "http", "https", "json", "jsons", "xml", "xmls", "form", "forms"),
        *("gotify", "gotifys", "matrix", "matrixs", "mmost", "mmosts", "rocket", "rockets"),
    ]
)
"""Schemes of apprise in which the host is a host; in others a token stands in its place."""
_UNITS = {"m": 60, "h": 3600, "d": 86_400}
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


class Language(StrEnum):
    """A language that messages are written in."""

    EN = "en"
    FR = "fr"


class Class(StrEnum):
    """What kind of incident it is (docs/reference/incident.md)."""

    MICRO_OUTAGE = "micro_outage"
    QUALITY = "quality"
    ACCESS = "access"
    UPSTREAM = "upstream"
    LOCAL = "local"
    TOTAL = "total"
    PLANNED = "planned"
    DRILL = "drill"


class Importance(StrEnum):
    """How much a service matters, and so the incident that touches it."""

    VITAL = "vital"
    NORMAL = "normal"
    DEGRADABLE = "degradable"


class Channel(StrEnum):
    """How a message leaves: only an SMS needs none of the lines."""

    APPRISE = "apprise"
    SMS = "sms"


TOLD = frozenset(Class) - {Class.MICRO_OUTAGE, Class.PLANNED}
"""Classes of which a target is told when it names none."""
_WEIGHTS = {Importance.VITAL: 2, Importance.NORMAL: 1, Importance.DEGRADABLE: 0}


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody to tell. `name` shows no secret and stays the same when only a password changes;
    `address` is a URL for apprise or a phone number."""

    name: str
    channel: Channel
    address: str = field(repr=False)
    classes: frozenset[Class]
    importance: Importance

    def wants(self, kind: Class, importance: Importance) -> bool:
        """Whether it is told of such an incident. A dark site is important to everybody."""
        if kind is Class.TOTAL:
            return kind in self.classes
        return kind in self.classes and _WEIGHTS[importance] >= _WEIGHTS[self.importance]


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of the site in which only what is important is told; they may pass midnight."""

    begins: time
    ends: time


@dataclass(frozen=True, slots=True)
class Settings:
    """All that alerts need to know. `sms_command`: None for the modem's own mmcli."""

    site: str
    gateway: str
    language: Language
    timezone: ZoneInfo
    targets: tuple[Target, ...]
    sms_command: tuple[str, ...] | None
    quiet: Quiet | None
    remind_every_s: int
    heartbeat_url: str | None = field(repr=False)


def parse_settings(document: object) -> Settings:
    """Turn a decoded document into settings. Raises ConfigError; no problem shows an address."""
    return read(document, SCHEMA, _settings)


def _settings(top: Fields) -> Settings:
    return Settings(
        site=top.text("site"),
        gateway=top.text("gateway"),
        language=top.choice("language", Language, Language.EN),
        timezone=_timezone(top),
        targets=tuple(_targets(top)),
        sms_command=_command(top),
        quiet=_quiet(top),
        remind_every_s=_remind_every_s(top),
        heartbeat_url=_heartbeat(top),
    )


def named(url: str) -> str:
    """A URL as it may be shown: scheme, and the host where the scheme has one."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return "(unreadable)"
    return f"{parts.scheme}://{host if parts.scheme in _HOSTED else '...'}"


def _name_of(url: str) -> str:
    """That, and a mark to tell two of one host apart, in which no password has a part."""
    try:
        parts = urlsplit(url)
        user = (parts.username or "") + "@" + parts.netloc.rpartition("@")[2]
        bare = urlunsplit(parts._replace(netloc=user))
    except ValueError:
        bare = url
    return f"{named(url)}#{hashlib.sha256(bare.encode()).hexdigest()[:6]}"


def _timezone(top: Fields) -> ZoneInfo:
    name = top.text("timezone")
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        top.problem("timezone", f"must be a name such as Europe/Paris, not {shown(name)}")
        return ZoneInfo("UTC")


def _targets(top: Fields) -> Iterator[Target]:
    for one in _entries(top, "targets", "url"):
        url = _hidden_text(one, "url")
        if url and ":" not in url:
            one.problem("url", "must be a URL that apprise knows, such as mailto://...")
        yield _target(one, _name_of(url), Channel.APPRISE, url, Importance.DEGRADABLE)
    for one in _entries(top, "sms", "number"):
        number = one.text("number")
        yield _target(one, f"sms:{number}", Channel.SMS, number, Importance.VITAL)


def _entries(top: Fields, key: str, short: str) -> Iterator[Fields]:
    """Each entry of a list; text stands for an object of one key."""
    value = top.take(key, required=False)
    if value is None:
        return
    if not isinstance(value, list):
        top.problem(key, "must be a list")
        return
    for index, item in enumerate(value):
        where = f"{key}[{index}]"
        entry = {short: item} if isinstance(item, str) else item
        if not isinstance(entry, Mapping):
            top.problem(where, f"must be text or an object with {short}")
            continue
        one = Fields(entry, where, top.problems)
        yield one
        one.close()


def _target(one: Fields, name: str, channel: Channel, address: str, least: Importance) -> Target:
    return Target(
        name, channel, address, _classes(one), one.choice("importance", Importance, least)
    )


def _classes(one: Fields) -> frozenset[Class]:
    value = one.take("classes", required=False)
    if value is None:
        return TOLD
    if isinstance(value, str):
        value = [value]
    known = {str(kind) for kind in Class}
    if not isinstance(value, list) or not value or not all(item in known for item in value):
        one.problem("classes", f"must be a list with some of {', '.join(Class)}")
        return TOLD
    return frozenset(Class(item) for item in value)


def _hidden_text(one: Fields, key: str) -> str:
    """Text that no problem shows, "" when absent or wrong."""
    value = one.take(key, required=True)
    if value is not None and (not isinstance(value, str) or not value):
        one.problem(key, "must be a non-empty string")
    return value if isinstance(value, str) else ""


def _command(top: Fields) -> tuple[str, ...] | None:
    value = top.take("sms_command", required=False)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(word, str) and word for word in value):
        top.problem("sms_command", "must be a list of words")
        return None
    if not any(NUMBER in word for word in value[1:]):
        top.problem("sms_command", f"must have a word with {NUMBER} after the program")
    return tuple(value)


def _quiet(top: Fields) -> Quiet | None:
    text = top.optional_text("quiet_hours")
    if text is None:
        return None
    found = _SPAN.fullmatch(text)
    if found is None:
        top.problem("quiet_hours", f"must be such as 22:00-07:00, not {shown(text)}")
        return None
    hours = [int(part) for part in found.groups()]
    return Quiet(time(hours[0], hours[1]), time(hours[2], hours[3]))


def _remind_every_s(top: Fields) -> int:
    text = top.optional_text("remind_every") or "2h"
    number, unit = text[:-1], text[-1]
    if unit not in _UNITS or not number.isdecimal() or int(number) == 0:
        top.problem("remind_every", f"must be such as 30m, 2h or 1d, not {shown(text)}")
        return _UNITS["h"]
    return int(number) * _UNITS[unit]


def _heartbeat(top: Fields) -> str | None:
    value = top.take("heartbeat_url", required=False)
    if value is None:
        return None
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        top.problem("heartbeat_url", "must be a URL that begins with https:// or http://")
        return None
    return value
