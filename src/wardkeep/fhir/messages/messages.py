# SPDX-License-Identifier: Apache-2.0
"""Threads of messages: which are one's own, what is unread, and one thread opened.

Lists are told by rows and tokens; what a message says is opened with its thread.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from wardkeep.base.stored_id import id_of, stored_id
from wardkeep.db.connection import Database, Row
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.messages.message import (
    ANSWER,
    RECEIPT,
    SYSTEM,
    THREAD,
    TYPE,
    Message,
    read_message,
    receipt_id,
)
from wardkeep.fhir.model.team import QUEUE
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.store.opening import open_of_patient, open_shared, shared_cipher
from wardkeep.fhir.store.outcomes import NotFound, Opened, Opener
from wardkeep.fhir.store.rows import (
    KEY_COLUMNS,
    RESOURCE_COLUMNS,
    patient_key_row,
    stored_row,
)
from wardkeep.fhir.store.token_map import Asked, token_map

MOST_THREADS = 100
"""On one page of them."""
MOST_FOUND, MOST_HEADS = 100_000, 2000
"""All are found, and the newest of them kept."""
MOST_IN_THREAD, MOST_RECEIPTS = 400, 4000
"""Counted apart: a message to a whole team has as many receipts as that has people."""
_HEADS = f"""
select distinct r.id, r.last_updated, r.tokens, coalesce(p.id, '') as patient
  from unnest($2::bigint[]) as wanted (who)
  cross join lateral record.matching(
    $1::smallint, array[wanted.who, $3::bigint], {MOST_FOUND}) as found
  join record.resource as r
    on r.organisation = record.served_organisation()
   and r.type = $1 and r.id = found.id
  left join record.patient as p on p.number = r.patient
 order by r.last_updated desc, r.id
 limit $4
"""  # noqa: S608 - constants
_LAST_SAID = """
select wanted.place, max(r.last_updated) as said_at
  from unnest($2::bigint[]) with ordinality as wanted (part_of, place)
  cross join lateral record.matching(
    $1::smallint, array[wanted.part_of, $3::bigint], $4::integer) as found
  join record.resource as r
    on r.organisation = record.served_organisation()
   and r.type = $1 and r.id = found.id
 group by wanted.place
"""
_KINDS = f"""
(values ($3::bigint, {MOST_IN_THREAD}), ($4, {MOST_RECEIPTS})) as kinds (kind, most)
"""
_PARTS = f"""
select wanted.place, r.id, r.last_updated, r.tokens
  from unnest($2::bigint[]) with ordinality as wanted (part_of, place)
  cross join {_KINDS}
  cross join lateral record.matching(
    $1::smallint, array[wanted.part_of, kinds.kind], kinds.most) as found
  join record.resource as r
    on r.organisation = record.served_organisation()
   and r.type = $1 and r.id = found.id
"""  # noqa: S608 - constants
_THREAD = f"""
select {RESOURCE_COLUMNS}, {KEY_COLUMNS}, k.wrapped_key
  from record.resource as r
  join record.shared_key as k on k.organisation = r.organisation
  left join record.patient as p on p.number = r.patient
 where r.organisation = $1 and r.type = $2 and not r.is_deleted
   and (r.id = $5 or r.id in (
     select found.id from {_KINDS} cross join lateral record.matching(
       $2::smallint, array[$6::bigint, kinds.kind], kinds.most) as found))
   and r.patient is not distinct from (
     select head.patient from record.resource as head
      where head.organisation = $1 and head.type = $2 and head.id = $5)
 order by r.clinical_at, r.id
"""  # noqa: S608 - constants


_SAID: Asked = (TYPE, "category", f"{SYSTEM}|{ANSWER}")
_READ: Asked = (TYPE, "category", f"{SYSTEM}|{RECEIPT}")


class ThreadLine(msgspec.Struct, frozen=True, kw_only=True):
    """One thread as a list shows it."""

    id: str
    patient: str
    messages: int
    unread: int
    last: datetime
    is_mine: bool
    """Whether the reader began it."""


class Threads(msgspec.Struct, frozen=True):
    """A page of threads, those with the newest message first."""

    lines: tuple[ThreadLine, ...] = ()
    total: int = 0
    is_cut_off: bool = False
    """Whether there are still more than can be listed: those begun longest ago."""


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    """A thread, opened."""

    messages: tuple[Message, ...]
    """The oldest first; the first one began it."""
    receipts: tuple[Message, ...]
    entry: int

    @property
    def head(self) -> Message:
        return self.messages[0]

    def read_by(self, message: str) -> list[Message]:
        return [one for one in self.receipts if one.of == message]

    def has_read(self, message: str, reader: str) -> bool:
        return any(
            one.of == message and one.sender.reference == reader
            for one in self.receipts
        )


class Messages:
    """Finds threads and opens them."""

    def __init__(self, database: Database, warden: WardenClient) -> None:
        self._database = database
        self._warden = warden

    async def mine(
        self,
        me: str,
        teams: Sequence[str],
        *,
        opener: Opener,
        about: str = "",
        page: int = 0,
    ) -> Threads | Refusal:
        """A page of the threads that one is in, or of those about one patient."""
        if not me:
            return Threads()
        sent: Asked = (TYPE, "sender", me)
        head: Asked = (TYPE, "category", f"{SYSTEM}|{THREAD}")
        by = [
            sent,
            (TYPE, "recipient", me),
            *((TYPE, "recipient:identifier", f"{QUEUE}|{one}") for one in teams),
        ]
        tokens = await token_map(self._warden, opener, [*by, head])
        if isinstance(tokens, Refusal):
            return tokens
        async with self._database.connection(opener.organisation) as connection:
            rows = await connection.fetch(
                _HEADS,
                type_code(TYPE),
                [tokens[one] for one in by],
                tokens[head],
                MOST_HEADS + 1,
            )
        heads = [row for row in rows if about in ("", row["patient"])]
        here = await self._page(heads, page, opener)
        if isinstance(here, Refusal):
            return here
        parts = await self._parts(here, opener)
        if isinstance(parts, Refusal):
            return parts
        lines = [
            _line(row, parts.get(id_of(row["id"]), []), me, tokens[sent])
            for row in here
        ]
        return Threads(
            tuple(sorted(lines, key=lambda one: one.last, reverse=True)),
            len(heads),
            len(rows) > MOST_HEADS,
        )

    async def _page(
        self, heads: Sequence[Row], page: int, opener: Opener
    ) -> Sequence[Row] | Refusal:
        """Those with the newest message, whenever they were begun."""
        if len(heads) <= MOST_THREADS:
            return () if page else heads
        of: list[Asked] = [
            (TYPE, "part-of", f"{TYPE}/{id_of(row['id'])}") for row in heads
        ]
        tokens = await token_map(self._warden, opener, [*of, _SAID])
        if isinstance(tokens, Refusal):
            return tokens
        async with self._database.connection(opener.organisation) as connection:
            rows = await connection.fetch(
                _LAST_SAID,
                type_code(TYPE),
                [tokens[one] for one in of],
                tokens[_SAID],
                MOST_FOUND,
            )
        said: dict[int, datetime] = {row["place"]: row["said_at"] for row in rows}
        placed = sorted(
            enumerate(heads, 1),
            key=lambda two: said.get(two[0]) or _begun(two[1]),
            reverse=True,
        )
        here = placed[page * MOST_THREADS : (page + 1) * MOST_THREADS]
        return [row for _, row in here]

    async def _parts(
        self, heads: Sequence[Row], opener: Opener
    ) -> dict[str, list["_Part"]] | Refusal:
        """What hangs on each of these, by the head's id."""
        ids = [id_of(row["id"]) for row in heads]
        of: list[Asked] = [(TYPE, "part-of", f"{TYPE}/{one}") for one in ids]
        tokens = await token_map(self._warden, opener, [*of, _SAID, _READ])
        if isinstance(tokens, Refusal):
            return tokens
        async with self._database.connection(opener.organisation) as connection:
            rows = await connection.fetch(
                _PARTS,
                type_code(TYPE),
                [tokens[one] for one in of],
                tokens[_SAID],
                tokens[_READ],
            )
        found: dict[str, list[_Part]] = {}
        for row in rows:
            one = _Part(
                id_of(row["id"]),
                row["last_updated"],
                frozenset(row["tokens"]),
                is_receipt=tokens[_READ] in row["tokens"],
            )
            found.setdefault(ids[row["place"] - 1], []).append(one)
        return found

    async def thread(self, head: str, *, opener: Opener) -> Thread | Refusal | NotFound:
        """One thread, its patient's record asked for at the door."""
        asked: Asked = (TYPE, "part-of", f"{TYPE}/{head}")
        tokens = await token_map(self._warden, opener, [asked, _SAID, _READ])
        if isinstance(tokens, Refusal):
            return tokens
        async with self._database.connection(opener.organisation) as connection:
            rows = await connection.fetch(
                _THREAD,
                opener.organisation,
                type_code(TYPE),
                tokens[_SAID],
                tokens[_READ],
                stored_id(head),
                tokens[asked],
            )
        opened = await self._opened(rows, opener) if rows else None
        if isinstance(opened, Refusal):
            return opened
        return _thread(head, opened) or NotFound(type=TYPE, id=head)

    async def _opened(self, rows: Sequence[Row], opener: Opener) -> Opened | Refusal:
        organisation = opener.organisation
        if rows[0]["patient_number"] is None:
            cipher = await shared_cipher(self._warden, opener, rows[0]["wrapped_key"])
            if isinstance(cipher, Refusal):
                return cipher
            stored = [
                stored_row(one, organisation=organisation, patient="") for one in rows
            ]
            return open_shared(cipher, stored)
        keys = patient_key_row(rows[0])
        stored = [
            stored_row(one, organisation=organisation, patient=keys.id) for one in rows
        ]
        return await open_of_patient(self._warden, opener, patient=keys, rows=stored)

    async def patient_of(self, head: str, *, opener: Opener) -> str | None:
        """Whom a thread is about, empty for nobody; None where there is none."""
        async with self._database.connection(opener.organisation) as connection:
            found: str | None = await connection.fetch_value(
                "select coalesce(p.id, '') from record.resource as r"
                " left join record.patient as p on p.number = r.patient"
                " where r.organisation = $1 and r.type = $2 and r.id = $3"
                " and not r.is_deleted",
                opener.organisation,
                type_code(TYPE),
                stored_id(head),
            )
        return found


def _begun(head: Row) -> datetime:
    begun: datetime = head["last_updated"]
    return begun


class _Part(msgspec.Struct, frozen=True):
    id: str
    at: datetime
    tokens: frozenset[int]
    is_receipt: bool = False


def _line(row: Row, parts: Sequence[_Part], me: str, by_me: int) -> ThreadLine:
    head = _Part(id_of(row["id"]), row["last_updated"], frozenset(row["tokens"]))
    said = [head, *(one for one in parts if not one.is_receipt)]
    there = {one.id for one in parts}
    return ThreadLine(
        id=head.id,
        patient=row["patient"],
        messages=len(said),
        unread=sum(
            by_me not in one.tokens and receipt_id(one.id, me) not in there
            for one in said
        ),
        last=max(one.at for one in said),
        is_mine=by_me in head.tokens,
    )


def _thread(head: str, opened: Opened | None) -> Thread | None:
    """In its order; None where its beginning is none of ours."""
    resources = opened.resources if opened is not None else ()
    read = [one for it in resources if (one := read_message(it)) is not None]
    heads = [one for one in read if one.id == head and one.kind == THREAD]
    if opened is None or not heads:
        return None
    answers = [one for one in read if one.kind == ANSWER]
    return Thread(
        messages=(heads[0], *sorted(answers, key=lambda one: (one.sent, one.id))),
        receipts=tuple(one for one in read if one.kind == RECEIPT),
        entry=opened.entry,
    )
