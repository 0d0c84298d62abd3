# SPDX-License-Identifier: GPL-3.0-or-later
"""`relais metrics`: what monitoring collects, from the state that relaisd leaves on the gateway."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from relais.core.supervision.exposition import metrics_document, metrics_text
from relais.shell.files import replace_file
from relais.shell.recordings import JOURNAL
from relais.shell.state_file import STATE, look


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser of `relais`."""
    metrics = commands.add_parser("metrics", help="measures and states for Prometheus and Zabbix")
    metrics.add_argument("--output", type=Path, metavar="FILE", help="replaced in one step")
    metrics.add_argument("--state", type=Path, default=STATE, metavar="FILE")
    metrics.add_argument("--journal", type=Path, default=JOURNAL, metavar="FILE")
    metrics.add_argument("--json", action="store_true", help="for other programs")
    metrics.set_defaults(run=_metrics)


def _metrics(arguments: argparse.Namespace) -> int:
    """Exit status 0 also when relaisd is silent: the metrics say so."""
    seen = look(arguments.state, arguments.journal)
    text = json.dumps(metrics_document(seen)) + "\n" if arguments.json else metrics_text(seen)
    if arguments.output is None:
        sys.stdout.write(text)
        return 0
    try:
        replace_file(arguments.output, text.encode(), mode=0o644)
    except OSError as error:
        message = f"{arguments.output} cannot be written: {error.strerror or error}"
        print(f"relais: {message}", file=sys.stderr)
        return 1
    return 0
