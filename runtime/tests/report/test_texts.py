# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogues of texts."""

from __future__ import annotations

import json
from importlib import resources
from string import Formatter

import pytest

CATALOGUES = sorted(
    file.name.removesuffix(".en.json")
    for file in resources.files("relais.report").iterdir()
    if file.name.endswith(".en.json")
)


def blanks(name: str, language: str) -> dict[str, set[str]]:
    """Each text of a catalogue, with the names of what is filled in."""
    file = resources.files("relais.report").joinpath(f"{name}.{language}.json")
    return {
        key: {blank for _text, blank, _form, _way in Formatter().parse(text) if blank}
        for key, text in json.loads(file.read_text(encoding="utf-8")).items()
    }


@pytest.mark.parametrize("name", CATALOGUES)
def test_both_languages_say_the_same_things_with_the_same_blanks(name: str) -> None:
    assert blanks(name, "en") == blanks(name, "fr")


def test_no_page_changes_a_text_that_all_share() -> None:
    shared = set(blanks("texts", "en"))
    assert not [name for name in CATALOGUES if name != "texts" and shared & set(blanks(name, "en"))]
