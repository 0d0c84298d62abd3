# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks an anchor as a gateway would, and counts what comes back.

Usage: anchor_client.py ADDRESS PORT KEY QUESTIONS [NOISE]
Prints `{"asked": n, "answered": n, "bytes_out": n, "bytes_in": n}`. NOISE hostile packets of many
sizes are sent first.
"""

from __future__ import annotations

import json
import random
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "runtime" / "src"))

from relais.shell.anchor import Asker

WAIT_S = 2.0


def main(address: str, port: int, key: str, questions: int, noise: int) -> dict[str, int]:
    asker = Asker(key.encode())
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    answered: set[int] = set()
    out = back = 0
    with socket.socket(family, socket.SOCK_DGRAM) as channel:
        channel.connect((address, port))
        for number in range(noise):
            dice = random.Random(number)
            channel.send(
                b"rlA1\x01\0\0\0" * dice.randint(0, 1) + dice.randbytes(dice.randint(0, 90))
            )
        # An answer to noise would be there before the answers to what is asked afterwards.
        channel.settimeout(WAIT_S)
        for sequence in range(questions):
            question = asker.question(sequence, time.time_ns() // 1_000_000)
            out += channel.send(question)
            try:
                message = channel.recv(2048)
            except TimeoutError:
                continue
            back += len(message)
            number = asker.answered(message)
            if number is not None:
                answered.add(number)
    return {"asked": questions, "answered": len(answered), "bytes_out": out, "bytes_in": back}


if __name__ == "__main__":
    host, port, key, questions, *noise = sys.argv[1:]
    print(json.dumps(main(host, int(port), key, int(questions), int(noise[0]) if noise else 0)))
