# SPDX-License-Identifier: Apache-2.0
"""Ties: what a written resource explains, by patient, ready in memory.

A tie says who may expect which patient, of what kind, from when until when. It belongs
to the resource that told it: a newer version's ties take the place of the older one's.
Times are UTC microseconds since 1970.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from wardkeep.db.connection import Connection


class Source(NamedTuple):
    """What told a tie: a resource, as far as it is about this patient."""

    organisation: int
    type: str
    id: str
    patient: str


class Tie(msgspec.Struct, frozen=True):
    """One reason to expect the source's patient."""

    who: str
    """Whom it names, as `Practitioner/x` or `Location/y`."""
    kind: str
    since: int
    until: int
    made_by: str
    """The account that wrote it: its own explain less (relationships.py)."""

    def holds(self, at: int) -> bool:
        return self.since <= at < self.until


Told = Mapping[Source, Sequence[Tie]]
"""What sources tell now; nothing: all that they told is over."""


class Ties:
    """Every tie that is not over, by the patient whom it is about."""

    def __init__(self) -> None:
        self._by_patient: dict[tuple[int, str], dict[Source, tuple[Tie, ...]]] = {}
        self._by_who: dict[tuple[int, str], set[Source]] = {}

    def __len__(self) -> int:
        return sum(
            len(ties) for one in self._by_patient.values() for ties in one.values()
        )

    def put(self, told: Told) -> None:
        """Take what sources tell now in place of what they told before."""
        for source, ties in told.items():
            named = (source.organisation, source.patient)
            self._index(source, ties)
            if ties:
                self._by_patient.setdefault(named, {})[source] = tuple(ties)
            elif named in self._by_patient:
                self._by_patient[named].pop(source, None)
                if not self._by_patient[named]:
                    del self._by_patient[named]

    def has(self, source: Source) -> bool:
        return source in self._by_patient.get((source.organisation, source.patient), ())

    def told_by(self, source: Source) -> tuple[Tie, ...]:
        return self._by_patient.get((source.organisation, source.patient), {}).get(
            source, ()
        )

    def of(self, organisation: int, patient: str) -> Iterator[Tie]:
        for ties in self._by_patient.get((organisation, patient), {}).values():
            yield from ties

    def _index(self, source: Source, ties: Sequence[Tie]) -> None:
        """Find a source by those whom it names now, and no longer by others."""
        named = (source.organisation, source.patient)
        before = self._by_patient.get(named, {}).get(source, ())
        for who in {one.who for one in before} - {one.who for one in ties}:
            sources = self._by_who[source.organisation, who]
            sources.discard(source)
            if not sources:
                del self._by_who[source.organisation, who]
        for one in ties:
            self._by_who.setdefault((source.organisation, one.who), set()).add(source)

    def naming(self, organisation: int, who: str) -> Iterator[tuple[Source, Tie]]:
        """Every tie that names somebody or a place, with what told it."""
        for source in self._by_who.get((organisation, who), ()):
            for one in self._by_patient[organisation, source.patient][source]:
                if one.who == who:
                    yield source, one

    def forget_patient(self, organisation: int, patient: str) -> None:
        """Forget all about a patient whose record was erased."""
        self.put(dict.fromkeys(self._by_patient.get((organisation, patient), ()), ()))

    def forget_over(self, at: int) -> None:
        """Forget what is over: no later moment brings it back."""
        over: dict[Source, tuple[Tie, ...]] = {}
        for sources in self._by_patient.values():
            for source, ties in sources.items():
                live = tuple(one for one in ties if one.until > at)
                if len(live) < len(ties):
                    over[source] = live
        self.put(over)


async def save(connection: Connection, told: Told) -> None:
    """Store what sources tell now; the caller has a transaction open."""
    await connection.execute_many(
        "delete from warden.tie"
        " where organisation = $1 and type = $2 and id = $3 and patient = $4",
        list(told),
    )
    await connection.execute_many(
        "insert into warden.tie (organisation, type, id, patient, who, kind,"
        " valid_from, valid_until, made_by)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing",
        [
            (*source, one.who, one.kind, one.since, one.until, one.made_by)
            for source, ties in told.items()
            for one in ties
        ],
    )


async def patients_here(
    connection: Connection, organisation: int, named: Sequence[str]
) -> frozenset[str]:
    """Which of these patients have a record already."""
    rows = await connection.fetch(
        "select id from record.patients_here($1, $2)", organisation, list(named)
    )
    return frozenset(row["id"] for row in rows)


async def load_live(connection: Connection, *, at: int) -> Ties:
    """Every tie that is not over, for a warden that starts."""
    rows = await connection.fetch(
        "select organisation, type, id, patient, who, kind, valid_from, valid_until,"
        " made_by from warden.tie where valid_until > $1",
        at,
    )
    told: dict[Source, list[Tie]] = {}
    for row in rows:
        values = tuple(row.values())
        told.setdefault(Source(*values[:4]), []).append(Tie(*values[4:]))
    found = Ties()
    found.put(told)
    return found


async def forget_over(connection: Connection, *, at: int) -> None:
    await connection.execute("delete from warden.tie where valid_until <= $1", at)
