# SPDX-License-Identifier: GPL-3.0-or-later
"""When to look: soon after the kernel told of a change, and now and then in any case."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from relais.shell.clock import monotonic_ms
from relais.shell.nft import NftError

CALM_FACTOR = 5.0
"""After a look that found all well, a pause of five times what it took: a storm of changes of
others costs a sixth of a core at most."""
RETRY_MS = 1000.0

Look = Callable[[float], float | None]
"""Compare and repair at an instant; when to look again, None when all is well."""


class Rounds:
    """Calls `look` `settle_ms` after a change, again when it asks for it, else each `resync_ms`.

    `heard_ms`: when the kernel first told of what is not yet found well.
    """

    def __init__(self, look: Look, *, settle_ms: float, resync_ms: float) -> None:
        self._look = look
        self._settle_ms = settle_ms
        self._resync_ms = resync_ms
        self.heard_ms: float | None = None
        self._calm_ms = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._due_ms = 0.0

    def close(self) -> None:
        """Stop looking."""
        if self._timer is not None:
            self._timer.cancel()

    def heard(self) -> None:
        """The kernel has told of a change."""
        now = monotonic_ms()
        self.heard_ms = self.heard_ms or now
        self._plan(max(now + self._settle_ms, self._calm_ms))

    def mended(self) -> None:
        """All that the kernel told of stands again: what it tells of from now on is another damage,
        also before the next look."""
        self.heard_ms = None

    def look(self) -> None:
        """Look now, and plan the next look."""
        self.close()
        self._timer = None
        began = monotonic_ms()
        again_ms: float | None = began + RETRY_MS
        try:
            again_ms = self._look(began)
        except (OSError, NftError):
            pass  # Interrupted by yet another change.
        finally:
            if again_ms is None:
                self.heard_ms = None
                ended = monotonic_ms()
                self._calm_ms = ended + CALM_FACTOR * (ended - began)
            self._plan(began + self._resync_ms if again_ms is None else again_ms)

    def _plan(self, due_ms: float) -> None:
        """Look then, or earlier when that was planned already."""
        if self._timer is not None:
            if self._due_ms <= due_ms:
                return
            self._timer.cancel()
        self._due_ms = due_ms
        wait_s = max(0.0, due_ms - monotonic_ms()) / 1000
        self._timer = asyncio.get_running_loop().call_later(wait_s, self.look)
