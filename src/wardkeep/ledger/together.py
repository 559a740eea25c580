# SPDX-License-Identifier: Apache-2.0
"""Whom an incident reached: the scopes of all that was not rightful, as one."""

from collections.abc import Iterable, Sequence

from wardkeep.ledger.onward import join_onward
from wardkeep.ledger.scope import ALL, NONE, Disclosed, PersonReached, Scope


def together(scopes: Sequence[Scope]) -> Scope:
    """One scope of several; whoever is in two of them is told of once.

    What is certainly not disclosed is so only where each scope says it.
    """
    if len(scopes) == 1:
        return scopes[0]
    made = Scope(
        is_whole=all(one.is_whole for one in scopes),
        faults=[fault for one in scopes for fault in one.faults],
        entries_read=max(one.entries_read for one in scopes),
        entries_covered=min(one.entries_covered for one in scopes),
        entries_matching=sum(one.entries_matching for one in scopes),
        refusals=sum(one.refusals for one in scopes),
        root=scopes[-1].root,
        checkpoint=scopes[-1].checkpoint,
        unknown=list(dict.fromkeys(name for one in scopes for name in one.unknown)),
        sessions=list(dict.fromkeys(s for one in scopes for s in one.sessions)),
        people=_people(person for one in scopes for person in one.people),
        looked_at=_people(person for one in scopes for person in one.looked_at),
        certainly_not=[
            words
            for words in scopes[0].certainly_not
            if all(words in one.certainly_not for one in scopes)
        ],
    )
    for people in (made.people, made.looked_at):
        people.sort(key=lambda one: one.first)
    return made


def _people(found: Iterable[PersonReached]) -> list[PersonReached]:
    known: dict[tuple[int, str], PersonReached] = {}
    for one in found:
        key = (one.organisation, one.patient)
        if key in known:
            _add(known[key], one)
        else:
            known[key] = one
    return list(known.values())


def _add(known: PersonReached, other: PersonReached) -> None:
    """An opening that both have is one opening: entries are numbered."""
    known.first, known.last = min(known.first, other.first), max(known.last, other.last)
    new = len({*other.entries} - {*known.entries, *other.looked_at})
    known.looked_at = sorted({*known.looked_at, *other.looked_at})
    is_list = other.listed and not other.openings
    known.listed += new if is_list else 0
    known.openings += 0 if is_list else new
    known.entries = sorted({*known.entries, *other.entries})
    known.on_phone_until = max(known.on_phone_until, other.on_phone_until)
    join_onward(known.onward, other.onward)
    for name in ("tiers", "purposes", "reasons"):
        words = getattr(known, name)
        words.extend(word for word in getattr(other, name) if word not in words)
    versions = {(one.type, one.id, one.version): one for one in known.resources}
    for one in other.resources:
        mine = versions.get((one.type, one.id, one.version))
        if mine is None:
            known.resources.append(one)
        else:
            _stretch(mine, one)


def _stretch(mine: Disclosed, other: Disclosed) -> None:
    mine.first, mine.last = min(mine.first, other.first), max(mine.last, other.last)
    mine.tier = mine.tier or other.tier
    mine.elements = ALL if ALL in (mine.elements, other.elements) else NONE
    mine.onward = tuple(dict.fromkeys((*mine.onward, *other.onward)))
