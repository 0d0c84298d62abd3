# SPDX-License-Identifier: GPL-3.0-or-later
"""One story for each class of incident, and the document that it makes.

`python runtime/tests/core/incidents/cases.py --regenerate` rewrites the documents: read the
difference before you commit it.
"""

from __future__ import annotations

import functools
import json
import random
import sys
from collections.abc import Callable
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from core.incidents.story import Story
from relais.core.model import Admin

GOLDEN = Path(__file__).parent / "golden"


def _busy() -> Story:
    story = Story()
    story.world.busy.add("fibre")
    return story


def _quality() -> Story:
    story = Story()
    dice = random.Random(7)
    story.world.losing["fibre"] = lambda: dice.random() < 0.4
    story.run(40)
    story.world.losing.clear()
    return story.run(60)


def _local() -> Story:
    story = _busy()
    story.world.link("fibre", carrier=False)
    story.run(8)
    story.world.link("fibre")
    return story.run(20)


def _total() -> Story:
    story = _busy()
    story.cut("fibre", 5)
    story.world.dark |= {"fibre", "lte"}
    story.run(20)
    story.world.dark.discard("lte")
    story.run(10)
    story.world.dark.clear()
    return story.run(40)


def _planned() -> Story:
    story = Story()
    story.world.admin("fibre", Admin.DRAIN)
    story.run(5)
    story.cut("fibre", 10)
    story.run(20)
    story.world.admin("fibre", Admin.AUTO)
    return story.run(5)


def _drill() -> Story:
    story = _busy()
    story.world.excuse("fibre", 15)
    return story.cut("fibre", 10).run(20)


STORIES: dict[str, Callable[[], Story]] = {
    "micro_outage": lambda: _busy().cut("fibre", 0.36).run(20),
    "quality": _quality,
    "access": lambda: _busy().cut("fibre", 10).run(20),
    "upstream": lambda: Story().cut("fibre", 10, upstream=True).run(20),
    "local": _local,
    "total": _total,
    "planned": _planned,
    "drill": _drill,
}


@functools.cache
def story(name: str) -> Story:
    """The story of a class, played once."""
    return STORIES[name]()


def told(name: str) -> str:
    """The incident of that class in its story, as JSON."""
    found = [one for one in story(name).incidents() if one["class"] == name]
    return json.dumps(found[0], indent=1) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] != ["--regenerate"]:
        sys.exit("usage: cases.py --regenerate")
    GOLDEN.mkdir(exist_ok=True)
    for case in STORIES:
        (GOLDEN / f"{case}.json").write_text(told(case), encoding="utf-8")
