# SPDX-License-Identifier: Apache-2.0
"""Whom clinics expect on a day: ids, times, and the tokens that people are found by."""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from wardkeep.db.connection import Connection


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """One appointment of one person."""

    patient: str
    appointment: str
    place: str
    """The id of a Location."""
    starts_at: datetime
    status: str
    """Of the Appointment."""
    is_in: bool
    """Whether they are in the queue."""
    tokens: tuple[int, ...]


async def expected_at(
    connection: Connection, organisation: int, places: Sequence[str], day: date
) -> tuple[Booked, ...]:
    """Those of some places on a day, by time."""
    rows = await connection.fetch(
        "select * from clinic.expected_at($1, $2::text[], $3)",
        organisation,
        list(places),
        day,
    )
    return tuple(
        Booked(**{**dict(row), "tokens": tuple(row["tokens"])}) for row in rows
    )
