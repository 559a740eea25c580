# SPDX-License-Identifier: Apache-2.0
"""What a triage comes to, in words, as pages show it."""

from collections.abc import Mapping

import msgspec

from wardkeep.fhir.triage.checklist import answers_in
from wardkeep.fhir.triage.content import Content
from wardkeep.fhir.triage.engine import NO, Fired, Overruled, Result, Turn
from wardkeep.fhir.triage.evaluating import known
from wardkeep.fhir.triage.held import Held, marked_by_id
from wardkeep.fhir.triage.originals import Original
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, Disposition


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that holds, in words."""

    fired: Fired
    disposition: Disposition
    because: tuple[str, ...]
    held: Held | None = None
    """Who of the organisation held it against the original publication."""
    original: Original | None = None
    """What its authors held it against."""


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """A score, in words."""

    words: str
    value: str
    missing: tuple[str, ...]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A result, in words."""

    note: str
    suggested: Disposition | None
    raised: tuple[Why, ...]
    others: tuple[Why, ...]
    scores: tuple[Score, ...]
    overruled: tuple[Overruled, ...]
    advice: tuple[str, ...]


def shown_in(content: Content, turn: Turn, marks: Mapping[str, Held]) -> Shown:
    """`marks` are by the rule's digest."""
    result: Result = turn.result
    held = marked_by_id(content, marks)
    about = known(turn.log.about)
    words = {link: content.words_of(link, about) for link in content.items}
    answered = answers_in(turn.log)
    rules = {one.id: one for one in content.rules}
    whys = [
        msgspec.structs.replace(
            _why(one, words, held.get(one.rule)), original=rules[one.rule].original
        )
        for one in result.fired
    ]
    begun = {link for link, value in answered.items() if value != NO}
    return Shown(
        note=result.note,
        suggested=DISPOSITIONS.get(result.disposition),
        raised=tuple(one for one in whys if one.fired.rule in result.raised),
        others=tuple(one for one in whys if one.fired.rule not in result.raised),
        scores=tuple(
            Score(
                words=one.words,
                value="–" if one.value is None else str(one.value),
                missing=tuple(words[link] for link in one.missing),
            )
            for one in result.tallies
            if begun & set(_reads(content, one.name))
        ),
        overruled=result.overruled,
        advice=result.advice,
    )


def _reads(content: Content, name: str) -> tuple[str, ...]:
    return next(one.reads for one in content.variables if one.name == name)


def _why(fired: Fired, words: dict[str, str], held: Held | None) -> Why:
    return Why(
        held=held,
        fired=fired,
        disposition=DISPOSITIONS[fired.disposition],
        because=tuple(words[link] for link in fired.because),
    )
