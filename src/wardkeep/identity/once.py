# SPDX-License-Identifier: Apache-2.0
"""What may come once only: ids of assertions and proofs (RFC 7523, 3, `jti`).

In memory and bounded. A start forgets them, and what was made before it is refused
for that: it may have been used. So whoever stole one has nothing by a restart.
"""

from wardkeep.base.clock import Clock

MOST = 65_536


class Once:
    """Remembers ids for as long as they could come again."""

    def __init__(self, clock: Clock, *, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._seen: dict[str, float] = {}
        self._began = clock.monotonic_seconds()

    def is_from_before(self, made_at: float) -> bool:
        """Whether it was made before this began, in seconds since 1970.

        When that was, is told by the wall clock as it stands now: one that was stepped
        back meanwhile shuts nobody out. The second of the start itself is let through.
        """
        age = self._clock.monotonic_seconds() - self._began
        return made_at < int(self._clock.now().timestamp() - age)

    def was_seen(self, id_: str) -> bool:
        """Whether the id came before; from now on it did."""
        now = self._clock.monotonic_seconds()
        seen = self._seen
        while seen and (
            len(seen) >= MOST or next(iter(seen.values())) < now - self._seconds
        ):
            del seen[next(iter(seen))]
        if id_ in seen:
            return True
        seen[id_] = now
        return False

    def __len__(self) -> int:
        return len(self._seen)
