# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTPS exchange with a PBX, and a sentence for each way in which it can fail."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import urllib.error
from dataclasses import dataclass
from typing import Mapping

from ansible.module_utils.urls import ConnectionError as UrlsConnectionError
from ansible.module_utils.urls import open_url

from .errors import ThreeCxError


@dataclass(frozen=True)
class Target:
    """Where a PBX answers, and how its certificate is checked."""

    host: str
    port: int
    timeout_s: int
    validate_certs: bool
    ca_path: str | None

    @property
    def address(self) -> str:
        """Return host and port as people write them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True)
class Reply:
    """Status, headers with lower-case names, and text of an answer."""

    status: int
    headers: Mapping[str, str]
    text: str


class Unsent(ThreeCxError):
    """The PBX was not reached, so that nothing can have happened there."""


class Unanswered(ThreeCxError):
    """The request may have reached the PBX, but no answer came back."""


class _Exact(str):
    """A header's name that urllib sends as it is written.

    Some builds of the API do not know ``Odata-Version``, which urllib would make of OData-Version.
    """

    def capitalize(self) -> str:
        return self

    def title(self) -> str:
        return self


def exchange(
    target: Target, method: str, path: str, headers: Mapping[str, str], body: bytes | None
) -> Reply:
    """Send a request and return its answer, whatever its status.

    Raises Unsent or Unanswered when there is none.
    """
    if target.ca_path is not None and not os.path.exists(target.ca_path):
        raise Unsent(f"ca_path names {target.ca_path}, which does not exist.", "no_ca")
    try:
        response = open_url(
            f"https://{target.address}{path}",
            method=method,
            data=body,
            headers={_Exact(name): value for name, value in headers.items()},
            timeout=target.timeout_s,
            validate_certs=target.validate_certs,
            ca_path=target.ca_path,
            http_agent="relais",
            follow_redirects="none",
            use_netrc=False,
        )
        return _reply(response.status, response)
    except urllib.error.HTTPError as error:
        return _reply(error.code, error)
    except (
        urllib.error.URLError,
        http.client.HTTPException,
        UrlsConnectionError,
        OSError,
    ) as error:
        raise _unanswered(target, error) from error


def _reply(status: int, response) -> Reply:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(status, headers, response.read().decode("utf-8", "replace"))


def _unanswered(target: Target, error: Exception) -> ThreeCxError:
    cause = getattr(error, "reason", error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _untrusted(target, getattr(cause, "verify_message", None) or str(cause))
    if isinstance(cause, (ssl.SSLError, UrlsConnectionError)):
        return Unsent(
            f"No TLS with {target.address}: {cause}. "
            "Is this the HTTPS port of the PBX, 443 or 5001?",
            "tls",
        )
    if isinstance(cause, socket.timeout):
        return Unanswered(
            f"The PBX at {target.address} did not answer within {target.timeout_s} s. "
            "Is the port open towards this controller?",
            "unreachable",
        )
    words = f"The PBX at {target.address} cannot be reached ({_words(cause)}). "
    if isinstance(cause, (ConnectionResetError, BrokenPipeError, http.client.HTTPException)):
        words += "It closed the connection before it answered; look at its services."
        return Unanswered(words, "unreachable")
    words += (
        "Check host and port (443 or 5001). "
        "A PBX on a site without Internet is reached from inside only."
    )
    return Unsent(words, "unreachable")


def _untrusted(target: Target, reason: str) -> ThreeCxError:
    return Unsent(
        f"The certificate of {target.address} is not trusted: {reason}. "
        "Name the PBX by the name in its certificate, or its authority's certificate in ca_path.",
        "untrusted",
    )


def _words(cause: object) -> str:
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return str(cause) or type(cause).__name__
