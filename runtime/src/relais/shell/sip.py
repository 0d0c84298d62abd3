# SPDX-License-Identifier: GPL-3.0-or-later
"""SIP OPTIONS as a probe (RFC 3261, 11): a response of any code proves that the server lives."""

from __future__ import annotations


def options(number: int, host: str, local: str) -> bytes:
    """An OPTIONS request whose CSeq is `number`, for `host`, answered to address `local`."""
    target = f"[{host}]" if ":" in host else host
    lines = (
        f"OPTIONS sip:{target} SIP/2.0",
        f"Via: SIP/2.0/UDP {local};branch=z9hG4bKrelais{number};rport",
        "Max-Forwards: 70",
        f"From: <sip:relais@{local}>;tag=relais{number}",
        f"To: <sip:{target}>",
        f"Call-ID: relais-{number}@{local}",
        f"CSeq: {number} OPTIONS",
        "Content-Length: 0",
        "",
        "",
    )
    return "\r\n".join(lines).encode()


def response_to(message: bytes) -> int | None:
    """The CSeq number that a SIP response answers; None if it is none."""
    if not message.startswith(b"SIP/2.0 "):
        return None
    for line in message.split(b"\r\n"):
        name, _unused, value = line.partition(b":")
        if name.strip().lower() == b"cseq":
            number = value.split()[0] if value.split() else b""
            return int(number) if number.isdigit() else None
    return None
