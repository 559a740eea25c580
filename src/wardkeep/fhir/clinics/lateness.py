# SPDX-License-Identifier: Apache-2.0
"""How late a clinic runs, for screens that ask each second: worked out now and then."""

from wardkeep.base.clock import Clock
from wardkeep.base.ids import OrganisationId
from wardkeep.fhir.clinics.desk import Desk
from wardkeep.fhir.store.outcomes import Opener

HOLDS_SECONDS = 15.0
ROUNDED_TO = 5


class Lateness:
    """Of each clinic, as it was a few seconds ago at most."""

    def __init__(self, desk: Desk, *, clock: Clock) -> None:
        self._desk = desk
        self._clock = clock
        self._known: dict[tuple[OrganisationId, str], tuple[float, int]] = {}

    async def of(self, organisation: OrganisationId, place: str) -> int:
        """Minutes, up to the next five; 0: it runs on time."""
        now = self._clock.monotonic_seconds()
        at, minutes = self._known.get((organisation, place), (-HOLDS_SECONDS, 0))
        if now - at < HOLDS_SECONDS:
            return minutes
        # Asked for by many at once it is worked out once, and the others have the old.
        self._known[organisation, place] = (now, minutes)
        opener = Opener(session="", organisation=organisation)
        goes = (await self._desk.estimate([place], opener=opener))[place]
        self._known[organisation, place] = (now, rounded(goes.late_minutes))
        return rounded(goes.late_minutes)


def rounded(minutes: int) -> int:
    """Up to the next five: an estimate is no promise to the minute."""
    return -(-minutes // ROUNDED_TO) * ROUNDED_TO
