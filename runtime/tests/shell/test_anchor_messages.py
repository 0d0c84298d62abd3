# SPDX-License-Identifier: GPL-3.0-or-later
"""What the anchor answers, and what it is silent to."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from relais.shell.anchor import FRESH_MS, SIZE, Asker, KeyFileError, answer, read_keys

KEY, OTHER = b"k" * 32, b"o" * 32
NOW = 1_790_000_000_000


def test_a_question_is_answered_with_as_many_bytes_and_the_asker_knows_the_answer() -> None:
    asker = Asker(KEY)
    question = asker.question(7, NOW)
    reply = answer(question, (KEY,), NOW + 20)
    assert reply is not None
    assert len(reply) == len(question) == SIZE
    assert asker.answered(reply) == 7


def test_while_the_key_is_changed_both_are_good() -> None:
    asker = Asker(OTHER)
    reply = answer(asker.question(1, NOW), (KEY, OTHER), NOW)
    assert reply is not None
    assert asker.answered(reply) == 1


def test_a_wrong_key_gets_no_answer() -> None:
    assert answer(Asker(OTHER).question(7, NOW), (KEY,), NOW) is None


@pytest.mark.parametrize("late_ms", [FRESH_MS + 1, -FRESH_MS - 1])
def test_a_recorded_question_is_soon_worthless(late_ms: int) -> None:
    question = Asker(KEY).question(7, NOW)
    assert answer(question, (KEY,), NOW + late_ms) is None


def test_a_question_sent_back_is_no_answer_and_an_answer_is_no_question() -> None:
    asker = Asker(KEY)
    question = asker.question(7, NOW)
    reply = answer(question, (KEY,), NOW)
    assert reply is not None
    assert asker.answered(question) is None
    assert answer(reply, (KEY,), NOW) is None


def test_an_answer_to_somebody_else_is_none_to_us() -> None:
    reply = answer(Asker(KEY).question(7, NOW), (KEY,), NOW)
    assert reply is not None
    assert Asker(KEY).answered(reply) is None


@given(st.integers(0, SIZE - 1), st.integers(1, 255))
def test_a_message_with_any_one_byte_changed_is_silence(place: int, change: int) -> None:
    asker = Asker(KEY)
    question = bytearray(asker.question(7, NOW))
    reply = bytearray(answer(bytes(question), (KEY,), NOW) or b"")
    question[place] ^= change
    reply[place] ^= change
    assert answer(bytes(question), (KEY,), NOW) is None
    assert asker.answered(bytes(reply)) is None


@given(st.binary(max_size=3 * SIZE))
def test_noise_is_silence(message: bytes) -> None:
    assert answer(message, (KEY,), NOW) is None
    assert answer(b"rlA1\x01\0\0\0" + message[: SIZE - 8], (KEY,), NOW) is None
    assert Asker(KEY).answered(message) is None


def test_a_key_file_holds_one_key_or_two(tmp_path: Path) -> None:
    file = tmp_path / "anchor.key"
    file.write_bytes(KEY + b"\n")
    assert read_keys(file) == (KEY,)
    file.write_bytes(KEY + b"\n" + OTHER + b"\n")
    assert read_keys(file) == (KEY, OTHER)


@pytest.mark.parametrize("text", ["", "\n", "short secret", f"{'x' * 32} {'y' * 32} {'z' * 32}"])
def test_a_bad_key_file_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    file = tmp_path / "anchor.key"
    file.write_text(text)
    with pytest.raises(KeyFileError) as caught:
        read_keys(file)
    assert not any(word in str(caught.value) for word in text.split())


def test_a_missing_key_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="cannot be read"):
        read_keys(tmp_path / "none")
