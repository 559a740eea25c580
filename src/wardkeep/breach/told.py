# SPDX-License-Identifier: Apache-2.0
"""What a scope says of a person or an organisation, in words for those who are told."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from wardkeep.base.clock import LONDON, from_microseconds
from wardkeep.base.time_of_day import time_of_day
from wardkeep.fhir.plain_words import THINGS
from wardkeep.ledger.reaching import Reach
from wardkeep.ledger.scope import Disclosed, PersonReached

SEALED = "sealed"


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
        is_list_only=not found.openings,
        things=tuple((_words(kind), many) for kind, many in kinds.most_common()),
        is_sealed=SEALED in found.tiers,
    )


def total(people: Sequence[PersonReached]) -> Sum:
    """What all of them together come to."""
    kinds: Counter[str] = Counter()
    for one in people:
        kinds.update({found.type for found in one.resources})
    return Sum(
        people=len(people),
        opened=sum(1 for one in people if one.openings),
        listed=sum(1 for one in people if not one.openings),
        records=sum(len(one.resources) for one in people),
        sealed=sum(1 for one in people if SEALED in one.tiers),
        things=tuple((_words(kind), many) for kind, many in kinds.most_common()),
        first=clock(min(one.first for one in people)) if people else "",
        last=clock(max(one.last for one in people)) if people else "",
    )


def total_of(reach: Reach) -> Sum:
    """The same of what was counted already."""
    return Sum(
        people=reach.people,
        opened=reach.opened,
        listed=reach.people - reach.opened,
        records=reach.records,
        sealed=reach.sealed,
        things=things_of(reach.types),
        first=clock(reach.first) if reach.people else "",
        last=clock(reach.last) if reach.people else "",
    )


def things_of(types: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """FHIR types with numbers, as what they are in words."""
    return tuple((_words(kind), many) for kind, many in types)


def _newest(found: PersonReached) -> list[Disclosed]:
    """Each resource once: versions of one are one thing to whom it is about."""
    return list({(one.type, one.id): one for one in found.resources}.values())


def _words(kind: str) -> str:
    return THINGS.get(kind, f"what is kept as {kind}")
