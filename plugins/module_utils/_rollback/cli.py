# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the units run: take the armed change back when its time is over."""

from __future__ import annotations

import sys

from . import restore
from .programs import Failed
from .store import Store

# sd-daemon(3)
_NOTICE, _ERROR = "<5>", "<3>"


def main(_words: list[str]) -> int:
    """Look at the clock once. Exit status: 0 done or nothing to do, 1 to be tried again."""
    try:
        record = restore.take_back(Store(), _say)
    except (Failed, OSError) as error:
        print(f"{_ERROR}the change could not be taken back: {error}", file=sys.stderr, flush=True)
        return 1
    if record is None:
        return 0
    what = ", ".join(record["changed"]) or "nothing had changed"
    _say(f"change {record['id']} by {record['by']}, {record['outcome']}: {what}")
    for problem in record["problems"]:
        print(f"{_ERROR}{problem}", file=sys.stderr, flush=True)
    return 0


def _say(words: str) -> None:
    print(f"{_NOTICE}{words}", flush=True)
