# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the incident that a drill made, hold it against the drill's timeline, and print its id."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

TOLERANCE_MS = 100
"""The two place the same event by different clocks, read at different instants."""


def instant_ms(text: str) -> float:
    """Return an RFC 3339 instant in ms of the epoch."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000


def differences(drill: dict[str, Any], incident: dict[str, Any]) -> list[str]:
    """Return what the incident tells otherwise than the drill."""
    injected = instant_ms(drill["fault"]["injected_at"])
    noted = [one for one in drill["timeline"] if one.get("source") == "daemon"]
    last = max((one["at_ms"] for one in noted), default=0)
    told = [(instant_ms(one["at"]) - injected, one) for one in incident["timeline"]]
    within = [(at, one) for at, one in told if at <= last]
    wrong = [] if within else ["it tells none of its events"]
    for at, entry in within:
        same = [one["at_ms"] for one in noted if one["what"] == entry["what"]]
        if all(abs(at - one) > TOLERANCE_MS for one in same):
            wrong.append(f"{entry['what']} at {at:.0f} ms; in the drill at {same} ms")
    began = instant_ms(incident["began_at"]) - injected
    if not -TOLERANCE_MS <= began <= drill["fault"]["seconds"] * 1000:
        wrong.append(f"the incident begins {began:.0f} ms after the fault")
    return wrong


def of_drill(drill: dict[str, Any], incidents: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the incident of a drill, None when there is none."""
    injected = instant_ms(drill["fault"]["injected_at"])
    ends = injected + drill["fault"]["seconds"] * 1000
    for one in incidents:
        in_time = injected - TOLERANCE_MS <= instant_ms(one["began_at"]) <= ends
        if one["class"] == "drill" and drill["fault"]["wan"] in one["wans"] and in_time:
            return one
    return None


def main(drill_path: str, incidents_path: str) -> int:
    """Read both files and print the id."""
    drill = json.loads(Path(drill_path).read_text(encoding="utf-8"))
    incidents = json.loads(Path(incidents_path).read_text(encoding="utf-8"))["incidents"]
    incident = of_drill(drill, incidents)
    if incident is None:
        told = ", ".join(f"{one['id']} ({one['class']})" for one in incidents) or "none"
        print(f"the drill {drill['id']} has left no incident; there is: {told}", file=sys.stderr)
        return 1
    wrong = differences(drill, incident)
    for one in wrong:
        print(f"{incident['id']} is not true to the drill: {one}", file=sys.stderr)
    print(incident["id"])
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
