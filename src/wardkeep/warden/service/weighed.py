# SPDX-License-Identifier: Apache-2.0
"""What a question weighs: its items after judgement, and the entries that name them."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import msgspec

from wardkeep.disclosure.purpose import Purpose
from wardkeep.disclosure.questions import Item, ResourceRef
from wardkeep.ledger.entry import Subject
from wardkeep.warden.rules.opening import Refused

RESOURCES_AN_ENTRY = 500
"""So that an entry stays under 60,000 bytes whatever the ids look like."""


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
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
    refused = [one for one in weighed if one.refused is not None]
    for one in refused:
        if one.refused is not None and not one.refused.needs_reason:
            return one
    return refused[0] if refused else None


class Portion(NamedTuple):
    """Subjects of one purpose and reason that fit one entry."""

    weighed: tuple[Weighed, ...]
    subjects: tuple[Subject, ...]


def portions(weighed: Sequence[Weighed]) -> Iterator[Portion]:
    """What one question opens, in as few entries as hold it; at least one."""
    if len(weighed) == 1 and len(weighed[0].item.resources) < RESOURCES_AN_ENTRY:
        # What is asked nearly always: one part of one record.
        one = weighed[0]
        yield Portion((one,), (subject_of(one, one.item.resources),))
        return
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
