# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill says on its way is for whoever listens; nobody needs to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parents[3] / "src"
SPEAK = "from relais.cli_drill import _say; _say('one'); print('went on', flush=True); _say('two')"


def test_a_drill_goes_on_when_its_connection_is_gone() -> None:
    unheard, mouth = os.pipe()
    os.close(unheard)
    done = subprocess.run(
        [sys.executable, "-c", SPEAK],
        env={"PYTHONPATH": str(SOURCE)},
        stdout=subprocess.PIPE,
        stderr=mouth,
        text=True,
        check=False,
    )
    os.close(mouth)
    assert done.stdout == "went on\n"
