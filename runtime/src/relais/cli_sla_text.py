# SPDX-License-Identifier: GPL-3.0-or-later
"""`relais.sla/1` as text for an engineer, no wider than 100 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from relais.cli_tables import table

WIDTH = 100
_LABEL = 18
_UNITS_MS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s"))
Doc = Mapping[str, Any]


def sla_text(result: Doc) -> str:
    """The whole document."""
    zone = ZoneInfo(result["timezone"])
    parts = [_head(result)]
    for group in result["operators"]:
        operator = f"OPERATOR {group['operator'] or '(not named in the inventory)'}"
        parts.append(textwrap.fill(operator, WIDTH))
        parts += [_link(link, zone) for link in group["links"]]
    if "services" in result:
        parts.append(_services(result["services"]))
    if "site_availability" in result:
        parts.append(_site(result["site_availability"], zone))
    rules = (_wrapped(name.replace("_", " ").capitalize(), rule) for name, rule in _rules(result))
    parts.append("\n".join(["HOW EACH FIGURE IS FOUND (docs/reference/sla.md)", *rules]))
    return "\n\n".join(parts)


def _rules(result: Doc) -> list[tuple[str, str]]:
    told = result["rules"].items()
    return [(k, v) for k, v in told if "services" in result or k not in ("services", "site")]


def _head(result: Doc) -> str:
    who = f"{result['site']} ({result['gateway']}): " if result["site"] else ""
    data = "nothing was measured"
    if result["first_data_at"]:
        zone = ZoneInfo(result["timezone"])
        first, last = (_clock(result[key], zone) for key in ("first_data_at", "last_data_at"))
        data = f"measured from {first} to {last}"
    lines = [
        textwrap.fill(f"{who}service level", WIDTH),
        f"{result['from']} to {result['to']} ({result['timezone']}), {result['window_ms']:,} ms",
        data,
    ]
    return "\n".join(lines)


def _link(link: Doc, zone: ZoneInfo) -> str:
    title = " ".join([link["name"], *([f"({link['technology']})"] if link["technology"] else [])])
    if link["contract"]:
        title += f", contract {link['contract']}"
    lines = [textwrap.fill(title, WIDTH - 4), *_availability(link["availability"]), *_promise(link)]
    lines += _measured(link)
    lines += [_labelled("Micro-outages", _micro(link["micro_outages"]))]
    lines += _outages(link, zone)
    return "\n".join(f"  {line}" if index == 0 else f"    {line}" for index, line in _each(lines))


def _each(parts: Sequence[str]) -> list[tuple[int, str]]:
    return list(enumerate(line for part in parts for line in part.splitlines()))


def _availability(of: Doc) -> list[str]:
    percent = (
        "undefined, nothing was watched" if of["percent"] is None else f"{of['percent']:.4f} %"
    )
    rows = [
        ("observed", of["observed_ms"], f"of {of['window_ms']:,} ms"),
        ("  available", of["available_ms"], ""),
        ("  unavailable", of["unavailable_ms"], _spoken(of["unavailable_ms"])),
        ("  excluded", of["excused_ms"], _excused(of)),
        ("no data", of["no_data_ms"], "never counted as an outage"),
    ]
    shown = [f"  {name:<16}{ms:>16,} ms  {note}".rstrip() for name, ms, note in rows]
    return [_labelled("Availability", percent), *shown]


def _excused(of: Doc) -> str:
    if not of["excused_ms"]:
        return ""
    return f"drills and planned work; dark for {of['excused_unavailable_ms']:,} ms of it"


def _promise(link: Doc) -> list[str]:
    """What the contract says of availability, and whether it was kept."""
    if link["contract_kept"] is None:
        return [_labelled("Contract", "promises no availability")]
    told = {"kept": "KEPT", "missed": "MISSED", "unknown": "cannot be told, too much without data"}
    word = told[link["contract_kept"]]
    return [_labelled("Contract", f"promises {link['availability_percent']:g} %: {word}")]


def _measured(link: Doc) -> list[str]:
    loss, trip, pdv, call = (
        link[key] for key in ("loss", "round_trip", "delay_variation", "voice")
    )
    lost = "undefined (no samples)"
    if loss["percent"] is not None:
        interval = f"95 % interval {loss['low_percent']:.4f} to {loss['high_percent']:.4f} %"
        counts = f"{loss['lost']:,} lost of {loss['sent']:,} probes"
        lost = f"{loss['percent']:.4f} %, {counts}; {interval}"
    names = (("mean", "mean_us"), ("median", "median_us"), ("p95", "p95_us"))
    variation = (("p95", "p95_us"), ("p99", "p99_us"), ("p99.9", "p999_us"))
    least = f", above the least of {_ms(trip['least_us'])}" if trip["samples"] else ""
    return [
        _labelled("Loss", lost),
        _labelled("Round trip", _delays(trip, names) + f"; {trip['samples']:,} samples"),
        _labelled(
            "Delay variation",
            _delays(pdv, variation) + least + f"; {pdv['samples']:,} samples",
        ),
        _labelled("Voice", "undefined (too few samples)" if call is None else _call(call)),
        _labelled("Throughput", _throughput(link["throughput"])),
    ]


def _throughput(ways: Doc) -> str:
    told = [f"{name} {_carried(one)}" for name, one in ways.items() if one is not None]
    return "; ".join(told) or "not measured"


def _carried(of: Doc) -> str:
    sold = ""
    if of["sold_mbit"] is not None:
        sold = f", {of['percent']:.1f} % of the {of['sold_mbit']:g} sold"
    times = "once" if of["samples"] == 1 else f"{of['samples']} times"
    return (
        f"median {of['median_mbit']:g} Mbit/s{sold} (least {of['least_mbit']:g}, "
        f"most {of['most_mbit']:g}, measured {times})"
    )


def _delays(of: Doc, names: Sequence[tuple[str, str]]) -> str:
    if not of["samples"]:
        return "undefined"
    return ", ".join(f"{name} {_ms(of[key])}" for name, key in names)


def _call(call: Doc) -> str:
    concealed = "with PLC" if call["plc"] else "without PLC"
    return (
        f"MOS {call['mos']:.2f} (R {call['rating']:.2f}), {call['model']}, {call['codec']} "
        f"{concealed} (Ie {call['ie']:g}, Bpl {call['bpl']:g}), Ta {_ms(call['ta_us'])}, "
        f"loss {call['loss_percent']:.4f} %"
    )


def _micro(of: Doc) -> str:
    aside = f"; {of['excused']} more in drills and planned work" if of["excused"] else ""
    if not of["count"]:
        return f"none{aside}"
    hours = ", ".join(f"{hour:02d}h:{n}" for hour, n in enumerate(of["by_hour"]) if n)
    return (
        f"{of['count']}, together {of['total_ms']:,} ms, longest {of['longest_ms']:,} ms{aside}; "
        f"by hour of day {hours}"
    )


def _outages(link: Doc, zone: ZoneInfo) -> list[str]:
    promised = link["repair_time_hours"]
    gtr = "no repair time promised"
    if promised is not None:
        repairs = link["repairs"]
        gtr = (
            f"repair promised within {promised:g} h (GTR): {repairs['kept']} kept, "
            f"{repairs['missed']} missed, {repairs['unknown']} cannot be told"
        )
    counted = sum(not one["excused"] and one["begun_inside"] for one in link["outages"])
    lines = [_labelled("Outages", f"{counted} that count; {gtr}")]
    if link["outages"]:
        header = ("BEGAN", "ENDED", "TIME TO REPAIR", "PROMISE")
        rows = [_outage(one, zone) for one in link["outages"]]
        lines.append(textwrap.indent(table(header, rows), "  "))
    return lines


def _outage(one: Doc, zone: ZoneInfo) -> tuple[str, str, str, str]:
    counted = "excused" if one["excused"] else _long(one["counted_ms"])
    if not one["excused"] and one["counted_ms"] < one["duration_ms"]:
        counted += f" of {_long(one['duration_ms'])}"
    at_least = "" if one["begin_seen"] and one["end_seen"] else ">= "
    notes = [] if one["begun_inside"] else ["earlier"]
    if one["repaired_in_time"]:
        told = {"kept": "kept", "missed": "MISSED", "unknown": "unknown"}
        notes.insert(0, told[one["repaired_in_time"]])
    return (
        _clock(one["began_at"], zone),
        _clock(one["ended_at"], zone),
        at_least + counted,
        ", ".join(notes) or "-",
    )


def _services(services: Sequence[Doc]) -> str:
    header = ("SERVICE", "AVAILABLE", "UNAVAILABLE", "OUTAGES", "MICRO", "EXCLUDED", "NO DATA")
    rows = [(one["name"][:24], *_row(one)) for one in services]
    text = table(header, rows) if rows else "nothing was measured"
    return "SERVICES, as the staff had them, switches included\n" + textwrap.indent(text, "  ")


def _row(one: Doc) -> tuple[str, ...]:
    of = one["availability"]
    return (
        "undefined" if of["percent"] is None else f"{of['percent']:.4f} %",
        f"{of['unavailable_ms']:,} ms",
        str(sum(not outage["excused"] and outage["begun_inside"] for outage in one["outages"])),
        str(one["micro_outages"]["count"]),
        _short(of["excused_ms"]),
        _short(of["no_data_ms"]),
    )


def _site(of: Doc, zone: ZoneInfo) -> str:
    lines = ["SITE, at least one line works", *_availability(of["availability"])]
    header = ("DARK FROM", "TO", "FOR")
    rows = [
        (
            _clock(one["began_at"], zone),
            _clock(one["ended_at"], zone),
            _long(one["duration_ms"]) + (" (excused)" if one["excused"] else ""),
        )
        for one in of["outages"]
    ]
    if rows:
        lines.append(table(header, rows))
    return "\n".join(line if index == 0 else f"  {line}" for index, line in _each(lines))


def _labelled(label: str, text: str) -> str:
    """A label and a text that goes on under itself, with room for the deepest indent."""
    return textwrap.fill(
        text,
        WIDTH - 4,
        initial_indent=f"{label:<{_LABEL}}",
        subsequent_indent=" " * _LABEL,
    )


def _wrapped(label: str, text: str) -> str:
    return textwrap.indent(_labelled(label, text), "  ")


def _ms(us: int | None) -> str:
    return "undefined" if us is None else f"{us / 1000:,.3f} ms"


def _spoken(ms: int) -> str:
    return "" if ms < 10_000 else _long(ms)


def _short(ms: int) -> str:
    return "-" if ms == 0 else _long(ms)


def _long(ms: int) -> str:
    """The two largest units of a time, milliseconds below ten seconds: `3 h 12 min`."""
    if ms < 10_000:
        return f"{ms:,} ms"
    parts = []
    for length, unit in _UNITS_MS:
        if ms >= length:
            parts.append(f"{ms // length} {unit}")
            ms %= length
    return " ".join(parts[:2])


def _clock(text: str, zone: ZoneInfo) -> str:
    """`2026-11-03 09:00:00+01`, by the clocks of the site."""
    local = datetime.fromisoformat(text).astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M:%S}" + f"{local:%z}".removesuffix("00")
