# SPDX-License-Identifier: Apache-2.0
"""A Questionnaire as a form: what each question looks like, ready for the macros.

    fields = fields_of(questionnaire, typed, problems=problems, language="cy")

`ui/templates/questions.html` draws them; `fhir.questionnaires.response.answered` reads
what comes back. Nothing that was typed is lost: the form is drawn from it.
"""

from collections.abc import Mapping, Sequence

import msgspec

from wardkeep.base.outcome import Problem
from wardkeep.fhir.questionnaires.answers import initial_of
from wardkeep.fhir.questionnaires.enabling import wanted_of
from wardkeep.fhir.questionnaires.questionnaire import (
    CHOICES,
    Item,
    Questionnaire,
    When,
    by_link,
    placed,
)
from wardkeep.web.forms import Form
from wardkeep.web.trouble import Trouble

QUESTIONNAIRE_CHANGED = Trouble(
    status=409,
    title="Somebody else changed it just now",
    why="This questionnaire was changed while you looked, so yours was not stored.",
    mend="Look at it again, and do it once more if it is still needed.",
)
_DRAWN = {
    "group": "heading",
    "display": "words",
    "boolean": "yes-or-no",
    "text": "lines",
    "url": "line",
    "string": "line",
    "date": "line",
    "time": "line",
    "dateTime": "line",
    "integer": "number",
    "decimal": "number",
    "quantity": "number",
}
_HINTS = {
    "date": "Day, month and year, as in 3 2 1950",
    "time": "As in 14:05",
    "dateTime": "Day and time, as in 3 2 1950 14:05",
}
_SEVERAL = "One on each line"


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One answer that can be chosen."""

    field: str
    value: str
    words: str
    is_chosen: bool


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One item of the form."""

    place: str
    drawn: str
    """`heading`, `words`, `yes-or-no`, `one-of`, `any-of`, `lines`, `line`, `number`"""
    words: str
    depth: int
    is_required: bool = False
    is_row: bool = False
    """Whether its answers stand beside each other, where there is room."""
    hint: str = ""
    value: str = ""
    choices: tuple[Choice, ...] = ()
    other: str | None = None
    """What is written beside an open choice; None: it is no open one."""
    units: tuple[tuple[str, str], ...] = ()
    unit: str = ""
    most: int = 0
    """Characters; 0: as many as forms take."""
    when: str = ""
    """Its conditions as JSON, for the script that hides what is not asked."""
    only_if: str = ""
    """The same in words, for whoever has no script."""


def filled_in(questionnaire: Questionnaire) -> dict[str, str]:
    """What stands in the form beforehand."""
    found: dict[str, str] = {}
    for place, item in placed(questionnaire.item):
        found.update(initial_of(place, item))
    return found


def fields_of(
    questionnaire: Questionnaire, typed: Mapping[str, str], *, language: str = ""
) -> tuple[Field, ...]:
    """The form, with what was typed in it; in English where it is not translated."""
    links = by_link(questionnaire)
    return tuple(
        _field(place, item, typed, language, _conditions(item, links, language))
        for place, item in placed(questionnaire.item)
        if not item.is_hidden and not item.is_help
    )


def is_way_in_kept_out(form: Form, problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Refuse what the form refuses everywhere: codes that open a home."""
    for name in form.values:
        if name.startswith("q"):
            form.optional_text(name, called="an answer", at_most=4_000)
    return (*form.problems.values(), *problems)


def _field(
    place: str,
    item: Item,
    typed: Mapping[str, str],
    language: str,
    conditions: tuple[str, str],
) -> Field:
    is_open = item.type == "open-choice"
    return Field(
        place=place,
        drawn=_drawn(item),
        words=item.words(language),
        depth=place.count("-"),
        is_required=item.required,
        is_row=item.is_row,
        hint=_hint(item, language),
        value=typed.get(place, ""),
        choices=_choices(place, item, typed, language),
        other=typed.get(f"{place}-other", "") if is_open else None,
        units=tuple(
            (str(number), one.words(language)) for number, one in enumerate(item.units)
        ),
        unit=typed.get(f"{place}-unit", "0"),
        most=item.max_length or 0,
        when=conditions[0],
        only_if=conditions[1],
    )


def _drawn(item: Item) -> str:
    if item.type in CHOICES:
        return "any-of" if item.repeats else "one-of"
    drawn = _DRAWN[item.type]
    return "lines" if item.repeats and drawn in ("line", "number") else drawn


def _hint(item: Item, language: str) -> str:
    said = [one.words(language).rstrip(".") for one in item.item if one.is_help]
    said.append(_HINTS.get(item.type, ""))
    if item.repeats and item.type not in CHOICES:
        said.append(_SEVERAL)
    if len(item.units) == 1:
        said.append(item.units[0].words())
    return ". ".join(one for one in said if one)


def _choices(
    place: str, item: Item, typed: Mapping[str, str], language: str
) -> tuple[Choice, ...]:
    return tuple(
        Choice(
            field=f"{place}-o{number}" if item.repeats else place,
            value="1" if item.repeats else str(number),
            words=option.words(language),
            is_chosen=bool(typed.get(f"{place}-o{number}"))
            if item.repeats
            else typed.get(place) == str(number),
        )
        for number, option in enumerate(item.answer_option)
    )


def _conditions(
    item: Item, links: Mapping[str, tuple[str, Item]], language: str
) -> tuple[str, str]:
    """For the script, and in words."""
    found = [
        (one, *links[one.question]) for one in item.enable_when if one.question in links
    ]
    if not found:
        return "", ""
    for_script = {
        "any": item.enable_behavior == "any",
        "all": [_for_script(when, place, other) for when, place, other in found],
    }
    joined = " or " if item.enable_behavior == "any" else " and "
    words = joined.join(_in_words(when, other, language) for when, _, other in found)
    return msgspec.json.encode(for_script).decode(), words


def _for_script(when: When, place: str, other: Item) -> dict[str, object]:
    wanted = wanted_of(when)
    options = [
        str(number)
        for number, one in enumerate(other.answer_option)
        if one.value_coding is not None
        and wanted == (one.value_coding.system, one.value_coding.code)
    ]
    text = str(wanted).lower() if isinstance(wanted, bool) else str(wanted)
    return {
        "field": place,
        "operator": when.operator,
        "is": options if other.answer_option else text,
        "exists": when.answer_boolean is not False,
    }


def _in_words(when: When, other: Item, language: str) -> str:
    asked = other.words(language)
    if when.operator == "exists":
        said = "answered" if when.answer_boolean is not False else "not answered"
        return f"“{asked}” is {said}"
    signs = {"=": "is", "!=": "is not", ">": "is above", "<": "is below"}
    sign = signs.get(when.operator, when.operator)
    return f"“{asked}” {sign} {_answer_words(when, other, language)}"


def _answer_words(when: When, other: Item, language: str) -> str:
    if when.answer_coding is not None:
        for one in other.answer_option:
            if one.value_coding and one.value_coding.is_the_same(when.answer_coding):
                return one.words(language)
        return when.answer_coding.words(language)
    if when.answer_boolean is not None:
        return "yes" if when.answer_boolean else "no"
    return str(wanted_of(when))
