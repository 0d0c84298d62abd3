# SPDX-License-Identifier: GPL-3.0-or-later
"""SIP messages as text (RFC 3261), digest authentication (RFC 2617), the SDP of a plain call."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_SHORT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length"}
_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')
_ADDRESS = re.compile(r"<([^>]*)>")
_TAG = re.compile(r";\s*tag=([^;>\s]+)", re.IGNORECASE)
_BRANCH = re.compile(r";\s*branch=([^;,\s]+)", re.IGNORECASE)
_CONNECTION = re.compile(r"^c=IN IP[46] (\S+)", re.MULTILINE)
_AUDIO = re.compile(r"^m=audio (\d+) RTP/AVP", re.MULTILINE)
PCMU = 0


@dataclass(frozen=True, slots=True)
class Message:
    """A request (`method`, `uri`) or a response (`status`); headers by lower-case name."""

    method: str
    uri: str
    status: int
    headers: Mapping[str, tuple[str, ...]]
    body: str

    def header(self, name: str) -> str:
        """The first value of a header, "" without one."""
        return next(iter(self.headers.get(name, ())), "")

    @property
    def branch(self) -> str:
        """Tells which of our requests a response answers."""
        found = _BRANCH.search(self.header("via"))
        return found[1] if found else ""

    @property
    def to_tag(self) -> str:
        """The other end's half of the dialog's name, "" without one."""
        found = _TAG.search(self.header("to"))
        return found[1] if found else ""

    @property
    def contact(self) -> str:
        """Where requests within the dialog go, "" when it does not say."""
        found = _ADDRESS.search(self.header("contact"))
        return found[1] if found else self.header("contact").partition(";")[0].strip()

    @property
    def media(self) -> tuple[str, int] | None:
        """Address and port of the offered or accepted audio; None without any."""
        connection, audio = _CONNECTION.search(self.body), _AUDIO.search(self.body)
        return (connection[1], int(audio[1])) if connection and audio else None


def parse(data: bytes) -> Message | None:
    """A message out of a datagram, None when it is none: a keep-alive, or junk."""
    head, _unused, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    words = first.split(" ", 2)
    headers: dict[str, tuple[str, ...]] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            key = name.strip().lower()
            key = _SHORT.get(key, key)
            headers[key] = (*headers.get(key, ()), value.strip())
    if len(words) == 3 and words[0] == "SIP/2.0" and words[1].isdigit():
        return Message("", "", int(words[1]), headers, body)
    if len(words) == 3 and words[2] == "SIP/2.0":
        return Message(words[0], words[1], 0, headers, body)
    return None


def request(method: str, uri: str, headers: Iterable[tuple[str, str]], body: str = "") -> bytes:
    """A request; the headers keep their order."""
    return _text(f"{method} {uri} SIP/2.0", headers, body)


def response(to: Message, status: int, reason: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """An answer to a request, without a body."""
    same = ("via", "record-route", "from", "to", "call-id", "cseq")
    kept = [(name.title(), value) for name in same for value in to.headers.get(name, ())]
    return _text(f"SIP/2.0 {status} {reason}", [*kept, *headers], "")


def _text(first: str, headers: Iterable[tuple[str, str]], body: str) -> bytes:
    lines = [first, *(f"{name}: {value}" for name, value in headers)]
    lines.append(f"Content-Length: {len(body.encode())}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def host_in_uri(address: str) -> str:
    """An address as a URI has it (RFC 3986, 3.2.2)."""
    return f"[{address}]" if ":" in address else address


def offer(address: str, port: int) -> str:
    """The SDP of a call with G.711 (RFC 4566, RFC 3551)."""
    kind = "IP6" if ":" in address else "IP4"
    lines = [
        "v=0",
        f"o=relais 1 1 IN {kind} {address}",
        "s=drill",
        f"c=IN {kind} {address}",
        "t=0 0",
        f"m=audio {port} RTP/AVP {PCMU}",
        f"a=rtpmap:{PCMU} PCMU/8000",
        "a=ptime:20",
        "a=sendrecv",
    ]
    return "\r\n".join([*lines, ""])


@dataclass(slots=True)
class Credentials:
    """User and password, and the challenge that the server gave last."""

    user: str
    password: str = field(repr=False)
    challenge: dict[str, str] = field(default_factory=dict)
    proxy: bool = False
    count: int = 0

    def challenged(self, answer: Message) -> bool:
        """Remember the challenge of a 401 or 407; False when it holds none that we can meet."""
        self.proxy = answer.status == 407
        name = "proxy-authenticate" if self.proxy else "www-authenticate"
        for value in answer.headers.get(name, ()):
            scheme, _unused, rest = value.partition(" ")
            found = {key.lower(): a or b for key, a, b in _PARAMETER.findall(rest)}
            known = found.get("algorithm", "MD5").upper() == "MD5"
            if scheme.lower() == "digest" and known and "nonce" in found:
                self.challenge, self.count = found, 0
                return True
        return False

    def header(self, method: str, uri: str, cnonce: str) -> list[tuple[str, str]]:
        """The header that meets the last challenge; none before there was one."""
        if not self.challenge:
            return []
        self.count += 1
        realm, nonce = self.challenge.get("realm", ""), self.challenge["nonce"]
        count = f"{self.count:08x}"
        secret = _md5(f"{self.user}:{realm}:{self.password}")
        asked = _md5(f"{method}:{uri}")
        parts = [f'username="{self.user}"', f'realm="{realm}"', f'nonce="{nonce}"', f'uri="{uri}"']
        if "auth" in self.challenge.get("qop", "").split(","):
            digest = _md5(f"{secret}:{nonce}:{count}:{cnonce}:auth:{asked}")
            parts += ["qop=auth", f"nc={count}", f'cnonce="{cnonce}"']
        else:
            digest = _md5(f"{secret}:{nonce}:{asked}")
        parts += [f'response="{digest}"', "algorithm=MD5"]
        if "opaque" in self.challenge:
            parts.append(f'opaque="{self.challenge["opaque"]}"')
        name = "Proxy-Authorization" if self.proxy else "Authorization"
        return [(name, f"Digest {', '.join(parts)}")]


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
