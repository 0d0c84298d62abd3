# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arm, renew, confirm, take back: what a controller may ask, and what the clock does."""

from __future__ import annotations

import re
import time
from typing import Any

from . import files, kernel, store, units
from .programs import Failed
from .store import Store

RESTORE_TAKES_S = 5
"""The restoration begins so much before the end of the time that was given."""
MOVING = "/run/"
_REASON_CHARS = 400
_BY_THEMSELVES = ("interface ", "routes")
_UNIT_OF_LINK = re.compile(r"/05-relais-(?P<interface>.+)\.network$")


def interfaces(owned: dict[str, Any], paths: list[str]) -> list[str]:
    """Return every interface of ours: those of the plan, and those that files of ours name."""
    named = {match["interface"] for path in paths if (match := _UNIT_OF_LINK.search(path))}
    return sorted(set(owned["interfaces"]) | named)


def arm(
    place: Store, name: str, within_s: int, by: str, spec: dict[str, Any], sources: dict[str, bytes]
) -> dict[str, Any]:
    """Take a snapshot and set the clock. Raises Failed, with nothing armed, when it cannot."""
    with place.locked():
        waiting = place.pending()
        if waiting is not None:
            raise Failed(_refusal(place, waiting))
        try:
            _take_steady(place, name, by, spec, sources)
            _set_clock(place, name, within_s)
            units.install()
            place.arm(name)
            units.watch()
        except (OSError, Failed) as error:
            place.disarm()
            place.discard(name)
            words = getattr(error, "strerror", None) or str(error)
            raise Failed(f"nothing was touched, since there is no snapshot: {words}") from error
        return status(place)


def _refusal(place: Store, waiting: str) -> str:
    clock = store.read(place.snapshot(waiting) / "deadline") or {}
    manifest = store.read(place.snapshot(waiting) / "manifest.json") or {}
    return (
        f"another change, by {manifest.get('by', 'somebody')}, waits for its confirmation; "
        f"it is taken back at {clock.get('due_at', 'once')} unless it is confirmed. Run again then"
    )


def _take_steady(
    place: Store, name: str, by: str, spec: dict[str, Any], sources: dict[str, bytes]
) -> None:
    """Take a snapshot, again where a file was replaced or went while it was looked at."""
    for again in (True, True, False):
        try:
            _take(place, name, by, spec, sources)
        except (FileNotFoundError, files.Moved):
            if not again:
                raise
        else:
            return


def _take(
    place: Store, name: str, by: str, spec: dict[str, Any], sources: dict[str, bytes]
) -> None:
    owned = spec["owned"]
    root = place.prefix
    entries = [files.describe(root, path) for path in files.present(root, owned["files"])]
    kept = [entry for entry in entries if entry["kind"] == "file"]
    small = sum(entry["size"] for entry in kept if entry["size"] < files.LINK_FROM_BYTES)
    folder = place.begin(name, small)
    for entry in kept:
        files.keep(root, entry, folder / "files")
    units.write_program(place.base, sources)
    manifest = {
        "schema": store.SCHEMA,
        "id": name,
        "by": by,
        "armed_at": store.wall(),
        "owned": owned,
        "parents": files.absent_parents(root, owned["files"]),
        "files": entries,
        "units": units.states(owned["units"]),
        "kernel": kernel.capture(owned, interfaces(owned, [entry["path"] for entry in entries])),
        "egress": spec.get("egress", {}),
    }
    store.note(folder / "manifest.json", manifest)


def _set_clock(place: Store, name: str, within_s: int) -> None:
    rest_s = max(1, within_s - RESTORE_TAKES_S)
    store.note(
        place.snapshot(name) / "deadline",
        {
            "boot": store.boot_id(),
            "due_uptime_s": store.uptime() + rest_s,
            "due_at": store.wall(time.time() + rest_s),
            "within_s": within_s,
            "reason": f"nobody confirmed it within {within_s} s",
        },
    )


def renew(place: Store, name: str, within_s: int) -> dict[str, Any]:
    """Set the clock again. Raises Failed when the change is not the armed one."""
    with place.locked():
        _require(place, name)
        _set_clock(place, name, within_s)
        return status(place)


def _require(place: Store, name: str) -> None:
    waiting, last = place.pending(), place.last() or {}
    if waiting == name:
        return
    if waiting is not None:
        raise Failed(f"this change ({name}) is not the one that waits: {_refusal(place, waiting)}")
    if last.get("id") == name and last.get("outcome") == "rolled_back":
        raise Failed(f"the change was taken back at {last.get('at')}: {last.get('reason')}")
    raise Failed(f"no change {name} waits for a confirmation")


def waiting(place: Store, name: str) -> dict[str, Any]:
    """Return the manifest of the armed change. Raises Failed when it is another, or none."""
    _require(place, name)
    return manifest_of(place, name)


def manifest_of(place: Store, name: str) -> dict[str, Any]:
    """Return the manifest of a snapshot. Raises Failed when it cannot be read."""
    manifest = store.read(place.snapshot(name) / "manifest.json")
    if manifest is None:
        raise Failed(f"the manifest of snapshot {name} cannot be read")
    return manifest


def changes(place: Store, manifest: dict[str, Any]) -> list[str]:
    """Return in words what is not as it was when the snapshot was taken.

    Lines come and go by themselves, and so does the live choice: alone they are no change.
    """
    owned, root = manifest["owned"], place.prefix
    names = interfaces(owned, files.present(root, owned["files"]))
    now = kernel.capture(owned, sorted(set(names) | set(manifest["kernel"]["addresses"])))
    paths = files.differences(root, manifest["files"], owned["files"])
    words = [path for path in paths if not path.startswith(MOVING)]
    words += kernel.differences(manifest["kernel"], now)
    return words if any(not what.startswith(_BY_THEMSELVES) for what in words) else []


def confirm(place: Store, name: str, egress: dict[str, Any]) -> dict[str, Any]:
    """Keep the change. Raises Failed when it is not the armed one any more."""
    with place.locked():
        _require(place, name)
        manifest = manifest_of(place, name)
        changed = changes(place, manifest)
        place.disarm()
        units.rest()
        store.note(place.snapshot(name) / "progress", {"kept": True})
        place.release_reserve(name)
        if changed:
            place.finish(name, _record(manifest, "confirmed", "", changed, [], egress))
        return status(place)


def is_kept(place: Store, name: str) -> bool:
    """Whether the change was confirmed already; the answer may have been lost on its way."""
    return bool((store.read(place.snapshot(name) / "progress") or {}).get("kept"))


def take_back(place: Store, name: str, reason: str) -> dict[str, Any]:
    """Have the clock run out now, also for a change that was taken back and went on."""
    with place.locked():
        last = place.last() or {}
        if place.pending() is None and last.get("id") == name and last["outcome"] == "rolled_back":
            if not changes(place, manifest_of(place, name)):
                return status(place)
            place.arm(name)
        _require(place, name)
        clock = store.read(place.snapshot(name) / "deadline") or {}
        line = " ".join(reason.split())[:_REASON_CHARS]
        clock.update(due_uptime_s=0.0, due_at=store.wall(), reason=line, boot=store.boot_id())
        store.note(place.snapshot(name) / "deadline", clock)
        units.watch()
        return status(place)


def due(place: Store) -> str | None:
    """Return why the armed change is to be taken back now; None while it may wait."""
    name = place.pending()
    if name is None:
        return None
    clock = store.read(place.snapshot(name) / "deadline")
    if clock is None:
        return "its deadline cannot be read"
    if clock["boot"] != store.boot_id():
        return "the gateway was rebooted before anybody confirmed it"
    if store.uptime() >= clock["due_uptime_s"]:
        return str(clock["reason"])
    return None


def status(place: Store) -> dict[str, Any]:
    """What waits, until when, and what became of the last change."""
    name = place.pending()
    clock = store.read(place.snapshot(name) / "deadline") if name else None
    return {
        "pending": name,
        "due_at": clock["due_at"] if clock else None,
        "remaining_s": round(max(0.0, clock["due_uptime_s"] - store.uptime()), 1)
        if clock
        else None,
        "last": place.last(),
    }


def _record(
    manifest: dict[str, Any],
    outcome: str,
    reason: str,
    changed: list[str],
    problems: list[str],
    egress: dict[str, Any],
) -> dict[str, Any]:
    return {
        "schema": store.SCHEMA,
        "id": manifest["id"],
        "by": manifest["by"],
        "outcome": outcome,
        "at": store.wall(),
        "armed_at": manifest["armed_at"],
        "reason": reason,
        "changed": changed,
        "problems": problems,
        "egress": egress,
    }


def given_up(place: Store, name: str, reason: str) -> dict[str, Any]:
    """Leave the record of a change that cannot be taken back, and rest."""
    unknown = {"id": name, "by": "somebody", "armed_at": None}
    record = _record(unknown, "failed", reason, [], [reason], {})
    place.finish(name, record)
    place.disarm()
    return record


def rolled_back(
    place: Store, manifest: dict[str, Any], reason: str, changed: list[str], problems: list[str]
) -> dict[str, Any]:
    """Leave the record of a change that was taken back, and rest."""
    record = _record(manifest, "rolled_back", reason, changed, problems, {})
    place.finish(manifest["id"], record)
    place.disarm()
    return record
