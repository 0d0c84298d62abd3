# SPDX-License-Identifier: GPL-3.0-or-later
"""A server in the lab's Internet that gives and takes as much as anybody likes.

bulk.py ADDRESS PORT
"""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SIZE = 1_000_000_000
PIECE = bytes(65_536)


class Bulk(BaseHTTPRequestHandler):
    """GET sends a file of zeros; POST takes chunks (RFC 9112, 7.1) and forgets them."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(SIZE))
        self.end_headers()
        left = SIZE
        while left > 0:
            self.wfile.write(PIECE[:left])
            left -= len(PIECE)

    def do_POST(self) -> None:
        while size := int(self.rfile.readline(), 16):
            self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def main(address: str, port: str) -> None:
    """Serve until ended."""
    server = ThreadingHTTPServer((address, int(port)), Bulk)
    server.daemon_threads = True
    server.handle_error = lambda *_unused: None  # type: ignore[method-assign] # clients go away
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
