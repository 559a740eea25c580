# SPDX-License-Identifier: Apache-2.0
"""Two versions of a protocol side by side: what changed, and what now comes out else.

Stored triages are replayed for nobody: their logs lie under patients' keys, and
hundreds of records would be opened to proof-read one rule. What is run is each example
of both versions, and each yes-or-no question answered yes alone, at an age at which
both are meant; so a difference that no example shows is not found.
"""

from collections.abc import Iterator, Sequence

import msgspec

from wardkeep.fhir.triage.checking import played
from wardkeep.fhir.triage.content import Content, Rule
from wardkeep.fhir.triage.engine import Turn
from wardkeep.fhir.triage.judging import work_of
from wardkeep.fhir.triage.library import engine_of

_YEARS = 40
MOST_WORK = 200_000
"""Answers times rules, in both; what is beyond is not run, and not counted as run."""


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """A rule or a question that is not the same in both."""

    id: str
    words: str
    how: tuple[str, ...]
    """As in `the condition`; empty: it is there in one of them alone."""


class Other(msgspec.Struct, frozen=True, kw_only=True):
    """Answers that come to something else; a disposition each, empty for nothing."""

    given: str
    before: str
    now: str


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    added: tuple[Changed, ...]
    removed: tuple[Changed, ...]
    changed: tuple[Changed, ...]
    asked_more: tuple[Changed, ...]
    asked_less: tuple[Changed, ...]
    asked_else: tuple[Changed, ...]
    others: tuple[Other, ...]
    """Of what was run in both."""
    ran: int
    not_run: int
    """Answers that one of the two cannot take: they name a question that it lacks."""
    beyond: int = 0
    """Answers that would have taken too long."""

    @property
    def is_same(self) -> bool:
        parts = (self.added, self.removed, self.changed, self.others)
        asked = (self.asked_more, self.asked_less, self.asked_else)
        return not any(parts) and not any(asked)


def compared(before: Content, now: Content) -> Compared:
    """What somebody who knows `before` has to read of `now`."""
    old, new = ({one.id: one for one in it.rules} for it in (before, now))
    was, asks = before.items, now.items
    given, beyond = _given(before, now)
    both = tuple(_run_both(before, now, given))
    ran = [one for one in both if one is not None]
    return Compared(
        added=tuple(_alone(one) for id_, one in new.items() if id_ not in old),
        removed=tuple(_alone(one) for id_, one in old.items() if id_ not in new),
        changed=tuple(
            Changed(id=id_, words=one.words, how=how)
            for id_, one in new.items()
            if id_ in old and (how := _how(old[id_], one))
        ),
        asked_more=tuple(_asked(now, one) for one in asks if one not in was),
        asked_less=tuple(_asked(before, one) for one in was if one not in asks),
        asked_else=tuple(
            msgspec.structs.replace(_asked(now, one), how=("the words or the kind",))
            for one in asks
            if one in was and _said(before, one) != _said(now, one)
        ),
        others=tuple(one for one in ran if one.before != one.now),
        ran=len(ran),
        not_run=len(both) - len(ran),
        beyond=beyond,
    )


def _said(content: Content, link: str) -> tuple[str, str, list[str]]:
    item = content.items[link]
    return item.words(), item.type, content.fits[link].said()


def _alone(rule: Rule) -> Changed:
    return Changed(id=rule.id, words=rule.words, how=())


def _asked(content: Content, link: str) -> Changed:
    return Changed(id=link, words=content.items[link].words(), how=())


def _how(old: Rule, new: Rule) -> tuple[str, ...]:
    pairs = {
        "its words": (old.words, new.words),
        "what follows": (old.disposition, new.disposition),
        "whether it is a red flag": (old.is_red_flag, new.is_red_flag),
        "its source": (
            (old.citation, old.clause, old.url),
            (new.citation, new.clause, new.url),
        ),
        "what was not checked of it": (old.unchecked, new.unchecked),
        "its examples": (old.examples, new.examples),
    }
    found = tuple(what for what, (one, other) in pairs.items() if one != other)
    is_beyond = old.digest != new.digest and not set(found) & set(list(pairs)[:4])
    if old.expression != new.expression:
        return ("its condition", *found)
    if is_beyond:
        return ("what its condition rests on", *found)
    return found


def _run_both(
    before: Content, now: Content, said: Sequence[str]
) -> Iterator[Other | None]:
    """Each distinct set of answers; None where one of the two cannot take it."""
    engines = engine_of(before), engine_of(now)
    for given in said:
        turns = [
            played(content, engine, given)
            for content, engine in zip((before, now), engines, strict=True)
        ]
        came = [one.result.disposition for one in turns if isinstance(one, Turn)]
        if len(came) == len(turns):
            yield Other(given=given, before=came[0], now=came[1])
        else:
            yield None


def _given(before: Content, now: Content) -> tuple[list[str], int]:
    """What is run, and how many there are beyond what may be."""
    found = [
        example.given
        for content in (now, before)
        for rule in content.rules
        for example in rule.examples
    ]
    found += [
        f"age={_YEARS}; {link}=yes"
        for content in (now, before)
        for link, item in content.items.items()
        if item.type == "boolean"
    ]
    once = list(dict.fromkeys(found))
    kept, work = [], 0
    for given in once:
        work += work_of(before, given) + work_of(now, given)
        if work <= MOST_WORK:
            kept.append(given)
    return kept, len(once) - len(kept)
