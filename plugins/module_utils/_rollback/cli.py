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
        _complain(f"the change could not be taken back: {error}")
        return 1
    if record is None:
        return 0
    what = ", ".join(record["changed"]) or "nothing had changed"
    _say(f"change {record['id']} by {record['by']}, {record['outcome']}: {what}")
    for problem in record["problems"]:
        _complain(problem)
    return 0


def _say(words: str) -> None:
    sys.stdout.write(f"{_NOTICE}{words}\n")
    sys.stdout.flush()


def _complain(words: str) -> None:
    sys.stderr.write(f"{_ERROR}{words}\n")
    sys.stderr.flush()
