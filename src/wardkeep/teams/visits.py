# SPDX-License-Identifier: Apache-2.0
"""Home visits: the relationship that lets somebody into a home, and its own times.

A relationship of kind `visit` holds from 30 minutes before the visit to 60 minutes
after it (PRODUCT, P13). The visit's own times are told from it here, in one place, so
that whoever judges goes by the visit and not by how wide a relationship was written.
"""

from datetime import datetime, timedelta

import msgspec

KIND = "visit"
BEFORE = timedelta(minutes=30)
"""A carer who is early waits in the car, not at a door that does not open."""
AFTER = timedelta(minutes=60)
"""A visit runs late, and whoever went out for milk must get in again."""
LONGEST = timedelta(hours=13)
"""A sleep-in night. What lasts longer is no visit, and opens no home."""


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One visit, planned or under way; UTC."""

    starts: datetime
    ends: datetime

    @property
    def opens(self) -> datetime:
        return self.starts - BEFORE

    @property
    def closes(self) -> datetime:
        return self.ends + AFTER

    @property
    def is_one(self) -> bool:
        """Whether it is a visit at all: it ends, and not the day after tomorrow."""
        return timedelta(0) <= self.ends - self.starts <= LONGEST

    def is_open(self, at: datetime) -> bool:
        """Whether the way in may be given now; both ends belong to it."""
        return self.is_one and self.opens <= at <= self.closes

    @property
    def words(self) -> str:
        """As the ledger names it."""
        return f"visit {self.starts:%Y-%m-%dT%H:%MZ} to {self.ends:%H:%MZ}"


def visit_of(valid_from: datetime, valid_until: datetime | None) -> Visit | None:
    """The visit behind a relationship; None where it has no end, so is none."""
    if valid_until is None:
        return None
    return Visit(starts=valid_from + BEFORE, ends=valid_until - AFTER)
