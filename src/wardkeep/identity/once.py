# SPDX-License-Identifier: Apache-2.0
"""What may come once only: ids of assertions and proofs (RFC 7523, 3, `jti`).

In memory and bounded. A start forgets them: whoever steals a proof within its few
minutes and meets a start of the warden in them could use it once more.
"""

from wardkeep.base.clock import Clock

MOST = 65_536


class Once:
    """Remembers ids for as long as they could come again."""

    def __init__(self, clock: Clock, *, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._seen: dict[str, float] = {}

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
