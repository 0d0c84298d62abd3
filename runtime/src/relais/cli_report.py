# SPDX-License-Identifier: GPL-3.0-or-later
"""`relais report drill`: a page for management out of evidence files, on the controller."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

Subparsers = argparse._SubParsersAction
LANGUAGES = ("en", "fr")


def register(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """Add the `report` command."""
    parser = subparsers.add_parser("report", help="pages for people")
    kinds = parser.add_subparsers(required=True, metavar="KIND")
    drill = kinds.add_parser("drill", help="what drills showed, as one self-contained page")
    drill.add_argument("files", nargs="+", type=Path, metavar="FILE", help="evidence of a drill")
    drill.add_argument("--output", required=True, type=Path, metavar="FILE", help="the HTML page")
    drill.add_argument("--language", choices=LANGUAGES, default="en")
    drill.add_argument("--json", action="store_true", help="for programs")
    drill.set_defaults(run=_drill)


def _drill(arguments: argparse.Namespace) -> int:
    from relais.report.drill import read_evidence, render  # only on the controller
    from relais.report.page import ReportError

    try:
        drills = [read_evidence(path) for path in arguments.files]
        page = render(drills, arguments.language)
        arguments.output.write_text(page, encoding="utf-8")
    except (ReportError, OSError) as error:
        return _fail(arguments, str(error))
    done = {"output": str(arguments.output), "drills": len(drills)}
    print(json.dumps(done) if arguments.json else f"{arguments.output}: {len(drills)} drill(s)")
    return 0


def _fail(arguments: argparse.Namespace, message: str) -> int:
    if arguments.json:
        print(json.dumps({"error": {"code": "report", "message": message}}))
    else:
        print(f"relais: {message}", file=sys.stderr)
    return 1
