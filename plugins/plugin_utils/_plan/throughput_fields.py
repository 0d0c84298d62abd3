# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Private to the relais.continuity collection: do not import it from elsewhere.
"""The variable ``relais_throughput``: against what the lines are measured, and when."""

from __future__ import annotations

from typing import Any

from .kinds import HOURS, TRUTH, WATCH, Field, whole
from .problems import Place, usable

ADDRESSES = ("download_url", "upload_url")

THROUGHPUT = {
    "enabled": Field(TRUTH, "whether anything is measured; `false` takes it away", default=True),
    "download_url": Field(WATCH, "a large file to fetch, without a password"),
    "upload_url": Field(WATCH, "where to send, by POST, without a password"),
    "hours": Field(HOURS, "hours of the site in which lines may be filled", default="02:00-05:00"),
    "seconds": Field(whole(4, 30), "how long each way is measured", default=8),
    "connections": Field(whole(1, 16), "TCP connections at a time", default=4),
}


def check_throughput(throughput: Any, place: Place) -> None:
    """Check that there is somebody to measure against, and that no address is a secret."""
    if not isinstance(throughput, dict):
        return
    given = {key: throughput[key] for key in ADDRESSES if throughput[key] is not None}
    if not given:
        place.wrong("names no server", "give download_url, upload_url or both")
    for key, address in given.items():
        if usable(address) and "@" in address.partition("://")[2].partition("/")[0]:
            place.key(key).wrong(
                "carries a password",
                "give an address that needs none, since everybody on the gateway may read it",
            )
