# SPDX-License-Identifier: Apache-2.0
"""Screens of waiting rooms: what they call, and how one is let in.

A screen opens nobody. Its browser makes a key that cannot leave it; whoever calls has
opened the person, and what is read out, a number, initials or a first name as they
chose, is sealed for each screen of the clinic. In the database lies what nobody reads.
"""

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from wardkeep.base.clock import LONDON, Clock
from wardkeep.base.ids import OrganisationId, new_secret, new_uuid
from wardkeep.crypto.sealed_for import is_point, seal_for
from wardkeep.db.changes import Topic, tell
from wardkeep.db.connection import Database
from wardkeep.fhir.clinics.outcomes import Line
from wardkeep.fhir.clinics.words import ShownAs
from wardkeep.fhir.store.change import Beside

SCREEN = "screen"
CODE_MINUTES, LASTS_DAYS = 10, 7
"""How long a code waits for its screen, and how long a screen is let in for."""
LONGEST_LABEL = 24
MOST_SHOWN = 8
_PADDED = 96
"""Bytes before sealing: a box does not tell how long the name is."""
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_CODE = re.compile(r"([0-9]{1,9})([A-Z]{8})")
_SECRET = re.compile(r"([0-9]{1,9})\.([A-Za-z0-9_-]{43})")

_BEGIN = """
insert into clinic.screen
  (id, made_at, code_until, valid_until, organisation, place, made_by, code_hash)
values ($1, $2, $3, $3, $4, $5, $6, $7)
"""
_PAIR = """
update clinic.screen set secret_hash = $3, public_key = $4, valid_until = $5
 where organisation = $1 and code_hash = $2 and secret_hash is null
   and code_until > $6 and ended_at is null
"""
_LIVE = """
select id, made_at, seen_at, public_key from clinic.screen
 where organisation = $1 and place = $2 and secret_hash is not null
   and valid_until > $3 and ended_at is null
 order by made_at
"""
_IS_MINE = """
   organisation = $1 and secret_hash = $2 and valid_until > $3 and ended_at is null
"""
_MINE = f"select id, place from clinic.screen where {_IS_MINE}"  # noqa: S608 - a constant
# One statement, asked each second: that a screen was seen is written every ten.
_SHOWN = f"""
with mine as materialized (
  select id, place, seen_at from clinic.screen where {_IS_MINE}),
     seen as (
  update clinic.screen as s set seen_at = $3 from mine
   where s.id = mine.id
     and (mine.seen_at is null or mine.seen_at < $3 - interval '10 seconds'))
select e.number, e.ticket, e.room, e.changed_at, l.box
  from mine
  left join clinic.entry as e on e.organisation = $1 and e.place = mine.place
   and e.day = $4 and e.status = 'called'
  left join clinic.label as l on l.screen = mine.id and l.entry = e.number
 order by e.changed_at desc limit $5
"""  # noqa: S608 - a constant
_LABEL = """
insert into clinic.label (screen, entry, organisation, box) values ($1, $2, $3, $4)
"""
_END = """
update clinic.screen set ended_at = $3 where organisation = $1 and id = $2
"""


class Screen(msgspec.Struct, frozen=True):
    """A screen that is let in."""

    id: str
    since: datetime
    seen_at: datetime | None


class Proven(msgspec.Struct, frozen=True):
    """Which screen a secret is of, and of which clinic."""

    id: str
    organisation: OrganisationId
    place: str

    @property
    def topics(self) -> tuple[Topic, ...]:
        """What changes what it shows: its clinic's queue, and its own end."""
        return (Topic("clinic", self.place), Topic(SCREEN, self.id))


class Called(msgspec.Struct, frozen=True):
    """Somebody who is called, as a screen is told."""

    entry: int
    ticket: int
    room: str
    at: datetime
    box: bytes
    """What is read out, sealed for this screen; empty: the number."""


class Screens:
    """Lets screens in, seals for them, and tells them whom to call."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def begin(self, organisation: OrganisationId, place: str, by: str) -> str:
        """A code to type on the screen; it holds for ten minutes, once."""
        code = "".join(secrets.choice(_LETTERS) for _ in range(8))
        now = self._clock.now()
        until = now + timedelta(minutes=CODE_MINUTES)
        async with self._database.connection(organisation) as connection:
            await connection.execute(
                _BEGIN,
                *(UUID(new_uuid()), now, until, organisation, place, UUID(by)),
                _hash(code),
            )
        return f"{organisation}{code}"

    async def pair(self, code: str, public_key: bytes) -> str | None:
        """The screen's secret; None where the code is none, was used, or ran out."""
        found = _CODE.fullmatch(re.sub(r"[\s-]", "", code.upper()))
        if found is None or not is_point(public_key):
            return None
        organisation, secret = OrganisationId(int(found[1])), new_secret()
        now = self._clock.now()
        if organisation > _LARGEST:
            return None
        async with self._database.connection(organisation) as connection:
            status = await connection.execute(
                _PAIR,
                *(organisation, _hash(found[2]), _hash(secret), public_key),
                *(now + timedelta(days=LASTS_DAYS), now),
            )
        return f"{organisation}.{secret}" if status == "UPDATE 1" else None

    async def of_place(
        self, organisation: OrganisationId, place: str
    ) -> tuple[Screen, ...]:
        """Screens of a clinic that are let in."""
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(_LIVE, organisation, place, self._clock.now())
        return tuple(
            Screen(str(row["id"]), row["made_at"], row["seen_at"]) for row in rows
        )

    async def end(self, organisation: OrganisationId, id_: str) -> None:
        """It shows nothing from now on, and is told at once."""
        async with self._database.transaction(organisation) as connection:
            await connection.execute(_END, organisation, UUID(id_), self._clock.now())
            await tell(connection, organisation, [Topic(SCREEN, id_)])

    async def labels(
        self, organisation: OrganisationId, line: Line, words: str
    ) -> Sequence[Beside]:
        """The words sealed for each screen of the clinic; to be written with a call."""
        if not words:
            return ()
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(
                _LIVE, organisation, line.place, self._clock.now()
            )
        plain, bound = _padded(words), identity_of(organisation, line.entry)
        return [
            Beside(
                sql=_LABEL,
                values=(
                    *(row["id"], line.entry, organisation),
                    seal_for(row["public_key"], plain, bound),
                ),
            )
            for row in rows
        ]

    async def proven(self, secret: str) -> Proven | None:
        """The screen whose secret this is; None: none, or it is let in no more."""
        parts = _parts_of(secret)
        if parts is None:
            return None
        organisation, hashed = parts
        async with self._database.connection(organisation) as connection:
            mine = await connection.fetch_row(
                _MINE, organisation, hashed, self._clock.now()
            )
        if mine is None:
            return None
        return Proven(str(mine["id"]), organisation, mine["place"])

    async def called(self, secret: str) -> tuple[Called, ...] | None:
        """Whom a screen calls now, the latest first; None: it is let in no more."""
        parts = _parts_of(secret)
        if parts is None:
            return None
        organisation, hashed = parts
        now = self._clock.now()
        day = now.astimezone(LONDON).date()
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(
                _SHOWN, organisation, hashed, now, day, MOST_SHOWN
            )
        if not rows:
            return None
        return tuple(
            Called(
                row["number"],
                row["ticket"],
                row["room"],
                row["changed_at"],
                row["box"] or b"",
            )
            for row in rows
            # A screen that calls nobody has one row, of itself.
            if row["number"] is not None
        )


_LARGEST = 2**31 - 1


def _parts_of(secret: str) -> tuple[OrganisationId, bytes] | None:
    """Whose screen a secret says that it is of, and its hash."""
    found = _SECRET.fullmatch(secret)
    if found is None or int(found[1]) > _LARGEST:
        return None
    return OrganisationId(int(found[1])), _hash(found[2])


def label_of(shown_as: ShownAs, *, given: str, family: str) -> str:
    """What is read out; empty: the number, also where there is no such name."""
    names = given.split()
    if shown_as is ShownAs.FIRST_NAME and names:
        return names[0][:LONGEST_LABEL]
    if shown_as is ShownAs.INITIALS and names and family:
        return f"{names[0][0]}. {family[0]}.".upper()
    return ""


def identity_of(organisation: OrganisationId, entry: int) -> bytes:
    """What a box is bound to: it does not open beside another entry."""
    return f"clinic label {organisation} {entry}".encode()


def _padded(words: str) -> bytes:
    raw = words.encode()[:_PADDED]
    return raw + b"\0" * (_PADDED - len(raw))


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
