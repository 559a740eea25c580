# SPDX-License-Identifier: Apache-2.0
"""What callers, call takers and clinicians did, and whether the record says the same.

The book is kept outside of what is tested: each line is an act that somebody was told
is done. `reckon` holds it against the database, row by row, in both directions.
"""

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from support.served import Served
from wardkeep.assembly.database import OWNER, address_for
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection, connect
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, Kind

_CALLS = """
select c.case_id, p.id as patient, c.state
  from call.listed as c join record.patient as p on p.number = c.patient
 where c.organisation = $1
"""
_ENTRIES = """
select e.entry, e.case_key, e.is_open, e.state, e.owner, e.held_by is not null as held,
       d.entry is not null as asked, d.acknowledged_at is not null as acknowledged,
       d.called_off_at is not null as called_off
  from urgent.entry as e left join urgent.dispatch as d
    on d.organisation = e.organisation and d.entry = e.entry
 where e.organisation = $1
"""
_VERSIONS = """
select clinic.id_text(r.id) as id, r.version from record.resource as r
 where r.organisation = $1 and r.type = $2 and not r.is_deleted
"""
_PRESCRIPTIONS = """
select clinic.id_text(r.id) as id, r.version, p.id as patient
  from record.resource as r join record.patient as p on p.number = r.patient
 where r.organisation = $1 and r.type = $2 and not r.is_deleted
"""


class Call(msgspec.Struct, kw_only=True):
    """One call, as whoever answered it was told."""

    placeholder: str
    """The id of the case that was begun."""
    case: str
    """The id of the case that it became; the same where nobody was found."""
    patient: str
    disposition: str = ""
    """What it came to first; empty: it has not ended."""
    taker: str = ""
    """By whose session it was answered, or gone on with."""
    versions: int = 0
    """Of the case, where they are known: not where a form may be sent twice."""


class Place(msgspec.Struct, kw_only=True):
    """A place in a queue, as whoever took it was told."""

    version: int = 1
    is_open: bool = True
    is_escalated: bool = False


class Book:
    """Everything that was answered, by whoever did it; many write at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.calls: list[Call] = []
        self.places: dict[str, Place] = defaultdict(Place)
        """By the id of the entry."""
        self.ended: dict[str, list[str]] = defaultdict(list)
        """What each place came to, by entry; empty word: nobody was reached."""
        self.took: Counter[str] = Counter()
        """How often each was given to somebody, and not handed back."""
        self.prescribed: dict[str, str] = {}
        """Whom each prescription is for, by its id."""
        self.troubles: list[str] = []

    def answered(self, call: Call) -> None:
        with self._lock:
            self.calls.append(call)

    def taken(self, entry: str) -> None:
        with self._lock:
            self.took[entry] += 1

    def trouble(self, words: str) -> None:
        with self._lock:
            self.troubles.append(words)


class Found(NamedTuple):
    """What the database has."""

    calls: Mapping[str, Mapping[str, object]]
    entries: Mapping[str, Mapping[str, object]]
    versions: Mapping[str, Mapping[str, int]]
    """By type, and id."""
    prescriptions: Mapping[str, tuple[str, int]] = MappingProxyType({})
    """By id: whom each is for, and how many versions it has."""


async def found_in(stack: Served, organisation: int = 1) -> Found:
    connection = await connect(address_for(stack.settings, stack.layout, OWNER))
    try:
        await connection.serve(OrganisationId(organisation))
        calls = await connection.fetch(_CALLS, organisation)
        entries = await connection.fetch(_ENTRIES, organisation)
        versions = {
            one: await _versions(connection, organisation, one)
            for one in ("Encounter", "Task", "ServiceRequest")
        }
        written = await connection.fetch(
            _PRESCRIPTIONS, organisation, type_code("MedicationRequest")
        )
    finally:
        await connection.close()
    return Found(
        {row["case_id"]: row for row in calls},
        {row["entry"]: row for row in entries},
        versions,
        {row["id"]: (row["patient"], row["version"]) for row in written},
    )


async def _versions(
    connection: Connection, organisation: int, type_: str
) -> dict[str, int]:
    rows = await connection.fetch(_VERSIONS, organisation, type_code(type_))
    return {row["id"]: row["version"] for row in rows}


class SoFar(NamedTuple):
    """How it stands while people are at work."""

    lost: int
    """Somebody was told that it is done, and it is not there."""
    doubled: int
    """It was there a report ago already, and nobody was told of it."""
    stuck: int
    """Ambulances that nobody acknowledged from one report to the next; and troubles."""
    waiting: int
    """Places in queues that are open."""


class Told(NamedTuple):
    """What stands in a book at one moment."""

    cases: frozenset[str]
    placeholders: frozenset[str]
    ended: frozenset[str]
    """Places in queues."""
    troubles: int
    prescribed: frozenset[str] = frozenset()


def told_in(book: Book) -> Told:
    calls = list(book.calls)
    return Told(
        cases=frozenset(one.case for one in calls),
        placeholders=frozenset(one.placeholder for one in calls),
        ended=frozenset(entry for entry, codes in list(book.ended.items()) if codes),
        troubles=len(book.troubles),
        prescribed=frozenset(list(book.prescribed)),
    )


def so_far(told: Told, found: Found, before: Found | None) -> SoFar:
    """What can be said of a day that goes on; the last word is `reckon`'s.

    `told` was read before `found`, and `before` is what was found a report ago: whoever
    is between an act and its answer counts as nothing.
    """
    lost = len(told.cases - found.calls.keys())
    lost += len(told.prescribed - found.prescriptions.keys())
    for entry in told.ended:
        row = found.entries.get(entry)
        lost += row is None or bool(row["is_open"])
    earlier = before or Found({}, {}, {})
    known = told.cases | told.placeholders
    doubled = sum(
        case not in known and row["state"] != "mistake" and case in earlier.calls
        for case, row in found.calls.items()
    )
    new = found.prescriptions.keys() - told.prescribed
    doubled += len(new & earlier.prescriptions.keys())
    return SoFar(
        lost=lost,
        doubled=doubled,
        stuck=told.troubles + len(_unheard(found) & _unheard(earlier)),
        waiting=sum(bool(row["is_open"]) for row in found.entries.values()),
    )


def _unheard(found: Found) -> set[str]:
    return {
        entry
        for entry, row in found.entries.items()
        if row["asked"] and not row["acknowledged"] and not row["called_off"]
    }


def reckon(book: Book, found: Found) -> list[str]:
    """What is lost, doubled or stuck, a line each; nothing where all is accounted for.

    Every call has ended and nobody waits any more when this is asked.
    """
    return [
        *book.troubles,
        *_calls(book, found),
        *_places(book, found),
        *_ambulances(found),
        *_outcomes(book, found),
        *_prescriptions(book, found),
    ]


def _calls(book: Book, found: Found) -> Iterable[str]:
    by_case = {one.case: one for one in book.calls}
    if len(by_case) != len(book.calls):
        yield f"doubled: {len(book.calls)} calls are {len(by_case)} cases"
    moved = {one.placeholder for one in book.calls if one.placeholder != one.case}
    for id_, row in found.calls.items():
        if id_ not in by_case and (id_ not in moved or row["state"] != "mistake"):
            yield f"doubled: {id_} is {row['state']}, and no call that anybody has"
    closes = Counter(_case_of(found, entry) for entry in _closing(book))
    for id_, call in by_case.items():
        there = found.calls.get(id_)
        if there is None or there["patient"] != call.patient:
            yield f"lost: case {id_} of {call.patient}"
        elif there["state"] != "closed":
            yield f"stuck: case {id_} is {there['state']}"
        version = found.versions["Encounter"].get(id_, 0)
        said = call.versions + closes[id_] if call.versions else version
        if version != said:
            yield f"doubled or lost: {id_} has {version} versions, not {said}"


def _case_of(found: Found, entry: str) -> str:
    row = found.entries.get(entry)
    return "" if row is None else str(row["case_key"]).removeprefix("Encounter/")


def _closing(book: Book) -> Iterable[str]:
    """Places that ended in nothing for which anybody here waits: so the case closes."""
    for entry, codes in book.ended.items():
        for code in codes:
            if not code or not DISPOSITIONS[code].waits:
                yield entry


def _places(book: Book, found: Found) -> Iterable[str]:
    waits = Counter(
        one.case
        for one in book.calls
        if one.disposition and DISPOSITIONS[one.disposition].waits
    )
    for entry, codes in book.ended.items():
        waits[_case_of(found, entry)] += sum(
            DISPOSITIONS[code].waits for code in codes if code
        )
    there = Counter(_case_of(found, entry) for entry in found.entries)
    for case in waits.keys() | there.keys():
        if waits[case] != there[case]:
            had, said = there[case], waits[case]
            yield f"lost or doubled: {case} waited {had} times, not {said}"
    yield from _steps(book, found)


def _steps(book: Book, found: Found) -> Iterable[str]:
    """Each place was taken once, ended once, and has a version for each step."""
    for entry in found.entries.keys() | book.places.keys():
        row, place = found.entries.get(entry), book.places[entry]
        took, ended = book.took[entry], len(book.ended[entry])
        if row is None or row["is_open"] or row["held"]:
            yield f"lost or stuck: {entry}"
        if (took, ended) != (1, 1):
            yield f"lost or doubled: {entry} was taken {took}, ended {ended} times"
        version = found.versions["Task"].get(entry, 0)
        if version != place.version:
            yield f"lost or doubled: a step of {entry}, {version} not {place.version}"


def _ambulances(found: Found) -> Iterable[str]:
    for entry, row in found.entries.items():
        if row["asked"] and (row["called_off"] or not row["acknowledged"]):
            yield f"stuck: the ambulance of {entry}"


def _outcomes(book: Book, found: Found) -> Iterable[str]:
    sent = sum(bool(one.disposition) for one in book.calls)
    sent += sum(bool(code) for codes in book.ended.values() for code in codes)
    there = len(found.versions["ServiceRequest"])
    if there != sent:
        yield f"lost or doubled: {there} outcomes, not {sent}"
    asked = sum(bool(row["asked"]) for row in found.entries.values())
    ambulances = [
        code
        for code in [
            *(one.disposition for one in book.calls),
            *(code for codes in book.ended.values() for code in codes),
        ]
        if code and DISPOSITIONS[code].kind is Kind.AMBULANCE
    ]
    if asked != len(ambulances):
        yield f"lost or doubled: {asked} ambulances asked for, not {len(ambulances)}"


def _prescriptions(book: Book, found: Found) -> Iterable[str]:
    """Each is there once, as it was written, for whom it was written, and no other."""
    for id_ in book.prescribed.keys() | found.prescriptions.keys():
        whose = book.prescribed.get(id_)
        patient, versions = found.prescriptions.get(id_, ("", 0))
        if whose is None:
            yield f"doubled: prescription {id_}, which nobody was told of"
        elif patient != whose:
            yield f"lost: prescription {id_} of {whose}"
        elif versions != 1:
            yield f"doubled: prescription {id_} has {versions} versions, not 1"
