# SPDX-License-Identifier: GPL-3.0-or-later
"""Values made and copied fast are the dataclasses that they look like."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest
from relais.core.evolve import evolve, swift


@dataclass(frozen=True, slots=True)
class Plain:
    at_ms: float
    names: tuple[str, ...] = ()
    rest: object = None


@swift
@dataclass(frozen=True, slots=True)
class Swift:
    at_ms: float
    names: tuple[str, ...] = ()
    rest: object = None


def test_a_swift_value_has_the_fields_and_defaults_of_its_dataclass() -> None:
    assert repr(Swift(1.0)) == repr(Plain(1.0)).replace("Plain", "Swift")
    assert Swift(1.0, ("a",)) == Swift(at_ms=1.0, names=("a",), rest=None)
    assert replace(Swift(1.0), rest=3) == Swift(1.0, rest=3)
    assert hash(Swift(1.0)) == hash(Plain(1.0))


def test_a_swift_value_stays_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Swift(1.0).at_ms = 2.0  # type: ignore[misc]


@pytest.mark.parametrize("wrong", [{}, {"at_ms": 1, "when": 2}])
def test_a_swift_value_refuses_what_its_dataclass_refuses(wrong: dict[str, int]) -> None:
    for kind in (Plain, Swift):
        with pytest.raises(TypeError):
            kind(**wrong)


def test_a_default_factory_is_refused() -> None:
    @dataclass(frozen=True, slots=True)
    class Listed:
        names: list[str] = field(default_factory=list)

    with pytest.raises(TypeError, match=r"Listed\.names"):
        swift(Listed)


def test_a_copy_refuses_a_field_that_is_not_there() -> None:
    @dataclass(frozen=True)
    class Large:
        at_ms: float = 0.0

    assert evolve(Large(), at_ms=2.0) == Large(2.0)
    with pytest.raises(TypeError, match="when"):
        evolve(Large(), when=2.0)
