# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference pages say what the plan does: their tables come from its own tables."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.relais.continuity.plugins.plugin_utils._plan import (
    alert_fields,
    telephony_fields,
    variables,
)

REFERENCE = Path(__file__).resolve().parents[4] / "docs" / "reference"
TABLE = re.compile(r"(<!-- table ([A-Z_]+) -->\n).*?(<!-- end -->)", re.DOTALL)
CONSTANTS = {**vars(alert_fields), **vars(telephony_fields), **vars(variables)}
EXAMPLE = re.compile(r"```yaml\n(.*?)```", re.DOTALL)

Site = dict[str, Any]


def default_of(field: Any) -> str:
    """Return what a reader is told of a key that is left out."""
    if field.required:
        return "**required**"
    if field.shown_default is not None:
        return str(field.shown_default)
    if field.default == {}:
        return "the defaults of its keys"
    if field.default in (None, []):
        return "none"
    return f"`{json.dumps(field.default).strip(chr(34))}`"


def table(fields: Mapping[str, Any]) -> str:
    """Return the Markdown table of a record."""
    rows = ["| key | value | default | meaning |", "|---|---|---|---|"]
    for key, field in fields.items():
        rows.append(f"| `{key}` | {field.kind.called} | {default_of(field)} | {field.about} |")
    return "\n".join(rows) + "\n"


def test_the_tables_of_the_inventory_page_are_those_of_the_code(regenerate: bool) -> None:
    path = REFERENCE / "inventory.md"
    text = path.read_text(encoding="utf-8")
    fresh = TABLE.sub(lambda m: m[1] + table(CONSTANTS[m[2]]) + m[3], text)
    if regenerate:
        path.write_text(fresh, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == fresh
    tables = [name for name, value in CONSTANTS.items() if isinstance(value, dict)]
    records = {name for name in tables if name.isupper()}
    assert {match[1] for match in TABLE.findall(text)} == records


def test_the_example_of_the_inventory_page_has_a_plan(plan: Callable[[Site], Site]) -> None:
    text = (REFERENCE / "inventory.md").read_text(encoding="utf-8")
    site: Site = {"inventory_hostname": "gw"}
    for example in EXAMPLE.findall(text):
        site |= yaml.safe_load(example)
    assert set(site) == {"inventory_hostname", *variables.VARIABLES}
    assert plan(site)["schema"] == "relais.plan/1"


def keys(value: Any) -> Iterator[str]:
    """Yield every key in a plan that we named, not the engineer."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            if key not in ("contacts", "config"):
                yield from keys(item)
    elif isinstance(value, list):
        for item in value:
            yield from keys(item)


def test_the_plan_page_names_every_key(plan: Callable[[Site], Site], telephone_site: Site) -> None:
    page = (REFERENCE / "plan.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_0-9]+)(?:\[\])?`", page))
    assert not set(keys(plan(telephone_site))) - named


@pytest.mark.parametrize("name", sorted(variables.VARIABLES))
def test_each_variable_has_a_section(name: str) -> None:
    assert f"\n## `{name}`" in (REFERENCE / "inventory.md").read_text(encoding="utf-8")
