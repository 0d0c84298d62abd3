# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration says whose telephone flows move, or that there is no telephony."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from relais.core.codec import decode, encode
from relais.core.config import parse_config
from relais.core.fields import ConfigError
from relais.core.model import Config, Telephony
from world import document

GIVEN = {"service": "voice", "sources": ["192.0.2.40/32", "2001:db8:2::/64"], "refresh": True}


def test_the_telephony_of_a_site_is_read_and_survives_being_written() -> None:
    config = parse_config({**document(), "telephony": GIVEN})
    assert config.telephony == Telephony("voice", ("192.0.2.40/32", "2001:db8:2::/64"), True)
    assert decode(Config, encode(config)) == (config, ())


@pytest.mark.parametrize("edit", [{}, {"telephony": None}])
def test_a_site_may_have_no_telephony(edit: Mapping[str, object]) -> None:
    assert parse_config({**document(), **edit}).telephony is None


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        ({"service": "voix"}, "telephony.service: 'voix' is not a service; known: "),
        ({"sources": []}, "telephony.sources: must be a list of networks, such as 192.0.2.40/32"),
        (
            {"sources": ["192.0.2.40/24"]},
            "telephony.sources[0]: must be a network, not '192.0.2.40/24'",
        ),
        ({"refresh": "yes"}, "telephony.refresh: must be true or false, not 'yes'"),
        ({"source": []}, "telephony.source: is not a known key; did you mean sources?"),
    ],
)
def test_a_mistake_in_it_is_told(edit: Mapping[str, object], expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config({**document(), "telephony": {**GIVEN, **edit}})
    assert [str(p) for p in caught.value.problems if str(p).startswith(expected)]
