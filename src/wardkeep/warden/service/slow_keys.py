# SPDX-License-Identifier: Apache-2.0
"""The slow step of kiosks' packs: once a day for each fact, beside other work."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date

from wardkeep.base.clock import Clock
from wardkeep.crypto.aead import Key
from wardkeep.crypto.guessable import stretched

AT_MOST_SECONDS = 8.0
"""Of one question: a kiosk asks again for the rest, and a page is not kept waiting."""
_SLICE = 8


class SlowKeys:
    """What was made today; in a thread, because the warden answers thousands a second.

    Kiosks of one organisation share a salt, and so this.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._made: dict[bytes, dict[bytes, Key]] = {}
        self._day = date.min
        self._one_at_a_time = asyncio.Lock()

    async def of(
        self, facts: Sequence[bytes], *, salt: bytes, day: date
    ) -> Mapping[bytes, Key]:
        """Those of the facts that could be made in time, and what was made before."""
        if day != self._day:
            self._made, self._day = {}, day
        made = self._made.setdefault(salt, {})
        until = self._clock.monotonic_seconds() + AT_MOST_SECONDS
        async with self._one_at_a_time:
            wanted = [one for one in dict.fromkeys(facts) if one not in made]
            for start in range(0, len(wanted), _SLICE):
                if self._clock.monotonic_seconds() > until:
                    break
                some = wanted[start : start + _SLICE]
                made.update(await asyncio.to_thread(_made, some, salt))
        return made


def _made(facts: Sequence[bytes], salt: bytes) -> dict[bytes, Key]:
    return {fact: stretched(fact, salt) for fact in facts}
