# SPDX-License-Identifier: Apache-2.0
"""What came along with a referral by message, as whoever opens it reads it.

Done means: warnings before anything else, answers in words, measurements with time and
unit, each from whom; nobody asks the patient anew what was asked an hour ago. Rejected:
one list with what we wrote ourselves (who said it decides what it is worth), and the
message's own text (it is not what the record keeps).
"""

from collections.abc import Iterable, Sequence

import msgspec
from starlette.responses import Response

from wardkeep.apps.referrals.opening import Found
from wardkeep.care.of_patient import refused
from wardkeep.care.opening import opener_of
from wardkeep.care.stored import Json
from wardkeep.care.writing import content_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.bars.brought_along import TYPES, sender_in
from wardkeep.fhir.bars.observed import observed_words, when_observed
from wardkeep.fhir.questionnaires.spoken import answers_of, title_of
from wardkeep.fhir.store.going_along import AlongReader, Named
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.urgent.flags import Warned, warned
from wardkeep.fhir.work.expects import listed
from wardkeep.web.visit import Visit

FLAG, ANSWERS, OBSERVATION = TYPES
STRUCK = "entered-in-error"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One QuestionnaireResponse in words."""

    title: str
    at: str
    by: str
    lines: tuple[str, ...]


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement, with its unit."""

    words: str
    at: str


class Came(msgspec.Struct, frozen=True, kw_only=True):
    """All of it; empty where nothing came along."""

    sender: str = ""
    warnings: tuple[Warned, ...] = ()
    asked: tuple[Asked, ...] = ()
    measured: tuple[Measured, ...] = ()


async def came_along(visit: Visit, found: Found) -> Came | Response:
    """Opened by name: nothing else of the record is."""
    named = tuple(_named(found.content))
    if not named:
        return Came()
    opened = await visit.services[AlongReader].named(
        visit.path("id"), named, opener=opener_of(visit)
    )
    if isinstance(opened, Refusal):
        return refused(visit, opened)
    if isinstance(opened, NotFound):
        return Came()
    contents = [(one.version, content_of(one.text)) for one in opened.resources]
    kept = [one for one in contents if one[1].get("status") != STRUCK]
    # What our own people added to a referral is no message's.
    brought = [one for one in kept if sender_in(one[1])]
    plain = [content for _, content in brought]
    return Came(
        sender=next(map(sender_in, plain), ""),
        warnings=warned(
            (one for one in brought if one[1].get("resourceType") == FLAG),
            now=visit.clock.now(),
        ),
        asked=tuple(_asked(plain)),
        measured=tuple(_measured(plain)),
    )


def _named(content: Json) -> Iterable[Named]:
    for one in listed(content, "supportingInfo"):
        said = one.get("reference")
        type_, _, id_ = said.partition("/") if isinstance(said, str) else ("", "", "")
        if type_ in TYPES and id_:
            yield type_, id_


def _asked(contents: Sequence[Json]) -> Iterable[Asked]:
    found = [one for one in contents if one.get("resourceType") == ANSWERS]
    for one in sorted(found, key=lambda it: str(it.get("authored", ""))):
        author = one.get("author")
        yield Asked(
            title=title_of(one, otherwise="Questions and answers"),
            at=str(one.get("authored", "")),
            by=str(author.get("display", "")) if isinstance(author, dict) else "",
            lines=tuple(answers_of(one)),
        )


def _measured(contents: Sequence[Json]) -> Iterable[Measured]:
    found = [
        Measured(words=observed_words(one), at=when_observed(one))
        for one in contents
        if one.get("resourceType") == OBSERVATION
    ]
    return sorted(found, key=lambda it: (it.at, it.words))
