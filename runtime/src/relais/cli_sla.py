# SPDX-License-Identifier: GPL-3.0-or-later
"""`relais sla`: the service level of each line, by operator, out of a journal."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from relais.cli_failure import fail
from relais.cli_sla_text import sla_text
from relais.core.fields import ConfigError
from relais.core.history.model import Subject
from relais.core.sla import facts, window
from relais.core.sla.document import document, link_document
from relais.shell.clock import wall_ms
from relais.shell.config_file import CONFIG, find_config
from relais.shell.history_reader import HistoryError, read_history
from relais.shell.recordings import JOURNAL

Subparsers = argparse._SubParsersAction
NEGATIVE, USAGE = 1, 2


class BadInput(Exception):
    """What was asked makes no sense; the message says what would."""


def register(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """Add the `sla` command."""
    parser = subparsers.add_parser("sla", help="availability, loss and delay of each line")
    parser.add_argument("--month", metavar="2026-11", help="this month if nothing is given")
    parser.add_argument("--from", dest="begin", metavar="TIME", help="2026-11-03T08:00, site time")
    parser.add_argument("--to", dest="end", metavar="TIME", help="up to, and without; now")
    parser.add_argument("--wan", metavar="NAME", help="this line only")
    parser.add_argument("--journal", type=Path, default=JOURNAL, metavar="FILE")
    parser.add_argument("--config", type=Path, metavar="FILE", help="names operators and contracts")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    try:
        site = _site(arguments.config)
        asked = _window(arguments, site.timezone)
        history = read_history(arguments.journal, asked)
        if site.links == ():
            seen = {one.name for one in history.periods if one.subject is Subject.WAN}
            site = facts.of_names(sorted(seen))
        if arguments.wan is None:
            result = document(site, history, asked)
        else:
            result = link_document(site, history, asked, arguments.wan)
    except (BadInput, window.WindowError) as error:
        return fail(arguments, "bad_input", str(error), USAGE)
    except HistoryError as error:
        return fail(arguments, "no_history", str(error), NEGATIVE)
    except KeyError:
        names = ", ".join(link.name for link in site.links) or "none"
        message = f"{arguments.wan!r} is not a WAN; known: {names}"
        return fail(arguments, "unknown_wan", message, NEGATIVE)
    print(json.dumps(result, indent=1, ensure_ascii=False) if arguments.json else sla_text(result))
    return 0


def _site(path: Path | None) -> facts.Site:
    """The configuration that was named must be good; a gateway's own may be missing, as on a
    laptop, and then nothing is known but what the journal says."""
    try:
        return facts.of_config(find_config(path or CONFIG).config)
    except ConfigError as error:
        if path is None and not CONFIG.exists():
            return facts.of_names(())
        raise BadInput("; ".join(f"{path or CONFIG}: {one}" for one in error.problems)) from error


def _window(arguments: argparse.Namespace, timezone: str) -> window.Window:
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise BadInput(f"time zone {timezone!r} is not known on this machine") from error
    now_ms = wall_ms()
    if arguments.begin is None and arguments.end is None:
        text = arguments.month or window.month_of(now_ms, zone)
        return window.until(window.month(text, zone), now_ms)
    if arguments.month is not None or arguments.begin is None:
        raise BadInput("give either --month or --from with --to")
    end = arguments.end or window.text_of(now_ms, zone)
    return window.between(arguments.begin, end, zone)
