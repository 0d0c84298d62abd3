# SPDX-License-Identifier: GPL-3.0-or-later
"""An emulation of mwan3's decision rule and default timing; it is not mwan3.

A turn asks every target, one after another, one ping each with a timeout of 4 s; it is good when
one answers (reliability 1). Turns are 10 s apart. Five bad turns in a row are down, five good ones
are up. Link events act at once. Both moves empty the connection table (`flush_conntrack`).
"""

from __future__ import annotations

import subprocess
import threading

TARGETS = ("198.51.100.10", "198.51.100.70", "198.51.100.140", "198.51.100.200")
TIMEOUT_S = 4
INTERVAL_S = 10
TURNS = 5
DEVICE = "wan1"


class Tracker:
    """Counts turns, and moves the default route."""

    def __init__(self) -> None:
        self.up = True
        self.score = 2 * TURNS
        self.woken = threading.Event()
        self.lock = threading.Lock()

    def turn(self) -> None:
        heard = [answers(target) for target in TARGETS]  # one after another, all of them
        good = any(heard)
        with self.lock:
            if good:
                self.score = min(self.score + 1, 2 * TURNS)
                if not self.up and self.score >= TURNS:
                    self.move(up=True)
            else:
                self.score -= 1
                if self.score <= TURNS:
                    self.score = 0
                    if self.up:
                        self.move(up=False)

    def carrier(self, present: bool) -> None:
        """A link event: down acts at once, up begins to ask again."""
        with self.lock:
            self.score = 0 if not present else self.score
            if not present and self.up:
                self.move(up=False)
        if present:
            self.woken.set()

    def move(self, *, up: bool) -> None:
        self.up = up
        self.score = 2 * TURNS if up else 0
        subprocess.run(["/etc/bench/switch", "fibre" if up else "lte", "flush"], check=False)


def answers(target: str) -> bool:
    ping = ["ping", "-n", "-q", "-c1", f"-W{TIMEOUT_S}", "-I", DEVICE, target]
    done = subprocess.run(ping, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return done.returncode == 0


def follow_link(tracker: Tracker) -> None:
    monitor = subprocess.Popen(
        ["ip", "-o", "monitor", "link", "dev", DEVICE], stdout=subprocess.PIPE, text=True
    )
    assert monitor.stdout is not None
    for line in monitor.stdout:
        tracker.carrier("LOWER_UP" in line)


def main() -> None:
    tracker = Tracker()
    threading.Thread(target=follow_link, args=(tracker,), daemon=True).start()
    while True:
        tracker.turn()
        tracker.woken.wait(INTERVAL_S)
        tracker.woken.clear()


if __name__ == "__main__":
    main()
