# SPDX-License-Identifier: Apache-2.0
"""Where records of nobody come to stand in the lists that references lead through.

From a practitioner, a place or a team a program comes to whoever stands behind them, in
the order of ids or of writing. Left to chance, hundreds stand in one such list before
its first canary. So each list is cut into as many stretches as it gets canaries, by how
many stand in it already, and each stretch gets one, anywhere within it
(docs/decisions/0044-evidence.md).
"""

import re
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

import msgspec

from wardkeep.base.ids import UUID_BYTES, uuid_bytes, uuid_text
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.loading.documents import Document, Entry
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.search.index import index_of
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.fhir.store.tokens import tokens_of
from wardkeep.fhir.validation import check

MOST_IN_A_LIST = 200_000
_LEADS = re.compile(
    rb"(?:Practitioner|PractitionerRole|Location|HealthcareService|CareTeam"
    rb"|Organization)/[A-Za-z0-9.-]{1,64}$"
)
_IDS = """
select id, patient from record.matching($1::smallint, array[$2::bigint], $3)
 where patient is not null order by id
"""
_TIMES = """
select last_updated from record.resource
 where organisation = $1 and type = $2 and patient = any($3) order by last_updated
"""
_SOME_TIMES = """
select last_updated from record.resource where organisation = $1 and type = $2
 order by random() limit 2000
"""
_FORM = 0xF << 76 | 0x3 << 62
"""The bits of a UUID that say of which form it is (RFC 9562, 4)."""
_END = 1 << 128
_FINE = 1 << 20
"""Into how many steps a stretch is divided when one is drawn."""
Draw = Callable[[int], int]
T = TypeVar("T")


class Placed(NamedTuple):
    """A record of nobody, and when it is to have been written; None: now."""

    document: Document
    moment: datetime | None


class _List(NamedTuple):
    """Resources of one type that refer to the same practitioner, place or team."""

    type: str
    term: bytes


class _Spot(NamedTuple):
    """One resource of one document."""

    document: int
    entry: int


class Spread:
    """Places records among those that an organisation has."""

    def __init__(
        self,
        database: Database,
        warden: WardenClient,
        opener: Opener,
        *,
        draw: Draw = secrets.randbelow,
    ) -> None:
        """`draw`: a number below another; a secret one, or who knows it knows all."""
        self._database = database
        self._warden = warden
        self._opener = opener
        self._draw = draw

    async def over(self, documents: Sequence[Document]) -> list[Placed] | Refusal:
        """The documents with ids that are spread, and moments that are.

        Ids of Patients stay: the warden knows canaries by them. Ids that are no UUIDs
        stay too, as do resources that refer to nobody.
        """
        lists, draw = _lists_of(documents, self._draw), self._draw
        terms = sorted({one.term for one in lists})
        tokens = await tokens_of(self._warden, self._opener.session, terms)
        if isinstance(tokens, Refusal):
            return tokens
        by_term = dict(zip(terms, tokens, strict=True))
        fresh: dict[_Spot, str] = {}
        moments: dict[int, datetime] = {}
        for one, spots in lists.items():
            ids, patients = await self._here(one.type, by_term[one.term])
            olds = [documents[spot.document].entries[spot.entry].id for spot in spots]
            fresh.update(zip(spots, spread_ids(ids, olds, draw), strict=True))
            new = sorted({spot.document for spot in spots} - moments.keys())
            times = await self._times(patients) if new else ()
            moments.update(zip(new, evenly(times, len(new), draw), strict=False))
        rest = [n for n in range(len(documents)) if n not in moments]
        some = evenly(await self._some_times(), len(rest), draw)
        moments.update(zip(rest, some, strict=False))
        return [
            Placed(_with_ids(one, n, fresh), moments.get(n))
            for n, one in enumerate(documents)
        ]

    async def _here(self, type_: str, token: int) -> tuple[list[bytes], list[int]]:
        """Ids in their order, and the patients whose they are."""
        code = type_code(type_)
        async with self._database.connection(self._opener.organisation) as connection:
            rows = await connection.fetch(_IDS, code, token, MOST_IN_A_LIST)
        return [row["id"] for row in rows], list({row["patient"] for row in rows})

    async def _times(self, patients: Sequence[int]) -> list[datetime]:
        """When the Patients of a list were written."""
        number = self._opener.organisation
        async with self._database.connection(number) as connection:
            rows = await connection.fetch(
                _TIMES, number, type_code("Patient"), list(patients)
            )
        return [row["last_updated"] for row in rows]

    async def _some_times(self) -> list[datetime]:
        """When patients' records that are here were written."""
        number = self._opener.organisation
        async with self._database.connection(number) as connection:
            rows = await connection.fetch(_SOME_TIMES, number, type_code("Patient"))
        return sorted(row["last_updated"] for row in rows)


def _lists_of(
    documents: Sequence[Document], draw: Draw
) -> Mapping[_List, Sequence[_Spot]]:
    """Each resource in one of the lists that it stands in, drawn by lot."""
    found: dict[_List, list[_Spot]] = defaultdict(list)
    for number, document in enumerate(documents):
        for place, entry in enumerate(document.entries):
            terms = list(_leading(entry))
            if terms:
                one = _List(entry.type, terms[draw(len(terms))])
                found[one].append(_Spot(number, place))
    return found


def _leading(entry: Entry) -> Iterator[bytes]:
    """What it is found by from somebody, or some place, that many are behind."""
    if entry.type == "Patient" or not uuid_bytes(entry.id):
        return
    resource = parse(entry.raw)
    # What is wrong with it the import says, by file and place.
    if isinstance(resource, Resource) and not list(check(resource)):
        yield from (one for one in index_of(resource).terms if _LEADS.search(one))


def spread_ids(
    here: Sequence[bytes], olds: Sequence[str], draw: Draw = secrets.randbelow
) -> list[str]:
    """New ids in the place of old ones, evenly among those that are here, in order."""
    numbers = [
        int.from_bytes(one[:UUID_BYTES].ljust(UUID_BYTES, b"\0")) for one in here
    ]
    gaps = list(zip([0, *numbers], [*numbers, _END], strict=True))
    return [
        _uuid(low + draw(max(1, high - low)), like=old)
        for (low, high), old in zip(evenly(gaps, len(olds), draw), olds, strict=True)
    ]


def _uuid(drawn: int, *, like: str) -> str:
    """A UUID of the same form as another."""
    form = int.from_bytes(uuid_bytes(like)) & _FORM
    return uuid_text((drawn & ~_FORM | form).to_bytes(UUID_BYTES))


def evenly(things: Sequence[T], many: int, draw: Draw = secrets.randbelow) -> list[T]:
    """One of each of so many stretches of equal length, in no order; of none, none."""
    if not things:
        return []
    drawn = [
        things[(n * _FINE + draw(_FINE)) * len(things) // (many * _FINE)]
        for n in range(many)
    ]
    return sorted(drawn, key=lambda _: draw(_END))


def _with_ids(document: Document, number: int, fresh: Mapping[_Spot, str]) -> Document:
    """Its resources under new ids, and what refers to them; the text stays its mark."""
    renamed = {
        entry.id.encode(): fresh[_Spot(number, place)].encode()
        for place, entry in enumerate(document.entries)
        if _Spot(number, place) in fresh
    }
    if not renamed:
        return document
    olds = re.compile(b"|".join(map(re.escape, renamed)))

    def rename(text: bytes) -> bytes:
        return olds.sub(lambda found: renamed[found.group()], text)

    entries = tuple(
        msgspec.structs.replace(
            entry,
            id=rename(entry.id.encode()).decode(),
            raw=rename(entry.raw),
            full_url=rename(entry.full_url.encode()).decode(),
        )
        for entry in document.entries
    )
    return msgspec.structs.replace(document, entries=entries)
