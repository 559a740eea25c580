# SPDX-License-Identifier: Apache-2.0
"""What a question weighs: its items after judgement, and the entries that name them."""

from collections.abc import Iterable, Iterator, Sequence, Set as AbstractSet
from itertools import groupby

import msgspec

from wardkeep.crypto.aead import Key
from wardkeep.disclosure.purpose import DELETE, READ, SEALED, Purpose
from wardkeep.disclosure.questions import Disclose, Item, ResourceRef
from wardkeep.ledger.entry import Subject
from wardkeep.warden.row_keys import identity_of, open_row_key
from wardkeep.warden.rules.opening import Refused
from wardkeep.warden.sessions import Session

RESOURCES_AN_ENTRY = 500
"""So that an entry stays under 60,000 bytes whatever the ids look like."""


class Weighed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One item after judgement: the unwrapped key stays here until it is written."""

    item: Item
    key: bytes
    relationship: str
    purpose: Purpose
    reason: str
    refused: Refused | None
    is_beside: bool = False
    """Whether it is only named in the entry: its key stays here."""


def worst(weighed: Sequence[Weighed]) -> Weighed | None:
    """The refusal to tell: one that no reason would mend goes before one it would."""
    first: Weighed | None = None
    for one in weighed:
        if one.refused is not None:
            if not one.refused.needs_reason:
                return one
            first = first or one
    return first


class Portion(msgspec.Struct, frozen=True, gc=False):
    """Subjects of one purpose and reason that fit one entry."""

    weighed: tuple[Weighed, ...]
    subjects: tuple[Subject, ...]


def portions(weighed: Sequence[Weighed]) -> Iterable[Portion]:
    """What one question opens, in as few entries as hold it; at least one."""
    if len(weighed) == 1 and len(weighed[0].item.resources) < RESOURCES_AN_ENTRY:
        # What is asked nearly always: one part of one record.
        one = weighed[0]
        return (Portion((one,), (subject_of(one, one.item.resources),)),)
    return _portions(weighed)


def _portions(weighed: Sequence[Weighed]) -> Iterator[Portion]:
    for _, alike in groupby(weighed, key=lambda one: (one.purpose, one.reason)):
        group: list[Weighed] = []
        subjects: list[Subject] = []
        room = RESOURCES_AN_ENTRY
        for one in alike:
            for refs in pieces(one.item.resources):
                if subjects and len(refs) + 1 > room:
                    yield Portion(tuple(group), tuple(subjects))
                    group, subjects, room = [], [], RESOURCES_AN_ENTRY
                group.append(one)
                subjects.append(subject_of(one, refs))
                room -= len(refs) + 1
        yield Portion(tuple(group), tuple(subjects))


def subject_of(one: Weighed, refs: Sequence[ResourceRef]) -> Subject:
    return Subject.about(
        patient=one.item.patient,
        tier=one.item.tier.word,
        relationship=one.relationship,
        resources=refs,
    )


def pieces(refs: Sequence[ResourceRef]) -> Iterator[Sequence[ResourceRef]]:
    """The references of one item in pieces that fit an entry; at least one piece."""
    if len(refs) < RESOURCES_AN_ENTRY:
        yield refs
        return
    for start in range(0, len(refs), RESOURCES_AN_ENTRY - 1):
        yield refs[start : start + RESOURCES_AN_ENTRY - 1]


def key_of_row(session: Session, item: Item, sealed: Sequence[Key]) -> bytes:
    """The one row's own key; empty where there is not one row, or it is not its key."""
    if len(item.resources) != 1:
        return b""
    identity = identity_of(session.organisation, item.patient, item.resources[0])
    found = (open_row_key(one, item.row_key, identity) for one in sealed)
    return next((key for key in found if key is not None), b"")


def stays(asked: Disclose, one: Weighed) -> bool:
    """Whether its key stays here: nobody needs it, or nobody gets it.

    The key of the whole sealed tier never leaves; each row of it has its own.
    """
    is_whole_tier = one.item.tier is SEALED and asked.action is not READ
    return asked.action is DELETE or one.is_beside or is_whole_tier


def opened_by(weighed: Sequence[Weighed]) -> AbstractSet[str]:
    """The patients whose keys would leave; those who are only named keep theirs."""
    return {one.item.patient for one in weighed if not one.is_beside}
