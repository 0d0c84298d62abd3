# SPDX-License-Identifier: GPL-3.0-or-later
"""`relais.telephony/1`: how to reach the telephone system, with every problem at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from relais.core.fields import Fields, read

SCHEMA = "relais.telephony/1"
PORT = 443


@dataclass(frozen=True, slots=True)
class Settings:
    """The configuration API of a 3CX and what is to be refreshed there.

    `address` is where to connect to when that is not left to DNS. `ca` names a file with the
    certificates to trust beside the machine's own; `trunks` are names or numbers;
    `public_addresses` by WAN: its static public address, None where it has none.
    """

    host: str
    port: int
    address: str | None
    client_id: str
    client_secret: str = field(repr=False)
    ca: str | None
    trunks: tuple[str, ...]
    public_addresses: Mapping[str, str | None]


def parse_settings(document: object) -> Settings:
    """Turn a decoded document into settings. Raises ConfigError; no problem shows the secret."""
    return read(document, SCHEMA, _settings)


def _settings(top: Fields) -> Settings:
    host, port = _server(top)
    return Settings(
        host=host,
        port=port,
        address=top.optional_address("address"),
        client_id=top.text("client_id"),
        client_secret=_secret(top),
        ca=top.optional_text("ca"),
        trunks=_trunks(top),
        public_addresses=_addresses(top),
    )


def _server(top: Fields) -> tuple[str, int]:
    url = top.text("url")
    if not url:
        return "", PORT
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or PORT
    except ValueError:
        host, port, parts = "", PORT, urlsplit("")
    bare = parts.path in ("", "/") and not parts.query and "@" not in parts.netloc
    if parts.scheme != "https" or not host or not bare:
        top.problem("url", "must be such as https://pbx.example:5001, without path or password")
    return host, port


def _secret(top: Fields) -> str:
    value = top.take("client_secret", required=True)
    if value is None:
        return ""
    if not isinstance(value, str) or not value:
        top.problem("client_secret", "must be a non-empty string")
        return ""
    return value


def _trunks(top: Fields) -> tuple[str, ...]:
    value = top.take("trunks", required=True)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        top.problem("trunks", "must be a list of names of trunks")
        return ()
    return tuple(value)


def _addresses(top: Fields) -> Mapping[str, str | None]:
    inner = top.object("public_addresses")
    if inner is None:
        return {}
    found = {wan: inner.optional_address(wan) for wan in inner.data}
    inner.close()
    return found
