# SPDX-License-Identifier: Apache-2.0
"""A QuestionnaireResponse read back: its answers, and the fields as they were typed.

Against the Questionnaire that it was answered under. What that does not know is left
out of the answers; `lines_of` shows all of a response whoever asked.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from wardkeep.base.clock import LONDON
from wardkeep.fhir.questionnaires.answers import Given
from wardkeep.fhir.questionnaires.questionnaire import (
    Item,
    Option,
    Questionnaire,
    placed,
)
from wardkeep.fhir.questionnaires.scale import shown

KINDS = (
    *("valueBoolean", "valueDecimal", "valueInteger", "valueDate", "valueDateTime"),
    *("valueTime", "valueString", "valueUri", "valueCoding", "valueQuantity"),
)


class _Item(msgspec.Struct, frozen=True, rename="camel"):
    link_id: str = ""
    text: str = ""
    answer: tuple[dict[str, Any], ...] = ()
    item: tuple["_Item", ...] = ()


class _Response(msgspec.Struct, frozen=True, rename="camel"):
    item: tuple[_Item, ...] = ()


_decode = msgspec.json.Decoder(_Response, float_hook=Decimal).decode


class Line(msgspec.Struct, frozen=True):
    """A question and its answers as the response itself has them."""

    link: str
    words: str
    answers: tuple[str, ...]
    depth: int


def _items(text: bytes) -> tuple[_Item, ...]:
    try:
        return _decode(text).item
    except msgspec.DecodeError:
        return ()


def _walked(items: Sequence[_Item], depth: int = 0) -> Iterator[tuple[_Item, int]]:
    for one in items:
        yield one, depth
        yield from _walked(one.item, depth + 1)
        for answer in one.answer:
            below = msgspec.convert(answer.get("item", ()), tuple[_Item, ...])
            yield from _walked(below, depth + 1)


def lines_of(text: bytes) -> tuple[Line, ...]:
    """All of it in its own words and order; none where it cannot be read."""
    try:
        return tuple(
            Line(one.link_id, one.text, tuple(_words(one.answer)), depth)
            for one, depth in _walked(_items(text))
        )
    except msgspec.ValidationError:
        return ()


def _words(answers: Sequence[dict[str, Any]]) -> Iterator[str]:
    for answer in answers:
        given = _given(answer)
        if given is not None:
            yield shown(given)


def _given(answer: Mapping[str, Any], options: Sequence[Option] = ()) -> Given | None:
    kind = next((one for one in KINDS if one in answer), "")
    if not kind:
        return None
    value = answer[kind]
    option = next((one for one in options if _is_it(one, kind, value)), None)
    return Given(kind, value, option)


def _is_it(option: Option, kind: str, value: Any) -> bool:
    coding = option.value_coding
    if coding is not None:
        is_coding = kind == "valueCoding" and isinstance(value, dict)
        return is_coding and (coding.system, coding.code) == (
            value.get("system", ""),
            value.get("code", ""),
        )
    if option.value_integer is not None:
        return kind == "valueInteger" and value == option.value_integer
    own = option.value_string or option.value_date
    return kind in ("valueString", "valueDate") and value == own


def answers_in(
    questionnaire: Questionnaire, text: bytes
) -> Mapping[str, tuple[Given, ...]]:
    """The answers, by linkId, with the options that were chosen."""
    known = {item.link_id: item for _, item in placed(questionnaire.item)}
    found: dict[str, tuple[Given, ...]] = {}
    for one, _ in _walked(_items(text)):
        item = known.get(one.link_id)
        if item is not None and one.answer:
            read = [_given(answer, item.answer_option) for answer in one.answer]
            found[one.link_id] = tuple(given for given in read if given is not None)
    return found


# As fields of the form


def typed_of(
    questionnaire: Questionnaire, answers: Mapping[str, tuple[Given, ...]]
) -> dict[str, str]:
    """The form as it was when these answers were given."""
    typed: dict[str, str] = {}
    for place, item in placed(questionnaire.item):
        given = answers.get(item.link_id, ())
        if given:
            typed.update(_fields(place, item, given))
    return typed


def _fields(
    place: str, item: Item, given: Sequence[Given]
) -> Iterator[tuple[str, str]]:
    lines = []
    for one in given:
        if one.option is not None:
            number = item.answer_option.index(one.option)
            yield (f"{place}-o{number}", "1") if item.repeats else (place, str(number))
        elif item.answer_option:
            yield f"{place}-other", str(one.value)
        else:
            lines.append(_plain(one))
            yield from _unit(place, item, one)
    if lines:
        yield place, "\n".join(lines)


def _unit(place: str, item: Item, given: Given) -> Iterator[tuple[str, str]]:
    if given.kind != "valueQuantity" or not isinstance(given.value, dict):
        return
    for number, unit in enumerate(item.units):
        if given.value.get("unit") in (unit.display, unit.code):
            yield f"{place}-unit", str(number)
            return


def _plain(given: Given) -> str:
    value = given.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return str(value.get("value", ""))
    if given.kind == "valueDateTime":
        try:
            here = datetime.fromisoformat(str(value)).astimezone(LONDON)
        except ValueError:
            return str(value)
        return f"{here:%d %m %Y %H:%M}"
    if given.kind == "valueTime":
        return str(value)[: len("14:05")]
    return str(value)
