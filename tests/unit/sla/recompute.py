# SPDX-License-Identifier: GPL-3.0-or-later
"""Compute every figure of `relais sla --json` again, from an export and by the written rules only.

    python3 recompute.py EXPORT.jsonl SLA.json [CONFIG.json]

It needs Python 3.11 and nothing else, and shares no line with the program that it checks: the
export is what `relais export` wrote of periods, of events and of rolls of every step, one behind
the other; the rules are those of docs/reference/sla.md and docs/reference/history.md. Exit status
0: every figure agrees to the last digit; 1: the differences are printed, one a line.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime, timezone
from decimal import Decimal, getcontext
from pathlib import Path
from zoneinfo import ZoneInfo

getcontext().prec = 60
DARK, SHORT, WELL = "unavailable", "micro_outage", "available"
CODECS = {  # name, PLC, Ie, Bpl
    "g711": ("G.711", True, "0", "25.1"),
    "g711_without_plc": ("G.711", False, "0", "4.3"),
    "g729a": ("G.729A", True, "11", "19"),
}


def main(arguments):
    export, told = (Path(name).read_text(encoding="utf-8") for name in arguments[:2])
    config = json.loads(Path(arguments[2]).read_text(encoding="utf-8")) if arguments[2:] else None
    differences = compare(json.loads(told), export.splitlines(), config)
    print("\n".join(differences) or "every figure agrees to the last digit")
    return 1 if differences else 0


def compare(told, lines, config):
    """The differences between a document and what the export gives, as sentences."""
    found = []
    _differences("", told, figures(told, lines, config), found)
    return found


def _differences(path, told, found, sentences):
    if isinstance(told, dict) and isinstance(found, dict):
        for key in {**told, **found}:
            if key == "rules":
                continue
            if key in told and key in found:
                _differences(f"{path}.{key}", told[key], found[key], sentences)
            else:
                where = "the document" if key in told else "the export"
                sentences.append(f"{path}.{key}: only {where} has it")
    elif isinstance(told, list) and isinstance(found, list) and len(told) == len(found):
        for index, (one, other) in enumerate(zip(told, found)):  # noqa: B905 - alike
            _differences(f"{path}[{index}]", one, other, sentences)
    elif told != found or isinstance(told, bool) != isinstance(found, bool):
        sentences.append(f"{path}: the document says {told!r}, the export gives {found!r}")


def read(lines):
    """Rolls, periods and measured throughput of an export, as dicts."""
    rows = [json.loads(line) for line in lines]
    tables = ("rolls", "periods", "events")
    rolls, periods, events = ([r for r in rows if r.get("table") == t] for t in tables)
    return rolls, periods, [event for event in events if event["kind"] == "throughput"]


def figures(told, lines, config):
    """The document that the export gives for the window, zone and lines of another one."""
    rolls, periods, filled = read(lines)
    zone = ZoneInfo(told["timezone"])
    begin, end = (unix_ms(told[key]) for key in ("from", "to"))
    named = config["wans"] if config else journalled(periods)
    names = [wan["name"] for wan in named]
    wans = [*named, *(wan for wan in journalled(periods) if wan["name"] not in names)]
    asked = [link["name"] for group in told["operators"] for link in group["links"]]
    codec = "g711"
    for service in config["services"] if config else []:
        if (service.get("sla") or {}).get("mos") is not None:
            codec = service["sla"].get("codec", "g711")
            break
    lines_of = {wan["name"]: straight(periods, "wan", wan["name"]) for wan in wans}
    inside = [p for p in periods if p["began_ms"] < end and p["ended_ms"] > begin]
    result = {
        "schema": "relais.sla/1",
        "site": config["site"] if config else "",
        "gateway": config["gateway"] if config else "",
        "timezone": config.get("timezone", "UTC") if config else "UTC",
        "from": told["from"],
        "to": told["to"],
        "window_ms": end - begin,
        "first_data_at": text(max(begin, min(p["began_ms"] for p in inside))) if inside else None,
        "last_data_at": text(min(end, max(p["ended_ms"] for p in inside))) if inside else None,
        "operators": [],
    }
    chosen = [wan for wan in wans if wan["name"] in asked]
    groups = dict.fromkeys(wan.get("operator") or None for wan in chosen)
    groups = sorted(groups, key=lambda operator: operator is None)  # The lines without one last.
    for operator in groups:
        of = [wan for wan in chosen if (wan.get("operator") or None) == operator]
        links = [
            link(wan, lines_of[wan["name"]], rolls, codec, begin, end, zone)
            | {"throughput": throughput(wan["name"], filled, begin, end)}
            for wan in of
        ]
        result["operators"].append({"operator": operator, "links": links})
    if "services" in told:
        services = sorted({p["name"] for p in periods if p["subject"] == "service"})
        result["services"] = [
            {"name": name, **worked(straight(periods, "service", name), begin, end, zone)}
            for name in services
        ]
        result["site_availability"] = worked(
            whole_site({name: lines_of[name] for name in names}), begin, end, zone
        )
    return result


def journalled(periods):
    """The lines of the journal, of which no contract is known."""
    return [
        {"name": name} for name in sorted({p["name"] for p in periods if p["subject"] == "wan"})
    ]


def straight(periods, subject, name):
    """(condition, excused, begin, end) in order; what overlaps counts as it was told first."""
    found, last = [], None
    own = [p for p in periods if (p["subject"], p["name"]) == (subject, name)]
    for p in sorted(own, key=lambda p: (p["began_ms"], p["ended_ms"])):
        begin = p["began_ms"] if last is None else max(last, p["began_ms"])
        if begin >= p["ended_ms"]:
            continue
        last = p["ended_ms"]
        state = [p["condition"], bool(p["excused"])]
        if found and found[-1][:2] == state and found[-1][3] == begin:
            found[-1][3] = last
        else:
            found.append([*state, begin, last])
    return found


def whole_site(lines_of):
    """The same of the site: between two changes of any line nothing changes."""
    edges = sorted({edge for of in lines_of.values() for s in of for edge in s[2:]})
    places = dict.fromkeys(lines_of, 0)
    found = []
    for k in range(len(edges) - 1):
        begin, end = edges[k], edges[k + 1]
        now = {}
        for name, of in lines_of.items():
            while places[name] < len(of) and of[places[name]][3] <= begin:
                places[name] += 1
            if places[name] < len(of) and of[places[name]][2] <= begin:
                now[name] = of[places[name]]
        kinds = {s[0] for s in now.values()}
        if WELL in kinds:
            state = [WELL, False]
        elif SHORT in kinds:
            state = [SHORT, False]
        elif now and len(now) == len(lines_of):
            state = [DARK, any(s[1] for s in now.values())]
        else:
            continue
        if found and found[-1][:2] == state and found[-1][3] == begin:
            found[-1][3] = end
        else:
            found.append([*state, begin, end])
    return found


def worked(of, begin, end, zone):
    return {
        "availability": availability(of, begin, end),
        "micro_outages": micro(of, begin, end, zone),
        "outages": [shown for shown, _verdict in outages(of, begin, end, None)],
    }


def availability(of, begin, end):
    def total(keep):
        return sum(
            max(0, min(s[3], end) - max(s[2], begin)) for s in of if keep(s[0] == DARK, s[1])
        )

    available = total(lambda dark, excused: not dark and not excused)
    unavailable = total(lambda dark, excused: dark and not excused)
    excused = total(lambda dark, excused: excused)
    return {
        "window_ms": end - begin,
        "available_ms": available,
        "unavailable_ms": unavailable,
        "excused_ms": excused,
        "excused_unavailable_ms": total(lambda dark, excused: dark and excused),
        "observed_ms": available + unavailable + excused,
        "no_data_ms": end - begin - available - unavailable - excused,
        "percent": percent(available, available + unavailable),
    }


def percent(part, whole):
    """Cut after four decimals."""
    return None if whole == 0 else float(Decimal(part * 1_000_000 // whole).scaleb(-4))


def micro(of, begin, end, zone):
    inside = [s for s in of if s[0] == SHORT and begin <= s[2] < end]
    lengths = [s[3] - s[2] for s in inside if not s[1]]
    hours = [datetime.fromtimestamp(s[2] / 1000, zone).hour for s in inside if not s[1]]
    return {
        "count": len(lengths),
        "total_ms": sum(lengths),
        "longest_ms": max(lengths or [0]),
        "by_hour": [hours.count(hour) for hour in range(24)],
        "excused": len(inside) - len(lengths),
    }


def outages(of, begin, end, promised_hours):
    """Each with the verdict on its repair."""
    groups = []
    for place, s in enumerate(of):
        if s[0] == DARK:
            if groups and groups[-1][-1] == place - 1 and of[place - 1][3] == s[2]:
                groups[-1].append(place)
            else:
                groups.append([place])
    found = []
    for group in groups:
        first, last = of[group[0]], of[group[-1]]
        if first[2] >= end or last[3] <= begin:
            continue
        counted = sum(of[k][3] - of[k][2] for k in group if not of[k][1])
        begin_seen = group[0] > 0 and of[group[0] - 1][3] == first[2]
        end_seen = group[-1] + 1 < len(of) and of[group[-1] + 1][2] == last[3]
        verdict = None
        if promised_hours is not None and counted:
            late = counted > Decimal(str(promised_hours)) * 3_600_000
            verdict = "missed" if late else "kept" if begin_seen and end_seen else "unknown"
        shown = {
            "began_at": text(first[2]),
            "ended_at": text(last[3]),
            "duration_ms": last[3] - first[2],
            "counted_ms": counted,
            "excused": counted == 0,
            "begin_seen": begin_seen,
            "end_seen": end_seen,
            "begun_inside": begin <= first[2] < end,
        }
        found.append((shown, verdict))
    return found


def link(wan, of, rolls, codec, begin, end, zone):
    hours, promised = wan.get("repair_time_hours"), wan.get("availability_percent")
    found = outages(of, begin, end, hours)
    verdicts = [verdict for shown, verdict in found if shown["begun_inside"]]
    taken = pick([r for r in rolls if r["wan"] == wan["name"]], of, begin, end)
    counts = {}
    for roll in taken:
        for number, count in roll["rtt_buckets"].items():
            counts[int(number)] = counts.get(int(number), 0) + count
    sent, lost, total_us, watched = (
        sum(roll[key] for roll in taken) for key in ("sent", "lost", "rtt_sum_us", "observed_ms")
    )
    count = sum(counts.values())
    least = min((r["rtt_least_us"] for r in taken if r["rtt_least_us"] is not None), default=None)
    mean = int((Decimal(total_us) / count + Decimal("0.5")) // 1) if count else None
    p95, p99, p999 = (quantile(counts, n) for n in (950, 990, 999))

    def above(value):
        return None if value is None else max(0, value - least)

    seen = availability(of, begin, end)
    return {
        **{key: wan.get(key) for key in ("name", "operator", "technology", "contract")},
        "repair_time_hours": hours,
        "availability_percent": promised,
        **worked(of, begin, end, zone),
        "contract_kept": kept(seen, promised),
        "repairs": {kind: verdicts.count(kind) for kind in ("kept", "missed", "unknown")},
        "outages": [{**shown, "repaired_in_time": verdict} for shown, verdict in found],
        "loss": {"sent": sent, "lost": lost, "percent": percent(lost, sent), **wilson(lost, sent)},
        "round_trip": {
            "samples": count,
            "least_us": least,
            "mean_us": mean,
            "median_us": quantile(counts, 500),
            "p95_us": p95,
        },
        "delay_variation": {
            "samples": count,
            "p95_us": above(p95),
            "p99_us": above(p99),
            "p999_us": above(p999),
        },
        "voice": call(mean, above(p95), lost, sent, codec),
        "watched_ms": watched,
    }


def throughput(name, filled, begin, end):
    own = [f for f in filled if f["wan"] == name and begin <= unix_ms(f["at"]) < end]
    own.sort(key=lambda f: f["seq"])
    return {way: carried([f["inputs"] for f in own], way) for way in ("down", "up")}


def carried(inputs, way):
    inputs = [one for one in inputs if one[f"{way}_mbit"] is not None]
    if not inputs:
        return None
    rates = sorted(one[f"{way}_mbit"] for one in inputs)
    sold, median = inputs[-1][f"sold_{way}_mbit"], rates[(len(rates) + 1) // 2 - 1]
    bits = [int(Decimal(str(mbit or 0)) * 1_000_000) for mbit in (median, sold)]
    return {
        "samples": len(rates),
        "least_mbit": rates[0],
        "median_mbit": median,
        "most_mbit": rates[-1],
        "sold_mbit": sold,
        "percent": percent(*bits),
    }


def kept(seen, promised):
    if promised is None:
        return None
    share = Decimal(str(promised)) / 100
    judged = seen["available_ms"] + seen["unavailable_ms"]
    if judged and seen["available_ms"] >= share * judged:
        return "kept"
    best, all_ms = seen["available_ms"] + seen["no_data_ms"], judged + seen["no_data_ms"]
    return "missed" if judged and best < share * all_ms else "unknown"


def pick(rolls, of, begin, end):
    """Every second once, by the longest roll that lies in the window and touches no excuse."""
    excused = [(s[2], s[3]) for s in of if s[1]]
    covered, taken = set(), []
    for step in (3600, 60, 1):
        for roll in rolls:
            first, last = roll["at_s"] * 1000, (roll["at_s"] + step) * 1000
            if roll["step_s"] != step or first < begin or last > end:
                continue
            if any(a < last and b > first for a, b in excused):
                continue
            if roll["at_s"] in covered:
                continue
            covered.update(range(roll["at_s"], roll["at_s"] + step))
            taken.append(roll)
    return taken


def quantile(counts, per_mille):
    count = sum(counts.values())
    if count * (1000 - per_mille) < 1000:
        return None
    rank, seen = max((count * per_mille + 999) // 1000, 1), 0
    for number in sorted(counts):
        seen += counts[number]
        if seen >= rank:
            shift = max(number // 32 - 1, 0)
            part = number - 32 * shift
            return (part * 2**shift + (part + 1) * 2**shift - 1) // 2
    return None


def wilson(lost, sent):
    """The 95 % score interval, in another form of the formula and with 60 digits."""
    if not sent:
        return {"low_percent": None, "high_percent": None}
    n, x, z2 = Decimal(sent), Decimal(lost), Decimal("1.96") ** 2
    spread = (z2 * (z2 + 4 * x * (n - x) / n)).sqrt()
    low, high = ((2 * x + z2 + sign * spread) / (2 * (n + z2)) for sign in (-1, 1))
    return {
        "low_percent": digits(100 * low if lost else Decimal(0), "0.0001"),
        "high_percent": digits(100 * high if lost < sent else Decimal(100), "0.0001"),
    }


def call(mean, variation, lost, sent, codec):
    if not sent or mean is None or variation is None:
        return None
    name, plc, ie, bpl = CODECS[codec]
    ta_us, loss = mean // 2 + 20_000 + variation, Decimal(100 * lost) / sent
    ta, ie, bpl = Decimal(ta_us) / 1000, Decimal(ie), Decimal(bpl)
    rating = Decimal("93.2") - Decimal("0.024") * ta - ie - (95 - ie) * loss / (loss + bpl)
    rating -= Decimal("0.11") * max(Decimal(0), ta - Decimal("177.3"))
    curve = Decimal("0.000007") * rating * (rating - 60) * (100 - rating)
    mos = max(Decimal(1), 1 + Decimal("0.035") * rating + curve) if rating > 0 else Decimal(1)
    return {
        "model": "ITU-T G.107 (06/2015)",
        "rating": digits(rating, "0.01"),
        "mos": digits(mos, "0.01"),
        "codec": name,
        "plc": plc,
        "ie": float(ie),
        "bpl": float(bpl),
        "ta_us": ta_us,
        "loss_percent": percent(lost, sent),
    }


def digits(value, places):
    return float(value.quantize(Decimal(places)))


def unix_ms(instant):
    return int(Decimal(str(datetime.fromisoformat(instant).timestamp())) * 1000)


def text(at_ms):
    instant = datetime.fromtimestamp(at_ms // 1000, timezone.utc)  # noqa: UP017 - read anywhere
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
