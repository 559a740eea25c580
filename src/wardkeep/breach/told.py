# SPDX-License-Identifier: Apache-2.0
"""What a scope says of a person or an organisation, in words for those who are told."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from wardkeep.base.clock import LONDON, from_microseconds
from wardkeep.base.time_of_day import time_of_day
from wardkeep.fhir.plain_words import THINGS
from wardkeep.ledger.onward import MOST_NAMED, SEND, Onward, OnwardSum
from wardkeep.ledger.reaching import Reach
from wardkeep.ledger.scope import Disclosed, PersonReached, onward_of

SEALED = "sealed"
_CARRY = "carry"
WAY_WORDS = {
    SEND: "Sent by message to {}",
    "app": "Given to an app, {}",
    "print": "Printed on paper",
    "copy": "Copied into files",
    _CARRY: "Put, sealed, on a phone",
    "pack": "Put, sealed, on a check-in kiosk",
    "letters": "Put on a letter about an incident",
    "extract": "Put into a national data set",
}
_TOO_MANY = "more names than are told one by one"


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One person, as a letter needs it."""

    patient: str
    first: str
    last: str
    is_list_only: bool
    """Shown in a list of people, and nothing else of theirs opened."""
    things: tuple[tuple[str, int], ...]
    """What was seen, each with how many, the most first."""
    is_sealed: bool
    """Whether something was that is kept apart: not spelled out on paper."""
    onward: tuple[str, ...] = ()
    """Where it went on to, in words: `Sent by message to Kilby Surgery`."""
    receivers: tuple[str, ...] = ()
    """Of these who got a message: they hold it, and whoever was not rightful asked."""
    is_looked_at: bool = False
    """Whether the list of who opened their record was read."""
    is_looked_at_only: bool = False
    """Whether nothing else was seen."""


class Went(msgspec.Struct, frozen=True, kw_only=True):
    """One destination in words, with how many people and records went there."""

    words: str
    people: int
    records: int


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    """One organisation's part, or all of it."""

    people: int
    opened: int
    listed: int
    records: int
    """Resources, each version counted."""
    sealed: int
    """People of whom something kept apart was seen."""
    things: tuple[tuple[str, int], ...]
    """Kinds, each with of how many people."""
    first: str
    last: str
    onward: tuple[Went, ...] = ()
    """Where it went on to, the most people first."""
    onward_more: int = 0
    """How many more destinations there were than are named."""
    is_sent: bool = False
    """Whether any of it was a message."""
    looked: int = 0
    """People whose list of who opened their record was read."""
    looked_only: int = 0
    """Of these whose nothing else was seen."""


def clock(at: int) -> str:
    """UTC microseconds as a date and time in London."""
    moment = from_microseconds(at).astimezone(LONDON)
    return f"{day(moment)} at {time_of_day(moment)}"


def day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"


def person(found: PersonReached) -> Person:
    """What a letter says of somebody."""
    kinds = Counter(one.type for one in _newest(found))
    return Person(
        patient=found.patient,
        first=clock(found.first),
        last=clock(found.last),
        is_list_only=not found.openings and not found.is_looked_at_only,
        is_looked_at=bool(found.looked_at),
        is_looked_at_only=found.is_looked_at_only,
        things=tuple((_words(kind), many) for kind, many in kinds.most_common()),
        is_sealed=SEALED in found.tiers,
        onward=tuple(_went(one, found) for one in found.onward),
        receivers=tuple(one.to or _TOO_MANY for one in found.onward if one.way == SEND),
    )


def _went(one: Onward, found: PersonReached) -> str:
    words = onward_words(one.way, one.to)
    if one.way == _CARRY and found.on_phone_until:
        return f"{words} until {clock(found.on_phone_until)}"
    return words


def onward_words(way: str, to: str) -> str:
    """How and to whom something went on, as a line of its own says it."""
    said = WAY_WORDS.get(way, f"Given out as “{way}”")
    return said.format(to or _TOO_MANY)


def total(people: Sequence[PersonReached]) -> Sum:
    """What all of them together come to."""
    kinds: Counter[str] = Counter()
    for one in people:
        kinds.update({found.type for found in one.resources})
    onward = onward_of(people)
    looked_only = sum(1 for one in people if one.is_looked_at_only)
    return Sum(
        people=len(people),
        opened=sum(1 for one in people if one.openings),
        listed=sum(1 for one in people if not one.openings) - looked_only,
        looked=sum(1 for one in people if one.looked_at),
        looked_only=looked_only,
        records=sum(len(one.resources) for one in people),
        sealed=sum(1 for one in people if SEALED in one.tiers),
        things=tuple((_words(kind), many) for kind, many in kinds.most_common()),
        first=clock(min(one.first for one in people)) if people else "",
        last=clock(max(one.last for one in people)) if people else "",
        onward=went_of(onward[:MOST_NAMED]),
        onward_more=max(0, len(onward) - MOST_NAMED),
        is_sent=any(one.way == SEND for one in onward),
    )


def total_of(reach: Reach) -> Sum:
    """The same of what was counted already."""
    return Sum(
        people=reach.people,
        opened=reach.opened,
        listed=reach.people - reach.opened - reach.looked_only,
        looked=reach.looked,
        looked_only=reach.looked_only,
        records=reach.records,
        sealed=reach.sealed,
        things=things_of(reach.types),
        first=clock(reach.first) if reach.people else "",
        last=clock(reach.last) if reach.people else "",
        onward=went_of(reach.onward),
        onward_more=reach.onward_more,
        is_sent=any(one.way == SEND for one in reach.onward),
    )


def went_of(onward: Iterable[OnwardSum]) -> tuple[Went, ...]:
    """Destinations in words."""
    return tuple(
        Went(
            words=onward_words(one.way, one.to), people=one.people, records=one.records
        )
        for one in onward
    )


def onward_rows(reach: Reach) -> tuple[tuple[str, int, int], ...]:
    """Destinations as a table has them: in words, people, records."""
    return tuple((one.words, one.people, one.records) for one in went_of(reach.onward))


def things_of(types: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """FHIR types with numbers, as what they are in words."""
    return tuple((_words(kind), many) for kind, many in types)


def _newest(found: PersonReached) -> list[Disclosed]:
    """Each resource once: versions of one are one thing to whom it is about."""
    return list({(one.type, one.id): one for one in found.resources}.values())


def _words(kind: str) -> str:
    return THINGS.get(kind, f"what is kept as {kind}")
