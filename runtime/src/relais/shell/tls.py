# SPDX-License-Identifier: GPL-3.0-or-later
"""The first message of a TLS handshake, for probes that want to hear a TLS server answer."""

from __future__ import annotations

import contextlib
import ssl


def client_hello(server_name: str | None) -> bytes:
    """A ClientHello as OpenSSL makes it (RFC 8446, 4.1.2); nothing is ever verified with it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    handshake = context.wrap_bio(incoming, outgoing, server_hostname=server_name)
    with contextlib.suppress(ssl.SSLWantReadError):
        handshake.do_handshake()
    return outgoing.read()
