# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check says: one word, one line, and figures, by the conventions of monitoring plugins.

https://www.monitoring-plugins.org/doc/guidelines.html: exit status 0 to 3, and performance data as
'label'=value[unit];[warn];[crit];[min];[max].
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from relais.core.supervision.model import Document, Seen, usable

QUOTA_WARNING_PERCENT = 90


class Status(IntEnum):
    """The exit statuses of a plugin."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


_GRAVEST_FIRST = (Status.CRITICAL, Status.WARNING, Status.UNKNOWN, Status.OK)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of a check; `figures` are performance data, ready to print."""

    status: Status
    text: str
    figures: tuple[str, ...] = ()

    def line(self) -> str:
        """The one line that a plugin prints; no text may contain what starts the figures."""
        told = " ".join(self.text.replace("|", "/").split())
        line = f"RELAIS {self.status.name} - {told}"
        return f"{line} | {' '.join(self.figures)}" if self.figures else line


def check_all(seen: Seen) -> Verdict:
    """The gateway: its daemon, every WAN and every service. A silent daemon is critical."""
    state = seen.now
    if state is None:
        return Verdict(Status.CRITICAL, str(seen.silent))
    parts = [
        *(_daemon(fault) for fault in state.get("degraded", ())),
        *(_service(state, name) for name in state["services"]),
        *(_wan(name, wan) for name, wan in state["wans"].items()),
    ]
    if seen.incidents:
        parts.append(Verdict(Status.OK, f"open: {', '.join(i.id for i in seen.incidents)}"))
    figures = tuple(figure for part in parts for figure in part.figures)
    return Verdict(_gravest(parts), _gravest_told(parts), figures)


def check_wan(seen: Seen, name: str) -> Verdict:
    """One WAN. With a silent daemon nothing is known of it."""
    if seen.now is None:
        return Verdict(Status.UNKNOWN, str(seen.silent))
    wans = seen.now["wans"]
    return _wan(name, wans[name]) if name in wans else _stranger("WAN", name, wans)


def check_service(seen: Seen, name: str) -> Verdict:
    """One service. With a silent daemon nothing is known of it."""
    if seen.now is None:
        return Verdict(Status.UNKNOWN, str(seen.silent))
    services = seen.now["services"]
    return _service(seen.now, name) if name in services else _stranger("service", name, services)


def _stranger(kind: str, name: str, known: Iterable[str]) -> Verdict:
    return Verdict(Status.UNKNOWN, f"no {kind} {name!r} on this gateway; known: {', '.join(known)}")


def _daemon(fault: Document) -> Verdict:
    return Verdict(Status.WARNING, f"relaisd: {fault['part']} degraded: {fault['why']}")


def _wan(name: str, wan: Document) -> Verdict:
    state, quality, admin = wan["state"], wan["quality"], wan["admin"]
    status, why = Status.OK, ""
    quota = wan.get("quota")
    if state in ("down", "lost"):
        status, why = Status.CRITICAL, wan["reason"]
    elif state == "unknown":
        status, why = Status.UNKNOWN, wan["reason"]
    elif state == "recovering":
        status, why = Status.WARNING, wan["reason"]
    elif quality in ("degraded", "partial"):
        status, why = Status.WARNING, f"{quality}: {wan['quality_reason']}"
    elif wan["suppressed"]:
        status, why = Status.WARNING, "kept out of use because it flaps"
    elif admin != "auto":
        status, why = Status.WARNING, f"asked to {admin} by hand"
    elif quota is not None and quota["percent"] >= QUOTA_WARNING_PERCENT:
        status, why = Status.WARNING, f"{quota['percent']:g} % of its quota is used"
    return Verdict(
        status, f"{name} {state}" + (f" ({why})" if why else ""), _wan_figures(name, wan)
    )


def _wan_figures(name: str, wan: Document) -> tuple[str, ...]:
    """Loss, delays and opinion score; what is not known is left out."""
    figures = []
    if wan.get("loss_percent") is not None:
        figures.append(f"'{name} loss'={wan['loss_percent']:g}%;;;0;100")
    for key in ("rtt", "jitter"):
        if wan.get(f"{key}_ms") is not None:
            figures.append(f"'{name} {key}'={round(wan[f'{key}_ms'] / 1000, 6):g}s;;;0")
    if wan.get("mos") is not None:
        figures.append(f"'{name} mos'={wan['mos']:g};;;1;4.5")
    return tuple(figures)


def _service(state: Document, name: str) -> Verdict:
    service = state["services"][name]
    used = [member["wan"] for member in service["wans"]]
    alive = any(usable(state["wans"].get(wan, {})) for wan in used)
    if not alive and service["rule"] == "pending":
        status, told = Status.UNKNOWN, f" ({service['reason']})"
    elif not alive:
        status, told = Status.CRITICAL, f" ({service['reason']})"
    elif service.get("on_backup"):
        status, told = Status.WARNING, f" since {service['since']} ({service['reason']})"
    else:
        status, told = Status.OK, ""
    figure = f"'{name} on backup'={int(bool(service.get('on_backup')))};;;0;1"
    return Verdict(status, f"{name} on {'+'.join(used)}{told}", (figure,))


def _gravest(parts: Iterable[Verdict]) -> Status:
    found = {part.status for part in parts}
    return next((status for status in _GRAVEST_FIRST if status in found), Status.OK)


def _gravest_told(parts: Iterable[Verdict]) -> str:
    """What is wrong before what is well, in the order in which it was looked at."""
    ordered = sorted(parts, key=lambda part: _GRAVEST_FIRST.index(part.status))
    return ", ".join(part.text for part in ordered)
