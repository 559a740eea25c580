# SPDX-License-Identifier: Apache-2.0
"""Taking one patient's record out, on paper or as files: what goes, and what stays.

One query, and one question to the door that names every resource. What is sealed is not
asked for, and neither is what another patient is in: that is for them to ask for.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.purpose import Action, Tier
from wardkeep.fhir.store.outcomes import NotFound, Opened, Opener
from wardkeep.fhir.store.reading import PatientQuery, rows_of
from wardkeep.fhir.store.releasing import Keys, release
from wardkeep.fhir.store.rows import StoredRow

MOST_TAKEN = 20_000
"""Resources: four times the longest chart that we measure with."""
PERSON = "Patient"


class TakeOut(msgspec.Struct, frozen=True, kw_only=True):
    """What of a patient's record goes out; the person is always in it."""

    patient: str
    action: Action
    """Whether it is a print or a copy."""
    types: frozenset[str]
    """FHIR types."""
    since: datetime | None = None
    until: datetime | None = None
    """Clinical time, `since` within and `until` without; what has none goes."""
    only: str = ""
    """Besides the person this resource alone, by its id; empty: all of the types."""


class StaysHere(msgspec.Struct, frozen=True, kw_only=True):
    """How many resources do not go, by why; each is counted once."""

    sealed: int = 0
    about_others: int = 0
    """Another patient is in them too."""
    not_asked: int = 0
    """Of other types than were asked for."""
    other_times: int = 0


class TakenOut(msgspec.Struct, frozen=True, kw_only=True):
    """What went, with its entry, and what stayed."""

    opened: Opened
    stays: StaysHere


class RecordTaker:
    """Takes records out."""

    def __init__(self, database: Database, warden: WardenClient) -> None:
        self._database = database
        self._warden = warden

    async def take(
        self, asked: TakeOut, *, opener: Opener
    ) -> TakenOut | Refusal | NotFound:
        query = PatientQuery(patient=asked.patient, at_most=MOST_TAKEN)
        async with self._database.connection(opener.organisation) as connection:
            found = await rows_of(connection, opener.organisation, query)
        if found is None or not found[1]:
            return NotFound(type=PERSON, id=asked.patient)
        keys, rows = found
        going, stays = _sorted(asked, rows[:MOST_TAKEN])
        opened = await release(
            self._warden,
            opener,
            rows=going,
            keys=Keys(patients={keys.number: keys}),
            action=asked.action,
        )
        if isinstance(opened, Refusal):
            return opened
        is_more = len(rows) > MOST_TAKEN
        return TakenOut(
            opened=msgspec.structs.replace(
                opened, is_more=is_more, sealed_left=stays.sealed
            ),
            stays=stays,
        )


def _sorted(
    asked: TakeOut, rows: Sequence[StoredRow]
) -> tuple[list[StoredRow], StaysHere]:
    """What goes, in its order; and how many stay."""
    going: list[StoredRow] = []
    stays = dict.fromkeys(StaysHere.__struct_fields__, 0)
    for row in rows:
        why = _why_it_stays(asked, row)
        if why:
            stays[why] += 1
        else:
            going.append(row)
    return going, StaysHere(**stays)


def _why_it_stays(asked: TakeOut, row: StoredRow) -> str:
    """The field of `StaysHere`; empty where it goes."""
    if row.tier is Tier.SEALED:
        return "sealed"
    if row.type == PERSON:
        return ""
    if row.also:
        return "about_others"
    if row.type not in asked.types or asked.only not in ("", row.id):
        return "not_asked"
    return "" if _is_within(asked, row.clinical_at) else "other_times"


def _is_within(asked: TakeOut, at: datetime | None) -> bool:
    if at is None:
        return True
    is_early = asked.since is not None and at < asked.since
    is_late = asked.until is not None and at >= asked.until
    return not (is_early or is_late)
