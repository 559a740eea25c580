# SPDX-License-Identifier: Apache-2.0
"""Of whom a question is asked, and in which words: a baby's mother is asked of a baby.

Both rest on what is known before the first question, age and sex, and on nothing that
was answered (docs/formats/triage.md). Where neither is known, everybody is asked, in
the words for everybody: a question too many is no danger, one too few may be.
"""

from collections.abc import Iterator, Mapping

import msgspec

from wardkeep.base.outcome import Problem
from wardkeep.fhir.questionnaires.questionnaire import Extension, Item
from wardkeep.fhir.triage import written
from wardkeep.fhir.triage.condition import (
    LANGUAGE,
    Condition,
    Kind,
    Values,
    compiled,
)


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """Other words for some of those who are asked."""

    of: Condition
    said_of: str
    """The condition as it is written."""
    words: str
    """About the patient, to whoever rings."""
    to_patient: str
    """To the patient themself; empty: as `words`."""
    source: str
    """Who gives such words, and where."""


class Fitted(msgspec.Struct, frozen=True, kw_only=True):
    """What a question says beyond its words for everybody."""

    wordings: tuple[Wording, ...] = ()
    """In their order: the first that holds counts."""
    asked_of: Condition | None = None
    said_of: str = ""

    @property
    def is_plain(self) -> bool:
        return not self.wordings and self.asked_of is None

    def wording(self, about: Values) -> Wording | None:
        """The words for somebody; None: those for everybody."""
        return next((one for one in self.wordings if one.of.holds(about)), None)

    def is_asked(self, about: Values) -> bool:
        """Whoever may be meant is asked."""
        return self.asked_of is None or self.asked_of.run(about) is not False

    def said(self) -> list[str]:
        """All of it, for a digest of what the question means."""
        found = [self.said_of] if self.asked_of is not None else []
        for one in self.wordings:
            found += [one.said_of, one.words, one.to_patient, one.source]
        return found


PLAIN = Fitted()


def fitted(item: Item, about: Mapping[str, Kind]) -> Fitted | tuple[Problem, ...]:
    """Of a question; `about` are the variables that are known before the first one."""
    place = f"Questionnaire.item({item.link_id})"
    found = [
        _wording(place, one, about)
        for one in item.extension
        if one.url == written.WORDED
    ]
    problems = [one for one in found if isinstance(one, Problem)]
    asked = item.said(written.ASKED_OF)
    of = _condition(place, asked, about) if asked is not None else None
    if isinstance(of, Problem) or problems:
        return (*problems, *([of] if isinstance(of, Problem) else []))
    return Fitted(
        wordings=tuple(one for one in found if isinstance(one, Wording)),
        asked_of=of,
        said_of=_expression(asked) if asked is not None else "",
    )


def _wording(
    place: str, said: Extension, about: Mapping[str, Kind]
) -> Wording | Problem:
    of = _condition(place, said.part("of"), about)
    if isinstance(of, Problem):
        return of
    words = said.part("text").value_string
    source = said.part("source").value_string
    if not words or not source:
        wrong = "other words lack the words, or who gives them"
        mend = "Write text and source beside of."
        return Problem(place=place, wrong=wrong, mend=mend)
    return Wording(
        of=of,
        said_of=_expression(said.part("of")),
        words=words,
        to_patient=said.part("to-patient").value_string,
        source=source,
    )


def _expression(said: Extension) -> str:
    return said.value_expression.expression if said.value_expression else ""


def _condition(
    place: str, said: Extension, about: Mapping[str, Kind]
) -> Condition | Problem:
    one = said.value_expression
    if one is None or one.language != LANGUAGE:
        wrong = "of whom is not said, or in another language"
        return Problem(place=place, wrong=wrong, mend=f"Write it in {LANGUAGE}.")
    found = compiled(one.expression, about, place=place)
    if isinstance(found, Condition) and found.kind != "boolean":
        wrong = f"of whom comes to a {found.kind}"
        return Problem(place=place, wrong=wrong, mend="Let it come to yes or no.")
    return found


def not_in_a_checklist(fits: Mapping[str, Fitted]) -> Iterator[Problem]:
    """A checklist shows everybody the same ticks, in any order."""
    for link, one in fits.items():
        if not one.is_plain:
            place = f"Questionnaire.item({link})"
            wrong = "a checklist asks everybody, in the same words"
            mend = "Write %age or %sex into the rule, or make it a strict order."
            yield Problem(place=place, wrong=wrong, mend=mend)
