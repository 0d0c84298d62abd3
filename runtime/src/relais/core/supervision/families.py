# SPDX-License-Identifier: GPL-3.0-or-later
"""Every metric: its name, what it means, and how it is read.

Names and units follow https://prometheus.io/docs/practices/naming/: seconds, bytes, ratios.
docs/reference/metrics.md is written from this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from relais.core.model import Admin
from relais.core.quality import Quality
from relais.core.quota import BYTES_PER_GB
from relais.core.supervision import readers
from relais.core.supervision.model import usable
from relais.core.supervision.readers import (
    Reader,
    instant,
    number,
    of_each,
    of_site,
    of_targets,
    one_of,
    times,
    within,
)
from relais.core.transitions import LinkState

BYTES_PER_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Family:
    """One metric with all its samples."""

    name: str
    kind: Literal["gauge", "counter"]
    help: str
    labels: tuple[str, ...]
    read: Reader


_WAN = ("wan",)
_quota_bytes = times("of_gb", BYTES_PER_GB)
_budget_bytes = times("month_mb", BYTES_PER_MB)

FAMILIES: tuple[Family, ...] = (
    Family(
        "relais_up",
        "gauge",
        "Whether relaisd keeps its state up to date; else nothing more is told.",
        (),
        readers.up,
    ),
    Family(
        "relais_state_timestamp_seconds",
        "gauge",
        "When relaisd wrote its state last.",
        (),
        readers.written,
    ),
    Family("relais_build_info", "gauge", "Version of relaisd.", ("version",), readers.build),
    Family(
        "relais_site_info",
        "gauge",
        "Names of the site and of the gateway in the inventory.",
        ("site", "gateway"),
        readers.site,
    ),
    Family(
        "relais_start_timestamp_seconds",
        "gauge",
        "When relaisd was started.",
        (),
        of_site(instant("started_at")),
    ),
    Family(
        "relais_daemon_degraded",
        "gauge",
        "How many parts of relaisd itself do not work.",
        (),
        of_site(lambda s: len(s.get("degraded", ()))),
    ),
    Family(
        "relais_daemon_degraded_since_timestamp_seconds",
        "gauge",
        "Since when a part of relaisd itself does not work.",
        ("part",),
        readers.degraded,
    ),
    Family(
        "relais_events_total",
        "counter",
        "Events that relaisd has told of since it was installed.",
        (),
        of_site(number("last_event")),
    ),
    Family(
        "relais_repairs_last_hour",
        "gauge",
        "Repairs, in the last hour, of what other programs took away.",
        (),
        of_site(within("repairs", number("last_hour"))),
    ),
    Family(
        "relais_repairs_fought_over",
        "gauge",
        "Things that another program keeps taking away: relaisd has given up.",
        (),
        of_site(within("repairs", lambda r: len(r.get("fought_over", ())))),
    ),
    Family(
        "relais_incidents_open",
        "gauge",
        "Incidents that have not ended.",
        (),
        of_site(lambda s: len(s.get("incidents", ()))),
    ),
    Family(
        "relais_incident_open",
        "gauge",
        "An incident that has not ended; no WAN where the whole site is concerned.",
        ("id", "class", "wan"),
        readers.incident,
    ),
    Family(
        "relais_wan_info",
        "gauge",
        "Interface of a WAN, and whether its traffic is counted.",
        ("wan", "interface", "metered"),
        readers.wan_info,
    ),
    Family(
        "relais_wan_up",
        "gauge",
        "Whether new flows may take the WAN: up, or suspect and not found guilty.",
        _WAN,
        of_each("wans", lambda w: float(usable(w))),
    ),
    Family(
        "relais_wan_state",
        "gauge",
        "1 for the state that the WAN is in, 0 for the others.",
        ("wan", "state"),
        one_of("state", tuple(map(str, LinkState))),
    ),
    Family(
        "relais_wan_state_since_timestamp_seconds",
        "gauge",
        "Since when the WAN is in its state.",
        _WAN,
        of_each("wans", instant("since")),
    ),
    Family(
        "relais_wan_admin",
        "gauge",
        "1 for what the administrator asked of the WAN, 0 for the others.",
        ("wan", "mode"),
        one_of("admin", tuple(map(str, Admin))),
    ),
    Family(
        "relais_wan_quality",
        "gauge",
        "1 for what a living WAN is worth, 0 for the others.",
        ("wan", "quality"),
        one_of("quality", tuple(map(str, Quality))),
    ),
    Family(
        "relais_wan_suppressed",
        "gauge",
        "Whether the WAN is kept out of use because it flaps.",
        _WAN,
        of_each("wans", lambda w: float(w.get("suppressed", False))),
    ),
    Family(
        "relais_wan_carrier",
        "gauge",
        "Whether the interface has a carrier.",
        _WAN,
        of_each("wans", lambda w: float(w.get("carrier", False))),
    ),
    Family(
        "relais_wan_loss_ratio",
        "gauge",
        "Part of the newest probes that no answer came back for, both ways.",
        _WAN,
        of_each("wans", number("loss_percent", divided_by=100)),
    ),
    Family(
        "relais_wan_rtt_seconds",
        "gauge",
        "Smoothed round-trip time to the far targets.",
        _WAN,
        of_each("wans", number("rtt_ms", divided_by=1000)),
    ),
    Family(
        "relais_wan_jitter_seconds",
        "gauge",
        "Smoothed difference of two round-trip times in a row.",
        _WAN,
        of_each("wans", number("jitter_ms", divided_by=1000)),
    ),
    Family(
        "relais_wan_mos",
        "gauge",
        "Estimated opinion score of a call over the WAN (ITU-T G.107), 1 to 4.5.",
        ("wan", "codec"),
        readers.mos,
    ),
    Family(
        "relais_wan_receive_bytes_total",
        "counter",
        "Bytes of IP packets received from the WAN since the ruleset was loaded.",
        _WAN,
        of_each("wans", number("rx_bytes")),
    ),
    Family(
        "relais_wan_transmit_bytes_total",
        "counter",
        "Bytes of IP packets sent to the WAN since the ruleset was loaded.",
        _WAN,
        of_each("wans", number("tx_bytes")),
    ),
    Family(
        "relais_wan_proved_timestamp_seconds",
        "gauge",
        "When a far target answered last through the WAN.",
        _WAN,
        readers.proved,
    ),
    Family(
        "relais_wan_quota_bytes",
        "gauge",
        "What the contract allows in a month.",
        _WAN,
        of_each("wans", within("quota", _quota_bytes)),
    ),
    Family(
        "relais_wan_quota_used_bytes",
        "gauge",
        "What is used of it in this month.",
        _WAN,
        of_each("wans", within("quota", times("used_gb", BYTES_PER_GB))),
    ),
    Family(
        "relais_wan_quota_reset_timestamp_seconds",
        "gauge",
        "When the next month of the quota begins.",
        _WAN,
        of_each("wans", within("quota", instant("resets_at"))),
    ),
    Family(
        "relais_wan_probe_budget_bytes",
        "gauge",
        "What probes may cost on the WAN in a month.",
        _WAN,
        of_each("wans", within("probe_budget", _budget_bytes)),
    ),
    Family(
        "relais_wan_probe_budget_left_bytes",
        "gauge",
        "What probes may cost on the WAN right now.",
        _WAN,
        of_each("wans", within("probe_budget", number("left_bytes"))),
    ),
    Family(
        "relais_wan_target_answers",
        "gauge",
        "Whether a target answered the newest probe through the WAN.",
        ("wan", "target"),
        of_targets(readers.answers),
    ),
    Family(
        "relais_wan_target_rtt_seconds",
        "gauge",
        "Round-trip time of the newest answer of a target.",
        ("wan", "target"),
        of_targets(number("rtt_ms", divided_by=1000)),
    ),
    Family(
        "relais_service_info",
        "gauge",
        "Importance of a service.",
        ("service", "importance"),
        readers.service_info,
    ),
    Family(
        "relais_service_up",
        "gauge",
        "Whether a WAN that new flows of the service take is relais_wan_up.",
        ("service",),
        readers.service_up,
    ),
    Family(
        "relais_service_wan",
        "gauge",
        "Whether new flows of the service take the WAN.",
        ("service", "wan"),
        readers.service_wan,
    ),
    Family(
        "relais_service_on_backup",
        "gauge",
        "Whether the service does without a WAN that it should use.",
        ("service",),
        of_each("services", number("on_backup")),
    ),
    Family(
        "relais_service_since_timestamp_seconds",
        "gauge",
        "Since when the service uses what it uses.",
        ("service",),
        of_each("services", instant("since")),
    ),
)
