# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares what went over the wire with the description.

A request that was carried out must be one that the description knows, in address, options and
body, and so must its answer. Of a refusal only the shape of the error is looked at: the request
may have been wrong on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from tests.pbx.api import ROOT
from tests.pbx.server import Exchange

from .description import Description, Operation
from .schema import problems

_JSON = "application/json"
# What older versions had and the description of the newest no longer has.
_OF_OLD = re.compile(r"/\w+/Pbx\.GetByNumber\(number='[^']*'\)", re.IGNORECASE)


def violations(description: Description, exchanges: Iterable[Exchange]) -> list[str]:
    """Return everything that does not agree, each with the request that it is of."""
    found = []
    for exchange in exchanges:
        if not exchange.path.lower().startswith(ROOT):
            continue
        for problem in _of_exchange(description, exchange):
            found.append(f"{exchange.method} {unquote(exchange.path)}: {problem}")
    return found


def _of_exchange(description: Description, exchange: Exchange) -> Iterator[str]:
    if exchange.status == 0:
        return
    if exchange.status >= 400:
        if exchange.reply is not None:
            error = description.schemas["Pbx.ODataErrors.ODataError"]
            yield from problems(description, error, exchange.reply, "error")
        return
    path = "/" + unquote(exchange.path[len(ROOT) :])
    operation = description.operation(exchange.method, path)
    if operation is None:
        if not _OF_OLD.fullmatch(path):
            yield "the description does not know this request"
        return
    yield from _of_query(description, operation, exchange)
    yield from _of_body(description, operation, exchange.body)
    yield from _of_reply(description, operation, exchange)


def _of_query(description: Description, operation: Operation, exchange: Exchange) -> Iterator[str]:
    described = [description.resolve(each) for each in operation.described.get("parameters", [])]
    known = {each["name"]: each for each in described if each["in"] == "query"}
    for name, text in parse_qsl(exchange.query, keep_blank_values=True):
        if name not in known:
            yield f"the description does not know the option {name} here"
            continue
        value = _read(known[name]["schema"], text)
        yield from problems(description, known[name]["schema"], value, name)
    for parameter in described:
        if parameter["in"] == "path":
            value = _read(parameter["schema"], operation.parts[parameter["name"]].strip("'"))
            yield from problems(description, parameter["schema"], value, parameter["name"])


def _read(schema: Mapping[str, Any], text: str) -> Any:
    match schema.get("type"):
        case "integer" if re.fullmatch(r"-?\d+", text):
            return int(text)
        case "boolean" if text in ("true", "false"):
            return text == "true"
        case "array":
            return text.split(",")
    return text


def _of_body(description: Description, operation: Operation, body: Any) -> Iterator[str]:
    described = operation.described.get("requestBody")
    if described is None:
        if body not in (None, {}):
            yield "a body where the description knows none"
        return
    described = description.resolve(described)
    if body is None:
        if described.get("required"):
            yield "no body"
        return
    schema = described["content"][_JSON]["schema"]
    yield from problems(description, schema, body, "body")


def _of_reply(description: Description, operation: Operation, exchange: Exchange) -> Iterator[str]:
    described = operation.described["responses"].get(str(exchange.status))
    if described is None:
        yield f"the description does not know the status {exchange.status} here"
        return
    content = description.resolve(described).get("content")
    if content is None:
        if exchange.reply is not None:
            yield "an answer with a body where the description knows none"
        return
    # A rule for emergency calls is created without an answer, against the description.
    if exchange.reply is not None or exchange.status != 201:
        yield from problems(description, content[_JSON]["schema"], exchange.reply, "answer")
