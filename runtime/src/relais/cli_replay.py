# SPDX-License-Identifier: GPL-3.0-or-later
"""`relais replay`: a recorded decision taken again, and held against the journal."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from relais import __version__
from relais.cli_failure import fail
from relais.shell.recordings import JOURNAL, Kept, RecordingError, Recordings, sequence_number

if TYPE_CHECKING:
    from relais.simulate.recorded import Verdict
    from relais.simulate.trace import Plain, Recorded, Told, Trace

Subparsers = argparse._SubParsersAction
IDENTIFIER = re.compile(r"(\d{8}T\d{6}Z-)?\d+")
DONE, NEGATIVE, USAGE = 0, 1, 2


def register(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """Add the `replay` command."""
    parser = subparsers.add_parser(
        "replay", help="take a recorded decision again, and hold it against the journal"
    )
    parser.add_argument(
        "what", nargs="?", metavar="EVENT|FILE", help="an event of the journal (the newest), a file"
    )
    parser.add_argument("--list", action="store_true", help="what has been recorded")
    parser.add_argument("--export", type=Path, metavar="FILE", help="write the recording here")
    parser.add_argument("--journal", type=Path, default=JOURNAL, metavar="FILE")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from relais.core.fields import ConfigError
    from relais.simulate.trace import TraceError

    recordings = Recordings(arguments.journal)
    try:
        if arguments.list:
            return _list(arguments, recordings)
        name, text, journal = _chosen(arguments, recordings)
        if arguments.export is not None:
            arguments.export.write_text(text, encoding="utf-8")
        return _replay(arguments, name, text, journal)
    except RecordingError as error:
        status = USAGE if error.code == "bad_input" else NEGATIVE
        return fail(arguments, error.code, str(error), status)
    except (TraceError, ConfigError) as error:
        problem = "; ".join(str(error).splitlines())
        return fail(arguments, "bad_input", f"{name}: {problem}", USAGE)
    except (OSError, UnicodeDecodeError) as error:
        return fail(arguments, "bad_input", str(error), USAGE)


def _list(arguments: argparse.Namespace, recordings: Recordings) -> int:
    kept = recordings.kept()
    if arguments.json:
        print(json.dumps({"recordings": [asdict(one) for one in kept]}, indent=1))
    for one in kept if not arguments.json else ():
        print(f"{one.at}  events {one.first_seq} to {one.last_seq}, {one.bytes / 1000:.1f} kB")
    return DONE


def _chosen(
    arguments: argparse.Namespace, recordings: Recordings
) -> tuple[str, str, Mapping[str, Plain]]:
    """Name and text of what is to be replayed, and the journal's events of that time."""
    what: str | None = arguments.what
    if what is not None and not IDENTIFIER.fullmatch(what):
        return what, Path(what).read_text(encoding="utf-8"), {}
    one: Kept = recordings.newest() if what is None else recordings.holding(sequence_number(what))
    name = f"{arguments.journal}, recording {one.number}"
    return name, recordings.text(one), recordings.events(one)


def _replay(
    arguments: argparse.Namespace, name: str, text: str, journal: Mapping[str, Plain]
) -> int:
    from relais.simulate.recorded import verify
    from relais.simulate.trace import TraceError, parse_trace

    trace = parse_trace(text.splitlines())
    if trace.recorded is None:
        raise TraceError("tells no decisions to compare with; relais simulate --trace replays it")
    verdict = verify(trace, trace.recorded, journal)
    if arguments.json:
        print(json.dumps(_document(name, trace, trace.recorded, verdict), indent=1))
    else:
        print("\n".join(_lines(trace, trace.recorded, verdict)))
    return DONE if verdict.difference is None else NEGATIVE


def _document(name: str, trace: Trace, recorded: Recorded, verdict: Verdict) -> dict[str, object]:
    difference = verdict.difference
    return {
        "recording": name,
        "recorded_by": recorded.version,
        "replayed_by": __version__,
        "events": len(trace.events),
        "decisions": [
            {"at": _wall(trace, recorded, _instant_ms(told)), "id": told.identifier}
            | dict(told.decision)
            for told in verdict.decisions
        ],
        "as_recorded": difference is None,
        "difference": None if difference is None else asdict(difference),
        "notes": list(verdict.notes),
    }


def _lines(trace: Trace, recorded: Recorded, verdict: Verdict) -> list[str]:
    lines = []
    for told in verdict.decisions:
        if "what" in told.decision:
            at = _wall(trace, recorded, _instant_ms(told))
            name = f" [{told.identifier}]" if told.identifier else ""
            lines.append(f"{at}  {told.decision['what']}: {told.decision['why']}{name}")
    lines += verdict.notes
    difference = verdict.difference
    if difference is None:
        counts = f"{len(trace.events)} events, {len(verdict.decisions)} decisions"
        return [*lines, f"replayed: {counts}, all as recorded"]
    where = f"event {difference.event} of {len(trace.events)}"
    return [
        *lines,
        f"differs at {_wall(trace, recorded, difference.at_ms)}, {where}:",
        f"  recorded: {difference.recorded}",
        f"  replayed: {difference.replayed}",
    ]


def _instant_ms(told: Told) -> float:
    """When a decision, or what it tells of, happened."""
    happened = told.decision.get("happened_ms")
    return float(told.decision["at_ms"] if happened is None else happened)


def _wall(trace: Trace, recorded: Recorded, at_ms: float) -> str:
    """The wall clock at an instant of the recording."""
    start = datetime.fromisoformat(recorded.at)
    instant = start + timedelta(milliseconds=at_ms - trace.start.now_ms)
    return instant.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
