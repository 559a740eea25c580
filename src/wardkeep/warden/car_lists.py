# SPDX-License-Identifier: Apache-2.0
"""A car's list that somebody signed for, and for how long it may be taken."""

import msgspec

from wardkeep.disclosure.car_lists import TakeList

TAKEN_WITHIN_SECONDS = 5 * 60.0
"""From the signature until the phone has all of it."""


class SignedList(msgspec.Struct, frozen=True, kw_only=True):
    """What was signed; it dies with its session and is not kept over a start."""

    act: TakeList
    until_monotonic: float
    credential: bytes
    """The passkey that signed: it alone opens the list on the phone."""

    def covers(self, patient: str, *, now: float) -> bool:
        return now < self.until_monotonic and patient in self.act.patients
