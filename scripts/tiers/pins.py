# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks requirements-*.txt: one version and digests for each package, as the .in files ask."""

from __future__ import annotations

import re
import sys
from pathlib import Path

PIN = re.compile(r"[a-z0-9._-]+(\[[a-z,-]+\])?==[^ ;]+( ; .+)?( --hash=sha256:[0-9a-f]{64})+")

wrong = []
for file in sorted(Path().glob("requirements-*.txt")):
    pins = [
        line for line in file.read_text().replace("\\\n    ", "").splitlines() if line[0] != "#"
    ]
    wrong += [f"{file}: {line[:80]}" for line in pins if not PIN.fullmatch(line)]
    asked = [line for line in file.with_suffix(".in").read_text().splitlines() if line[0] != "#"]
    given = {line.split(" ")[0] for line in pins}
    wrong += [f"{file}: lacks {line}; run scripts/pin" for line in asked if line not in given]
    wrong += [] if pins else [f"{file}: holds no pin"]
sys.exit("\n".join(wrong) or 0)
