# SPDX-License-Identifier: Apache-2.0
"""A triage as a QuestionnaireResponse, and back: answers, log, suggestion, decision.

https://hl7.org/fhir/R4/questionnaireresponse.html (docs/formats/triage.md). The log in
it is whole, so that anybody who has the content can replay it and hold the result
against the fingerprint that was stored.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import msgspec

from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.questionnaires.answers import Given
from wardkeep.fhir.questionnaires.questionnaire import Item, placed
from wardkeep.fhir.questionnaires.response import About, Answered, response_of
from wardkeep.fhir.triage.checklist import answers_in
from wardkeep.fhir.triage.content import Content
from wardkeep.fhir.triage.engine import (
    SHORTEST_REASON,
    Engine,
    Log,
    Turn,
    fingerprint,
    replay,
)
from wardkeep.fhir.triage.evaluating import read_answer
from wardkeep.fhir.triage.pressing import urgency
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, SYSTEM

_PART = "urn:wardkeep:triage:"
LOG, FINGERPRINT, SUGGESTED, DECIDED, WHY = (
    f"{_PART}{name}" for name in ("log", "fingerprint", "suggested", "decided", "why")
)
_encode = msgspec.json.Encoder(order="deterministic").encode
_decode_log = msgspec.json.Decoder(Log).decode


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What a person decided, whatever was suggested."""

    disposition: str
    why: str = ""
    """Needed where it is not what was suggested."""


class Triaged(msgspec.Struct, frozen=True, kw_only=True):
    """Whose triage it is, and who did it."""

    id: str
    patient: str
    author: Person
    completed: datetime
    encounter: str = ""
    """The case; empty: there is none."""
    source: str = ""
    """Who answered: a reference; empty: not said."""
    is_whole: bool = True
    """Whether it was asked to its end."""


def undecided(turn: Turn, decision: Decision) -> Problem | None:
    """Why a decision cannot be taken; None: it can.

    What is less pressing than a red flag that stands cannot: whoever means it sets the
    red flag aside, and says why.
    """
    code, why = decision.disposition, decision.why.strip()
    if code not in DISPOSITIONS:
        wrong = "it is no disposition of the list"
        return Problem(place="disposition", wrong=wrong, mend="Choose one.")
    standing = [one for one in turn.result.fired if one.rule in turn.result.raised]
    for one in standing:
        if urgency(code) > urgency(one.disposition):
            wrong = f"the red flag “{one.words}” stands"
            mend = "Set it aside with a reason, or choose what is as pressing."
            return Problem(place="disposition", wrong=wrong, mend=mend)
    if code != turn.result.disposition and len(why) < SHORTEST_REASON:
        wrong = "it is not what was suggested"
        mend = f"Say why in {SHORTEST_REASON} letters or more."
        return Problem(place="why", wrong=wrong, mend=mend)
    return None


def response(
    content: Content, turn: Turn, decision: Decision, who: Triaged
) -> Resource:
    """It as a resource, to be stored; the decision was not refused."""
    said: list[dict[str, object]] = [
        {"url": LOG, "valueString": _encode(turn.log).decode()},
        {"url": FINGERPRINT, "valueString": fingerprint(turn.result)},
        {"url": DECIDED, "valueCoding": _coding(decision.disposition)},
    ]
    if turn.result.disposition:
        coding = _coding(turn.result.disposition)
        said.append({"url": SUGGESTED, "valueCoding": coding})
    if decision.why.strip():
        said.append({"url": WHY, "valueString": decision.why.strip()})
    about = About(
        subject=f"Patient/{who.patient}",
        authored=who.completed,
        author=who.author.reference,
        author_name=who.author.display,
        encounter=f"Encounter/{who.encounter}" if who.encounter else "",
        extension=tuple(said),
        title=content.title,
        source=who.source,
        status="completed" if who.is_whole else "stopped",
    )
    return response_of(
        content.questionnaire, _answered(content, turn), about, id_=who.id
    )


def _coding(code: str) -> dict[str, str]:
    return {"system": SYSTEM, "code": code, "display": DISPOSITIONS[code].words}


def _answered(content: Content, turn: Turn) -> Answered:
    """What is known as answers; what somebody was not sure of is in the log alone."""
    answers = {}
    for link, text in answers_in(turn.log).items():
        given = _given(content.items[link], text)
        if given is not None:
            answers[link] = (given,)
    asked = frozenset(item.link_id for _, item in placed(content.questionnaire.item))
    return Answered(answers=answers, asked=asked, problems=())


def _given(item: Item, text: str) -> Given | None:
    value = read_answer(item, text)
    if value is None or isinstance(value, Problem):
        return None
    if isinstance(value, bool):
        return Given("valueBoolean", value)
    if isinstance(value, Decimal):
        if item.type == "integer":
            return Given("valueInteger", int(value))
        return Given("valueDecimal", value)
    codings = [one.value_coding for one in item.answer_option if one.value_coding]
    chosen = next(one for one in codings if one.code == value)
    named = {"system": chosen.system, "code": chosen.code, "display": chosen.display}
    return Given("valueCoding", {key: said for key, said in named.items() if said})


# And back


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A triage as it stands in a record."""

    log: Log
    fingerprint: str
    suggested: str
    decided: str
    why: str


class _Coding(msgspec.Struct, frozen=True):
    code: str = ""


class _Extension(msgspec.Struct, frozen=True, rename="camel"):
    url: str = ""
    value_string: str = ""
    value_coding: _Coding = _Coding()


class _Response(msgspec.Struct, frozen=True):
    extension: tuple[_Extension, ...] = ()


_decode = msgspec.json.Decoder(_Response).decode


def stored_in(text: bytes) -> Stored | None:
    """None where it is no triage of ours, or its log cannot be read."""
    try:
        said = {one.url: one for one in _decode(text).extension}
        log = _decode_log(said[LOG].value_string) if LOG in said else None
    except msgspec.DecodeError:
        return None
    if log is None:
        return None
    return Stored(
        log=log,
        fingerprint=_text(said, FINGERPRINT),
        suggested=_code(said, SUGGESTED),
        decided=_code(said, DECIDED),
        why=_text(said, WHY),
    )


def _text(said: Mapping[str, _Extension], url: str) -> str:
    return said.get(url, _Extension()).value_string


def _code(said: Mapping[str, _Extension], url: str) -> str:
    return said.get(url, _Extension()).value_coding.code


def disproved(engine: Engine, stored: Stored) -> Problem | None:
    """Why a replay does not come to what was stored; None: it does, bit for bit."""
    turn = replay(engine, stored.log)
    if isinstance(turn, Problem):
        return turn
    if fingerprint(turn.result) == stored.fingerprint:
        return None
    return Problem(
        place="log",
        wrong="a replay comes to another result than was stored",
        mend="Tell the clinical safety officer; the log and the content are both kept.",
    )
