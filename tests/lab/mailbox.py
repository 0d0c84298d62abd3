# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail server that takes every mail and keeps it as a file: `0001.eml`, `0002.eml`, ...

Run inside the `internet` namespace with an address, a port and a folder as arguments; prints
`ready` when it is bound. As much of RFC 5321 as a client needs; it sends nothing on.
"""

from __future__ import annotations

import itertools
import os
import socketserver
import sys
from pathlib import Path

LONGEST = 1 << 20


class Mailbox(socketserver.ThreadingTCPServer):
    """Keeps what it is given in `folder`, numbered as it came."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: str, port: int, folder: Path) -> None:
        super().__init__((address, port), Session)
        self._folder = folder
        self._numbers = itertools.count(len(list(folder.glob("*.eml"))) + 1)

    def keep(self, mail: bytes) -> None:
        """Write a mail in one step: who reads the folder sees whole mails only."""
        name = f"{next(self._numbers):04d}.eml"
        fresh = self._folder / f".{name}"
        fresh.write_bytes(mail)
        os.replace(fresh, self._folder / name)


class Session(socketserver.StreamRequestHandler):
    """One client."""

    server: Mailbox

    def handle(self) -> None:
        """Answer each command until the client quits."""
        self._say("220 mail.example ESMTP")
        while line := self.rfile.readline(LONGEST).decode("utf-8", "replace").strip():
            verb = line.split()[0].upper()
            if verb == "DATA":
                self._say("354 go on")
                lines = iter(lambda: self.rfile.readline(LONGEST), b".\r\n")
                self.server.keep(b"".join(one[1:] if one[:1] == b"." else one for one in lines))
                self._say("250 kept")
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 mail.example")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


def main() -> None:
    """Serve for ever."""
    address, port, folder = sys.argv[1:]
    with Mailbox(address, int(port), Path(folder)) as server:
        print("ready", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
