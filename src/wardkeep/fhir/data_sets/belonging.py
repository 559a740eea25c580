# SPDX-License-Identifier: Apache-2.0
"""To which referral a contact, a stay or a score belongs: the data set asks for it.

A resource that names its referral (`basedOn`) belongs to that. Else it is the one
referral that was open on the day; of several the one whose caseload is that of somebody
who was there. Where that leaves several, or none, nobody guesses: it is a fault.
"""

from collections.abc import Collection, Sequence
from datetime import date

import msgspec


class Referred(msgspec.Struct, frozen=True, kw_only=True):
    """A referral of one patient to a team of the data set."""

    id: str
    team: str
    received: date
    closed: date | None
    workers: frozenset[str] = frozenset()
    """Ids of Practitioners on whose caseload the patient is by it."""

    def is_open_on(self, day: date) -> bool:
        return self.received <= day and (self.closed is None or day <= self.closed)


def belongs_to(
    referrals: Sequence[Referred],
    *,
    day: date,
    people: Collection[str] = (),
    named: str = "",
) -> Referred | None:
    """The referral; None where it is none, or may be one of several."""
    if named:
        return next((one for one in referrals if one.id == named), None)
    fitting = [one for one in referrals if one.is_open_on(day)]
    if len(fitting) > 1:
        fitting = [one for one in fitting if not one.workers.isdisjoint(people)]
    return fitting[0] if len(fitting) == 1 else None
