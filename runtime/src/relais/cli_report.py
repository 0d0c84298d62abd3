# SPDX-License-Identifier: GPL-3.0-or-later
"""`relais report`: pages for management, out of evidence files and incidents."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from relais.cli_failure import fail

Subparsers = argparse._SubParsersAction
LANGUAGES = ("en", "fr")


def register(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """Add the `report` command."""
    parser = subparsers.add_parser("report", help="pages for people")
    kinds = parser.add_subparsers(required=True, metavar="KIND")
    drill = kinds.add_parser("drill", help="what drills showed, as one self-contained page")
    drill.add_argument("files", nargs="+", type=Path, metavar="FILE", help="evidence of a drill")
    drill.set_defaults(run=_drill)
    incident = kinds.add_parser("incident", help="what happened, as one self-contained page")
    incident.add_argument("incidents", nargs="+", metavar="FILE-or-ID", help="document, or its id")
    incident.add_argument("--journal", type=Path, metavar="FILE", help="where ids are looked up")
    incident.add_argument("--site", type=Path, metavar="FILE", help="plan of the site, as JSON")
    incident.add_argument("--fingerprint", metavar="WORD", help="the journal's, when it was read")
    incident.set_defaults(run=_incident)
    for kind in (drill, incident):
        kind.add_argument("--output", required=True, type=Path, metavar="FILE", help="HTML page")
        kind.add_argument("--language", choices=LANGUAGES, default="en")
        kind.add_argument("--json", action="store_true", help="for programs")


def _drill(arguments: argparse.Namespace) -> int:
    from relais.report.drill import read_evidence, render  # only where pages are made
    from relais.report.page import ReportError

    try:
        drills = [read_evidence(path) for path in arguments.files]
        arguments.output.write_text(render(drills, arguments.language), encoding="utf-8")
    except (ReportError, OSError) as error:
        return fail(arguments, "report", str(error), 1)
    return _done(arguments, "drills", len(drills), f"{len(drills)} drill(s)")


def _incident(arguments: argparse.Namespace) -> int:
    from relais.report.incident import render  # only where pages are made
    from relais.report.incident_facts import NOWHERE
    from relais.report.incident_source import find_incidents, fingerprint_of, read_site
    from relais.report.page import ReportError
    from relais.shell.clock import wall_now
    from relais.shell.recordings import JOURNAL

    try:
        journal = arguments.journal or JOURNAL
        incidents = find_incidents(arguments.incidents, journal)
        fingerprint = arguments.fingerprint or fingerprint_of(arguments.incidents, journal)
        site = read_site(arguments.site) if arguments.site else NOWHERE
        page = render(incidents, arguments.language, wall_now(), site, fingerprint)
        arguments.output.write_text(page, encoding="utf-8")
    except (ReportError, OSError) as error:
        return fail(arguments, "report", str(error), 1)
    return _done(arguments, "incidents", len(incidents), f"{len(incidents)} incident(s)")


def _done(arguments: argparse.Namespace, kind: str, count: int, text: str) -> int:
    done = {"output": str(arguments.output), kind: count}
    print(json.dumps(done) if arguments.json else f"{arguments.output}: {text}")
    return 0
