# SPDX-License-Identifier: Apache-2.0
"""All rules of a content against all answers: what holds, what it adds up to, and why.

Pure, and quick enough to be done whole after each tick (`python -m bench triage`).
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation

import msgspec

from wardkeep.base.outcome import Problem
from wardkeep.fhir.questionnaires.questionnaire import MAX_VALUE, MIN_VALUE, Item
from wardkeep.fhir.triage.advice import advice_for
from wardkeep.fhir.triage.condition import Value
from wardkeep.fhir.triage.content import Content, Rule, kind_of
from wardkeep.fhir.triage.engine import (
    NO,
    NOT_SURE,
    TAKEN_BACK,
    YES,
    About,
    Choice,
    Fired,
    Overruled,
    Question,
    Result,
    Tally,
)
from wardkeep.fhir.triage.pressing import most_pressing, urgency
from wardkeep.fhir.triage.wordings import Wording
from wardkeep.fhir.triage.written import TO_PATIENT

_MOST_DIGITS = 12


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """What holds, before anybody latched or set aside anything."""

    fired: tuple[Rule, ...]
    """In the content's order."""
    values: Mapping[str, Value]


def known(about: About) -> dict[str, Value]:
    """The variables that are there before the first question."""
    found: dict[str, Value] = {}
    if about.years is not None:
        found["age"] = Decimal(about.years)
    if about.sex:
        found["sex"] = about.sex
    return found


def evaluate(content: Content, values: Mapping[str, Value]) -> Evaluation:
    """Work out the variables in their order, then each rule."""
    whole = dict(values)
    for one in content.variables:
        found = one.condition.run(whole)
        if found is not None:
            whole[one.name] = found
    fired = tuple(one for one in content.rules if one.condition.run(whole) is True)
    return Evaluation(fired=fired, values=whole)


def result_of(
    content: Content,
    found: Evaluation,
    answered: Mapping[str, str],
    *,
    raised: frozenset[str],
    overruled: Sequence[Overruled],
    otherwise: str = "",
) -> Result:
    """The result: what stands, the most pressing first; what was set aside, apart."""
    aside = {one.rule for one in overruled}
    fired = {one.id for one in found.fired}
    standing = [
        one
        for one in content.rules
        if one.id not in aside and (one.id in fired or one.id in raised)
    ]
    standing.sort(key=lambda one: (not one.is_red_flag, urgency(one.disposition)))
    code = most_pressing([one.disposition for one in standing]) or otherwise
    return Result(
        disposition=code,
        raised=tuple(one.id for one in content.rules if one.id in raised - aside),
        fired=tuple(_fired(one, answered) for one in standing),
        tallies=tuple(_tallies(content, found, answered)),
        overruled=tuple(overruled),
        advice=advice_for(code) if code else (),
    )


def _fired(rule: Rule, answered: Mapping[str, str]) -> Fired:
    return Fired(
        rule=rule.id,
        words=rule.words,
        disposition=rule.disposition,
        is_red_flag=rule.is_red_flag,
        because=tuple(
            link for link in rule.reads if answered.get(link, NO) not in (NO, "")
        ),
        citation=rule.citation,
        clause=rule.clause,
        url=rule.url,
        unchecked=rule.unchecked,
    )


def _tallies(
    content: Content, found: Evaluation, answered: Mapping[str, str]
) -> Iterator[Tally]:
    for one in content.variables:
        if not one.words:
            continue
        value = found.values.get(one.name)
        yield Tally(
            name=one.name,
            words=one.words,
            value=value if isinstance(value, Decimal) else None,
            missing=tuple(
                link
                for link in one.needs
                if link not in found.values and answered.get(link, "") in ("", NOT_SURE)
            ),
        )


# What is asked, and what may be answered


def question_of(item: Item, wording: Wording | None = None) -> Question:
    """A question as a host shows it; `wording`: its words for whom it is about."""
    kinds = {"boolean": "boolean", "number": "number", "code": "choice"}
    kind = kind_of(item)
    least, most = item.said(MIN_VALUE), item.said(MAX_VALUE)
    codings = [one.value_coding for one in item.answer_option]
    to_patient = item.said(TO_PATIENT)
    plain = to_patient.value_string if to_patient else ""
    return Question(
        link=item.link_id,
        words=wording.words if wording else item.words(),
        to_patient=wording.to_patient if wording else plain,
        help=" ".join(one.words() for one in item.item if one.is_help),
        kind=kinds[kind] if kind else "",
        choices=tuple(Choice(one.code, one.words()) for one in codings if one),
        least=_bound(least.value_decimal, least.value_integer) if least else None,
        most=_bound(most.value_decimal, most.value_integer) if most else None,
        unit=next((one.words() for one in item.units), ""),
    )


def _bound(fine: Decimal | None, whole: int | None) -> Decimal | None:
    return fine if whole is None else Decimal(whole)


def read_answer(item: Item, text: str) -> Value | Problem | None:
    """The value; None where it is not known; a Problem where it is no answer."""
    if text in (NOT_SURE, TAKEN_BACK):
        return None
    if item.type == "boolean" and text in (YES, NO):
        return text == YES  # the most by far: a replay reads it again and again
    question = question_of(item)
    if question.kind == "boolean":
        return _unread(question, "Answer yes, no or not sure.")
    if question.kind == "choice":
        codes = [one.code for one in question.choices]
        if text in codes:
            return text
        return _unread(question, f"Choose one of {', '.join(codes)}.")
    return _number(question, text)


def _number(question: Question, text: str) -> Decimal | Problem:
    least, most = question.least, question.most
    try:
        number = Decimal(text) if len(text) <= _MOST_DIGITS else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not text.isascii() or "_" in text or not number.is_finite():
        return _unread(question, "Write a number, as in 36.8.")
    if least is not None and number < least:
        return _unread(question, f"Write {least} or more.")
    if most is not None and number > most:
        return _unread(question, f"Write {most} or less.")
    return number


def _unread(question: Question, mend: str) -> Problem:
    wrong = f"{question.words}: it cannot be read"
    return Problem(place=question.link, wrong=wrong, mend=mend)
