# SPDX-License-Identifier: Apache-2.0
"""Who holds a token, as the warden said a moment ago.

Programs ask hundreds of times a second with one token, whose scopes never change. What
is remembered decides what is not looked for; every key and every search token is still
judged by the warden, which knows of a session's end at once.
"""

from collections import OrderedDict

from wardkeep.base.clock import Clock
from wardkeep.disclosure.answers import Refusal, SessionView
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.smart import CheckToken, KeyProof

REMEMBERED_SECONDS = 0.5
"""Half of the second in which a freeze takes effect everywhere."""
MOST_REMEMBERED = 256


class Sessions:
    """Live sessions of this process's callers."""

    def __init__(self, warden: WardenClient, *, clock: Clock) -> None:
        self._warden = warden
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, SessionView]] = OrderedDict()

    async def of(self, token: str) -> SessionView | Refusal:
        known = self._known.get(token)
        if known is not None and known[0] > self._clock.monotonic_seconds():
            return known[1]
        asked_at = self._clock.monotonic_seconds()
        session = await self._warden.ask(CheckToken(token), SessionView)
        if isinstance(session, Refusal):
            self._known.pop(token, None)
            return session
        self._known[token] = (asked_at + REMEMBERED_SECONDS, session)
        self._known.move_to_end(token)
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return session

    async def proven(self, token: str, proof: KeyProof) -> SessionView | Refusal:
        """The same for a token that is bound to a key: each proof is good once."""
        return await self._warden.ask(CheckToken(token, proof), SessionView)
