# SPDX-License-Identifier: Apache-2.0
"""How a ward's handover stands, told by rows: who was written about, what is new.

Nothing is opened for it; what was written opens with the patient's own sheet.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.base.stored_id import stored_id
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.handover.line import LINE, SYSTEM, TAKEN, TYPE
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.store.applying import KEYS_SERVE_SECONDS
from wardkeep.fhir.store.change import Guard
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.fhir.store.token_map import token_map

NEW_HOURS = 24
NOTES, RESULTS = "Composition", "DiagnosticReport"
MEDICINES = ("MedicationRequest", "MedicationStatement")
_STANDINGS = """
select p.id,
  (select max(r.clinical_at) from record.resource as r
    where r.organisation = $1 and r.patient = p.number and r.type = $3
      and not r.is_deleted and r.tokens && array[$4::bigint]) as line,
  (select max(r.clinical_at) from record.resource as r
    where r.organisation = $1 and r.patient = p.number and r.type = $3
      and not r.is_deleted and r.tokens && array[$5::bigint]) as taken,
  (select count(*) from record.resource as r
    where r.organisation = $1 and r.patient = p.number and r.type = $6
      and not r.is_deleted and r.clinical_at >= $9) as notes,
  (select count(*) from record.resource as r
    where r.organisation = $1 and r.patient = p.number and r.type = $7
      and not r.is_deleted and r.clinical_at >= $9) as results,
  (select count(*) from record.resource as r
    where r.organisation = $1 and r.patient = p.number and r.type = any($8::smallint[])
      and not r.is_deleted
      and (r.clinical_at >= $9 or r.version > 1 and r.last_updated >= $9)) as medicines
  from record.patient as p
 where p.organisation = $1 and p.id = any($2::text[])
"""

_OWN = """
select 1 from record.resource as r join record.patient as p on p.number = r.patient
 where r.organisation = $1 and p.organisation = $1 and p.id = $2 and r.type = $3
   and not r.is_deleted and r.tokens && array[$4::bigint]
"""
_UNSEEN = f"""{_OWN}
   and r.last_updated >= $5 and not exists (
     select 1 from unnest($6::bytea[], $7::integer[]) as seen (id, version)
      where seen.id = r.id and seen.version = r.version)
"""  # noqa: S608 - constants
_TAKEN_SINCE = f"{_OWN} and r.clinical_at >= $5"
_UNDER_WAY = timedelta(seconds=KEYS_SERVE_SECONDS)
"""How long a line may be under way from when it was stamped to when it is there."""


def lock_of(organisation: OrganisationId, patient: str) -> int:
    """What everybody waits for who writes into the handover of one patient."""
    named = f"handover {organisation} {patient}".encode()
    digest = hashlib.blake2b(named, digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


class Fresh(msgspec.Struct, frozen=True, kw_only=True):
    """One patient's: when the last line was written and taken over, what is new."""

    line: datetime | None
    taken: datetime | None
    notes: int
    results: int
    medicines: int

    @property
    def waits(self) -> bool:
        """Whether there is a line that is newer than the last taking over."""
        return self.line is not None and (self.taken is None or self.taken < self.line)


class Handovers:
    """Asks rows how a handover stands, and keeps lines and takings over apart.

    The sheet calls a patient taken over by times alone. So no line may appear below a
    taking over that has not read it: whoever takes over, and whoever writes, waits for
    the other (a lock for each patient), and looks before anything is stored.
    """

    def __init__(self, database: Database, warden: WardenClient) -> None:
        self._database = database
        self._warden = warden

    async def of(
        self, patients: Sequence[str], *, now: datetime, opener: Opener
    ) -> dict[str, Fresh] | Refusal:
        """By patient; whoever is not here is left out."""
        asked = [(TYPE, "category", f"{SYSTEM}|{one}") for one in (LINE, TAKEN)]
        tokens = await token_map(self._warden, opener, asked)
        if isinstance(tokens, Refusal):
            return tokens
        async with self._database.connection(opener.organisation) as connection:
            rows = await connection.fetch(
                _STANDINGS,
                opener.organisation,
                list(patients),
                type_code(TYPE),
                tokens[asked[0]],
                tokens[asked[1]],
                type_code(NOTES),
                type_code(RESULTS),
                [type_code(one) for one in MEDICINES],
                now - timedelta(hours=NEW_HOURS),
            )
        names = Fresh.__struct_fields__
        return {row["id"]: Fresh(**{name: row[name] for name in names}) for row in rows}

    async def unless_unseen(
        self,
        patient: str,
        *,
        seen: Iterable[tuple[str, int]],
        since: datetime,
        opener: Opener,
    ) -> Guard | Refusal:
        """Of taking over: no line is there that was not `seen`, as (id, version).

        `since` is from before the lines were read.
        """
        token = await self._token(LINE, opener)
        if isinstance(token, Refusal):
            return token
        lines = list(seen)
        return self._guard(
            _UNSEEN,
            patient,
            token,
            (
                since - _UNDER_WAY,
                [stored_id(id_) for id_, _ in lines],
                [version for _, version in lines],
            ),
            opener,
        )

    async def unless_taken(
        self, patient: str, *, written: datetime, opener: Opener
    ) -> Guard | Refusal:
        """Of writing a line: nobody took over at that moment or after it."""
        token = await self._token(TAKEN, opener)
        if isinstance(token, Refusal):
            return token
        return self._guard(_TAKEN_SINCE, patient, token, (written,), opener)

    async def _token(self, kind: str, opener: Opener) -> int | Refusal:
        asked = (TYPE, "category", f"{SYSTEM}|{kind}")
        tokens = await token_map(self._warden, opener, [asked])
        return tokens if isinstance(tokens, Refusal) else tokens[asked]

    def _guard(
        self,
        sql: str,
        patient: str,
        token: int,
        more: tuple[object, ...],
        opener: Opener,
    ) -> Guard:
        values = (opener.organisation, patient, type_code(TYPE), token, *more)
        lock = lock_of(opener.organisation, patient)
        return Guard(lock=lock, sql=sql, values=values)
