# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that all modules share, and the run around each."""

from __future__ import annotations

from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule, env_fallback

from .client import Client
from .errors import ThreeCxError
from .tokens import TokenCache, default_path, key_of
from .transport import Target

COMMON: dict[str, Any] = {
    "host": {"type": "str", "required": True},
    "port": {"type": "int", "default": 443},
    "client_id": {"type": "str", "required": True},
    "client_secret": {
        "type": "str",
        "required": True,
        "no_log": True,
        "fallback": (env_fallback, ["RELAIS_THREECX_CLIENT_SECRET"]),
    },
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "timeout_s": {"type": "int", "default": 30},
    "token_cache": {"type": "path", "no_log": False},
}


def run(
    options: dict[str, Any],
    work: Callable[[Client, AnsibleModule], dict[str, Any]],
    **more: Any,
) -> None:
    """Run a module: its options besides the common ones, and what it does with a client."""
    module = AnsibleModule(argument_spec=dict(COMMON, **options), supports_check_mode=True, **more)
    try:
        client = _client(module)
        client.require_version()
        result = work(client, module)
    except ThreeCxError as error:
        module.fail_json(msg=str(error), code=error.code, **error.facts)
    module.exit_json(**result)


def _client(module: AnsibleModule) -> Client:
    params = module.params
    if not params["client_secret"]:
        raise ThreeCxError(
            "client_secret is empty. Is RELAIS_THREECX_CLIENT_SECRET set where this runs?",
            "no_secret",
        )
    target = Target(
        params["host"],
        params["port"],
        params["timeout_s"],
        params["validate_certs"],
        params["ca_path"],
    )
    key = key_of(target.address, params["client_id"], params["client_secret"])
    cache = TokenCache(params["token_cache"] or default_path(key), key)
    return Client(
        target, params["client_id"], params["client_secret"], cache, module.no_log_values.add
    )
