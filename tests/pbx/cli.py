# SPDX-License-Identifier: GPL-3.0-or-later
"""`python3 -m tests.pbx`: the double by itself, as a server in a lab's namespace or on a desk."""

from __future__ import annotations

import argparse
import json
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

from .double import VERSIONS, Pbx


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m tests.pbx", description=__doc__)
    parser.add_argument("--listen", default="127.0.0.1", metavar="ADDRESS")
    parser.add_argument("--port", type=int, default=5001)
    parser.add_argument("--version", choices=VERSIONS, default=VERSIONS[-1])
    parser.add_argument(
        "--state", type=Path, metavar="FILE", help="entities: read at the start, kept up to date"
    )
    parser.add_argument("--ready", type=Path, metavar="FILE", help="written once it listens")
    parser.add_argument("--ca", type=Path, metavar="FILE", help="where to put the certificate")
    parser.add_argument("--client-id", default="relais")
    parser.add_argument("--client-secret", default="made-up-secret")
    parser.add_argument("--scheme", choices=("https", "http"), default="https")
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> int:
    """Serve until SIGTERM or SIGINT; print one JSON line that says where."""
    options = _arguments(argv)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_unused: ended.set())
    pbx = Pbx(
        options.version,
        tls=options.scheme == "https",
        listen=options.listen,
        port=options.port,
        client_id=options.client_id,
        client_secret=options.client_secret,
    )
    if options.state is not None and options.state.exists():
        pbx.load(options.state)
    with pbx:
        if options.ca is not None and pbx.ca_path is not None:
            options.ca.write_bytes(pbx.ca_path.read_bytes())
        where = {"url": pbx.url, "version": pbx.version, "client_id": pbx.client_id}
        print(json.dumps(where), flush=True)
        if options.ready is not None:
            options.ready.write_text(json.dumps(where) + "\n", encoding="utf-8")
        written = -1
        while not ended.wait(0.2):
            if options.state is not None and len(pbx.requests) != written:
                written = len(pbx.requests)
                pbx.save(options.state)
        if options.state is not None:
            pbx.save(options.state)
    return 0
