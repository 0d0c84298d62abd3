# SPDX-License-Identifier: GPL-3.0-or-later
"""The Zabbix template finds each of its items in what the agent answers."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from relais.cli import main

from tests.unit.supervision.running import ROLE, Site

EXPORT = ROLE / "files" / "zabbix" / "relais.template.yaml"
PATH = re.compile(
    r"\$\.metrics\[\?\((?P<filter>.+)\)\](?P<keys>(?:\.\w+)*?)(?P<first>\.first\(\))?"
)
TERM = re.compile(r"@(?P<keys>(?:\.\w+)+) == (?:'(?P<text>[^']*)'|(?P<number>\d+))")
KEY = re.compile(r"/Relais gateway/([\w.]+(?:\[[^\]]*\])?)")


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    [one] = yaml.safe_load(EXPORT.read_text(encoding="utf-8"))["zabbix_export"]["templates"]
    return dict(one)


def inside(value: Any, keys: str) -> Any:
    """Return what lies at `.a.b` of a value."""
    for key in keys.split(".")[1:]:
        value = value[key]
    return value


def found(document: Any, path: str) -> list[Any]:
    """Return what a JSONPath of the template finds: a filter, then keys, then the first."""
    form = PATH.fullmatch(path)
    assert form is not None, path
    terms = [TERM.fullmatch(term) for term in form["filter"].split(" && ")]
    rows = document["metrics"]
    for term in terms:
        assert term is not None, path
        wanted = term["text"] if term["number"] is None else float(term["number"])
        rows = [row for row in rows if row["name"] and _at(row, term["keys"]) == wanted]
    values = [inside(row, form["keys"]) for row in rows]
    return values[:1] if form["first"] else values


def _at(row: Any, keys: str) -> Any:
    try:
        return inside(row, keys)
    except KeyError:
        return None


def answer(site: Site, capsys: pytest.CaptureFixture[str]) -> Any:
    """Return what the user parameter `relais.metrics` answers."""
    assert main(["metrics", "--json", *site.gateway.options]) == 0
    return json.loads(capsys.readouterr().out)


def items(template: Any, document: Any) -> Iterator[tuple[str, str]]:
    """Yield key and JSONPath of each item, those of discovered WANs and services as well."""
    for item in template["items"]:
        if "preprocessing" in item:
            yield item["key"], item["preprocessing"][0]["parameters"][0]
    for rule in template["discovery_rules"]:
        rows = found(document, rule["preprocessing"][0]["parameters"][0])
        assert rows, rule["name"]
        for row in rows:
            macros = {m["lld_macro"]: inside(row, m["path"][1:]) for m in rule["lld_macro_paths"]}
            for item in rule["item_prototypes"]:
                key, path = item["key"], item["preprocessing"][0]["parameters"][0]
                for macro, value in macros.items():
                    key, path = key.replace(macro, value), path.replace(macro, value)
                yield key, path


def test_every_item_is_in_the_answer_of_the_agent(
    site: Site, template: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    document = answer(site, capsys)
    values = {key: found(document, path) for key, path in items(template, document)}
    assert [key for key, value in values.items() if value == []] == []
    assert values["relais.up"] == [1]
    assert values["relais.wan.state[fibre]"] == ["up"]
    assert values["relais.service.wan[voice]"] == ["fibre"]
    site.gateway.cut("fibre")
    document = answer(site, capsys)
    values = {key: found(document, path) for key, path in items(template, document)}
    assert values["relais.wan.state[fibre]"] == ["down"]
    assert values["relais.wan.up[fibre]"] == [0]
    assert values["relais.service.wan[voice]"] == ["lte"]
    assert values["relais.service.on_backup[voice]"] == [1]


def test_a_silent_daemon_is_seen(
    site: Site, template: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    site.gateway.write(age_s=60)
    document = answer(site, capsys)
    paths = {item["key"]: item for item in template["items"]}
    path = paths["relais.up"]["preprocessing"][0]["parameters"][0]
    assert found(document, path) == [0]


def test_every_question_is_one_that_the_agent_knows(site: Site, template: Any) -> None:
    known = set(re.findall(r"^UserParameter=([^,]+),", site.rendered("zabbix.conf.j2"), re.M))
    asked = {item["key"] for item in template["items"] if item.get("type") != "DEPENDENT"}
    assert asked == known


def test_the_template_is_whole(template: Any) -> None:
    text = EXPORT.read_text(encoding="utf-8")
    identifiers = re.findall(r"uuid: '?(\w+)'?", text)
    assert len(identifiers) == len(set(identifiers))
    assert all(uuid.UUID(one).version == 4 for one in identifiers)
    prototypes = [item for rule in template["discovery_rules"] for item in rule["item_prototypes"]]
    keys = {item["key"] for item in [*template["items"], *prototypes]}
    assert set(KEY.findall(text)) <= keys
    masters = {one["master_item"]["key"] for one in prototypes}
    assert masters == {"relais.metrics"}
