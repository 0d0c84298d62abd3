# SPDX-License-Identifier: GPL-3.0-or-later
"""`relais.throughput/1`: where to measure against, and when, with every problem at once. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from urllib.parse import urlsplit

from relais.core.fields import Fields, read, shown

SCHEMA = "relais.throughput/1"
FILE = Path("/etc/relais/throughput.json")
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Settings:
    """A file to fetch, a place to send to, or both. `begins` and `ends` are hours of the site and
    may pass midnight; `seconds` are spent each way, over so many `connections` at a time."""

    download_url: str | None
    upload_url: str | None
    begins: time
    ends: time
    seconds: int
    connections: int

    def within_hours(self, now: time) -> bool:
        """Whether it is time."""
        if self.begins <= self.ends:
            return self.begins <= now < self.ends
        return now >= self.begins or now < self.ends


def parse_settings(document: object) -> Settings:
    """Turn a decoded document into settings. Raises ConfigError with all problems."""
    return read(document, SCHEMA, _settings)


def _settings(top: Fields) -> Settings:
    begins, ends = _hours(top)
    settings = Settings(
        download_url=_url(top, "download_url"),
        upload_url=_url(top, "upload_url"),
        begins=begins,
        ends=ends,
        seconds=top.integer("seconds", 4, 30, 8),
        connections=top.integer("connections", 1, 16, 4),
    )
    if settings.download_url is None and settings.upload_url is None and not top.problems:
        top.problem("download_url", "is missing, and so is upload_url: name one of them")
    return settings


def _hours(top: Fields) -> tuple[time, time]:
    text = top.text("hours", required=False) or "02:00-05:00"
    found = _SPAN.fullmatch(text)
    if found is None or found[1] + found[2] == found[3] + found[4]:
        top.problem("hours", f"must be two times of day such as 02:00-05:00, not {shown(text)}")
        return time(2), time(5)
    return time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))


def _url(top: Fields, key: str) -> str | None:
    text = top.optional_text(key)
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good:
        example = "https://speed.example.net/1GB"
        top.problem(key, f"must be a URL such as {example}, not {shown(text)}")
        return None
    if parts.username or parts.password:
        top.problem(key, "must not carry a password: everybody on the gateway may read it")
    return text
