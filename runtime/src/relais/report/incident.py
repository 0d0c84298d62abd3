# SPDX-License-Identifier: GPL-3.0-or-later
"""Incidents as one self-contained HTML page for management."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from relais import __version__
from relais.report.incident_facts import NOWHERE, Site, incident_of
from relais.report.incident_texts import incident_texts
from relais.report.incident_view import view
from relais.report.page import ReportError, fill

_TEMPLATE = "incident.html.j2"
_STYLE = "incident.css"


def render(
    incidents: Sequence[Mapping[str, Any]],
    language: str,
    now: datetime,
    site: Site = NOWHERE,
    fingerprint: str | None = None,
) -> str:
    """The page of incidents, in the state of the instant `now`.

    `site` is what the inventory says, `fingerprint` the journal's, see `relais.shell.verify`.
    Raises ReportError.
    """
    words = incident_texts(language)
    try:
        views = [view(incident_of(one, site, now), now, words) for one in incidents]
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ReportError(f"the incident is damaged: {error!r}") from error
    return fill(
        _TEMPLATE,
        _STYLE,
        t=words,
        language=language,
        incidents=views,
        sites=sorted({str(one["site"]) for one in incidents}),
        fingerprint=fingerprint,
        version=__version__,
    )
