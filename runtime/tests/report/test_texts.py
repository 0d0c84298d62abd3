# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogues of texts."""

from __future__ import annotations

import json
import re
from importlib import resources
from string import Formatter

import pytest
from relais.report.texts import Texts, catalogue

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


@pytest.mark.parametrize(
    ("what", "french"),
    [
        ("fibre is degraded", "fibre : pertes trop fortes"),
        ("fibre is good", "fibre : de nouveau de bonne qualité"),
        ("fibre set to drain", "fibre : mis hors service par l'administrateur"),
        ("fibre is still down", "fibre : toujours hors service après l'exercice"),
        ("fibre breaks the limits of voice", "fibre : pas assez bon pour voice"),
        ("fibre has the address 203.0.113.9, by 203.0.113.1",
         "fibre : a la nouvelle adresse 203.0.113.9"),
        ("lte has used 80 % of its quota", "lte : 80 % du volume mensuel consommés"),
        ("flows of the telephones follow voice from lte",
         "connexions ouvertes des téléphones ramenées de lte"),
        ("flows of voice follow it from lte", "connexions ouvertes de voice ramenées de lte"),
        ("relaisd starts", "le logiciel de la passerelle démarre"),
        ("voice: fibre to fibre+lte", "voice : de fibre vers fibre+lte"),
    ],
)  # fmt: skip
def test_events_of_the_daemon_are_told_in_french(what: str, french: str) -> None:
    said, translated = Texts("fr", catalogue("fr", "texts")).event(what)
    assert said.replace("\xa0", " ").replace("\u2019", "'") == french
    assert translated


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", CATALOGUES)
def test_no_line_can_end_before_a_mark_or_a_unit_that_belongs_to_the_word_before(
    name: str, language: str
) -> None:
    for text in catalogue(language, name).values():
        assert not re.search(r"[\w}] [:;?!»]|« | (?:ms|min|€)(?:\W|$)", text)
        assert language == "en" or not re.search(r"[^\s\u00a0\d][:;?!](?!\d)", text)
