# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pages for people share: reading a document, and filling a template."""

from __future__ import annotations

import importlib
import json
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

_SHARED_STYLE = "page.css"


class ReportError(Exception):
    """The page cannot be made; the message says why and what would help."""


def read_json(path: Path) -> Any:
    """The content of a JSON file. Raises ReportError."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReportError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ReportError(f"{path}: is not JSON: {error}") from error


def fill(template: str, style: str, **values: object) -> str:
    """A template of this package as a page, everything in it escaped and nothing left out.

    Raises ReportError when jinja2, which only the machines that render need, is missing.
    """
    page: str = (
        _environment()
        .get_template(template)
        .render(style=_resource(_SHARED_STYLE) + _resource(style), **values)
    )
    return page


@cache
def _environment() -> Any:
    try:
        jinja2 = importlib.import_module("jinja2")
    except ImportError as error:
        raise ReportError(
            "reports need the Python package jinja2 on this machine: pip install jinja2"
        ) from error
    return jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.FunctionLoader(_resource),
    )


def _resource(name: str) -> str:
    return resources.files("relais.report").joinpath(name).read_text(encoding="utf-8")
