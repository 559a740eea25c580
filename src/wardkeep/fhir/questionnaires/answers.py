# SPDX-License-Identifier: Apache-2.0
"""Answers: from what was typed to FHIR values, or to what is wrong and where.

What was typed stays what it is, whatever is wrong with it: the form gives it back.
Fields are named by the item's place: `q0-2`; of several ticks each by its option,
`q0-2-o1`; what is written beside an open choice `q0-2-other`; a quantity's unit
`q0-2-unit`. Several answers that are typed stand one a line.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation

import msgspec

from wardkeep.base.clock import LONDON
from wardkeep.base.outcome import Problem
from wardkeep.fhir.questionnaires.questionnaire import (
    CHOICES,
    MAX_VALUE,
    MIN_VALUE,
    PLACES,
    Extension,
    Item,
    Option,
)

LONGEST_LINE, LONGEST_TEXT = 300, 4_000
_LONGEST_NAME = 80
MOST_DIGITS = 18
Typed = Mapping[str, str]


class Given(msgspec.Struct, frozen=True):
    """One answer, as a QuestionnaireResponse has it."""

    kind: str
    """As in `valueBoolean`."""
    value: object
    option: Option | None = None


Read = tuple[tuple[Given, ...], tuple[Problem, ...]]


def read_item(place: str, item: Item, typed: Typed) -> Read:
    """What was answered to one question, and what is wrong with it."""
    if item.type in CHOICES:
        return _chosen(place, item, typed)
    lines = _lines(item, typed.get(place, ""))
    given: list[Given] = []
    for line in lines:
        read = _READERS.get(item.type, _text)(item, place, line, typed)
        if isinstance(read, str):
            return tuple(given), (_problem(place, item, read),)
        given.append(read)
    return tuple(given), ()


def missing(place: str, item: Item) -> Problem:
    """An answer that must be given is not."""
    return Problem(place=place, wrong=f"{_called(item)}: no answer", mend="Answer it.")


def _problem(place: str, item: Item, mend: str) -> Problem:
    return Problem(place=place, wrong=f"{_called(item)}: it cannot be read", mend=mend)


def _called(item: Item) -> str:
    text = item.words() or item.link_id
    return text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}…"


def _lines(item: Item, typed: str) -> list[str]:
    text = typed.replace("\r\n", "\n").strip()
    if item.repeats:
        return [line.strip() for line in text.split("\n") if line.strip()]
    return [text] if text else []


# One answer, by its type: the value, or how to mend what was typed


def _boolean(_: Item, _place: str, text: str, _typed: Typed) -> Given | str:
    if text not in ("true", "false"):
        return "Choose yes or no."
    return Given("valueBoolean", text == "true")


def _text(item: Item, _: str, text: str, _typed: Typed) -> Given | str:
    most = item.max_length or (LONGEST_TEXT if item.type == "text" else LONGEST_LINE)
    if len(text) > most:
        return f"Use {most} characters or fewer."
    return Given("valueUri" if item.type == "url" else "valueString", text)


def _date(item: Item, _: str, text: str, _typed: Typed) -> Given | str:
    found = read_date(text)
    if found is None:
        return "Write a date, as in 3 2 1950."
    least, most = item.said(MIN_VALUE), item.said(MAX_VALUE)
    if least and found.isoformat() < least.value_date:
        return f"Write a date from {least.value_date} on."
    if most and most.value_date and found.isoformat() > most.value_date:
        return f"Write a date up to {most.value_date}."
    return Given("valueDate", found.isoformat())


def _time(_: Item, _place: str, text: str, _typed: Typed) -> Given | str:
    found = read_time(text)
    return Given("valueTime", f"{found}:00") if found else "Write a time, as in 14:05."


def _date_time(_: Item, _place: str, text: str, _typed: Typed) -> Given | str:
    day, _sep, clock = text.strip().rpartition(" ")
    found, at = read_date(day), read_time(clock)
    if found is None or not at:
        return "Write day and time, as in 3 2 1950 14:05."
    hour, minute = at.split(":")
    moment = datetime.combine(found, time(int(hour), int(minute)), LONDON)
    return Given("valueDateTime", moment.isoformat())


def _integer(item: Item, _: str, text: str, _typed: Typed) -> Given | str:
    number = read_number(text)
    if number is None or number != number.to_integral_value():
        return "Write a whole number."
    wrong = _beyond(item, number)
    return wrong or Given("valueInteger", int(number))


def _decimal(item: Item, _: str, text: str, _typed: Typed) -> Given | str:
    number = read_number(text)
    if number is None:
        return "Write a number, as in 36.8."
    wrong = _beyond(item, number) or _too_fine(item, number)
    return wrong or Given("valueDecimal", number)


def _quantity(item: Item, place: str, text: str, typed: Typed) -> Given | str:
    read = _decimal(item, place, text, typed)
    if isinstance(read, str):
        return read
    value: dict[str, object] = {"value": read.value}
    units = item.units
    if units:
        chosen = typed.get(f"{place}-unit", "0")
        number = int(chosen) if chosen.isascii() and chosen.isdigit() else len(units)
        if number >= len(units):
            return "Choose a unit."
        unit = units[number]
        named = {"unit": unit.display or unit.code, "system": unit.system}
        value |= {key: said for key, said in named.items() if said}
        value |= {"code": unit.code} if unit.system and unit.code else {}
    return Given("valueQuantity", value)


_READERS: Mapping[str, Callable[[Item, str, str, Typed], Given | str]] = {
    "boolean": _boolean,
    "date": _date,
    "time": _time,
    "dateTime": _date_time,
    "integer": _integer,
    "decimal": _decimal,
    "quantity": _quantity,
}


# Chosen answers


def _chosen(place: str, item: Item, typed: Typed) -> Read:
    options = _ticked(place, item, typed)
    other = typed.get(f"{place}-other", "").strip()
    given = [_of_option(one) for one in options]
    if item.type == "open-choice" and other:
        read = _text(item, place, other, typed)
        if isinstance(read, str):
            return tuple(given), (_problem(place, item, read),)
        given.append(read)
    if len(given) > 1 and not item.repeats:
        # What is written beside a choice is the answer, not a second one.
        given = given[-1:]
    if len(given) > 1 and any(one.is_exclusive for one in options):
        mend = "Choose that one alone, or leave it out."
        return tuple(given), (_problem(place, item, mend),)
    return tuple(given), ()


def _ticked(place: str, item: Item, typed: Typed) -> list[Option]:
    if item.repeats:
        numbers = [
            number
            for number in range(len(item.answer_option))
            if typed.get(f"{place}-o{number}")
        ]
    else:
        chosen = typed.get(place, "")
        numbers = [int(chosen)] if chosen.isascii() and chosen.isdigit() else []
    return [item.answer_option[one] for one in numbers if one < len(item.answer_option)]


def _of_option(option: Option) -> Given:
    coding = option.value_coding
    if coding is not None:
        named = {
            "system": coding.system,
            "code": coding.code,
            "display": coding.display,
        }
        value = {key: said for key, said in named.items() if said}
        return Given("valueCoding", value, option)
    if option.value_integer is not None:
        return Given("valueInteger", option.value_integer, option)
    if option.value_date:
        return Given("valueDate", option.value_date, option)
    return Given("valueString", option.value_string, option)


# Numbers and dates as people type them


def read_number(text: str) -> Decimal | None:
    """A number with a point or a comma, every digit kept; None where it is none."""
    plain = text.strip().replace(",", ".").replace(" ", "").replace("\u2212", "-")
    if not plain.isascii() or len(plain) > MOST_DIGITS or "_" in plain:
        return None
    try:
        number = Decimal(plain)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def read_date(text: str) -> date | None:
    """`3 2 1950`, `03/02/1950`, `03021950` or `1950-02-03`."""
    digits = "".join(letter if letter.isdigit() else " " for letter in text)
    parts = digits.split()
    if len(parts) == 1 and len(digits.strip()) == len("03021950"):
        whole = parts[0]
        parts = [whole[:2], whole[2:4], whole[4:]]
    if len(parts) != len(("day", "month", "year")):
        return None
    if len(parts[0]) == len("1950"):
        parts.reverse()
    if len(parts[2]) != len("1950"):
        return None
    try:
        return date(int(parts[2]), int(parts[1]), int(parts[0]))
    except ValueError:
        return None


def read_time(text: str) -> str:
    """A time of day as `14:05`, however it is written; empty where it is none."""
    hour, _, minute = text.strip().replace(".", ":").partition(":")
    is_written = all(part.isascii() and part.isdigit() for part in (hour, minute))
    if not is_written or len(hour) > len("14") or len(minute) != len("05"):
        return ""
    is_one = int(hour) <= time.max.hour and int(minute) <= time.max.minute
    return f"{int(hour):02}:{minute}" if is_one else ""


def _number_in(said: Extension | None) -> Decimal | None:
    if said is None:
        return None
    whole = said.value_integer
    return said.value_decimal if whole is None else Decimal(whole)


def _beyond(item: Item, number: Decimal) -> str:
    least, most = _number_in(item.said(MIN_VALUE)), _number_in(item.said(MAX_VALUE))
    if least is not None and number < least:
        return f"Write {least} or more."
    if most is not None and number > most:
        return f"Write {most} or less."
    return ""


def _too_fine(item: Item, number: Decimal) -> str:
    said = item.said(PLACES)
    exponent = number.as_tuple().exponent
    if said is None or said.value_integer is None or not isinstance(exponent, int):
        return ""
    if -exponent > said.value_integer:
        return f"Write at most {said.value_integer} digits after the point."
    return ""


def initial_of(place: str, item: Item) -> Iterator[tuple[str, str]]:
    """The fields that are filled in beforehand, and with what."""
    for number, option in enumerate(item.answer_option):
        is_first = any(_is_initial(option, item))
        if is_first and item.repeats:
            yield f"{place}-o{number}", "1"
        elif is_first:
            yield place, str(number)
    said = [text for one in item.initial if (text := _plain(one))]
    if said and not item.answer_option:
        yield place, "\n".join(said if item.repeats else said[:1])


def _is_initial(option: Option, item: Item) -> Iterator[bool]:
    yield option.initial_selected
    for one in item.initial:
        wanted, own = one.value_coding, option.value_coding
        if wanted is not None and own is not None:
            yield wanted.is_the_same(own)
        yield bool(one.value_string) and one.value_string == option.value_string


def _plain(one: object) -> str:
    """An initial value as somebody would type it."""
    for name in ("value_boolean", "value_integer", "value_decimal"):
        value = getattr(one, name)
        if value is not None:
            return str(value).lower()
    quantity = getattr(one, "value_quantity", None)
    if quantity is not None and quantity.value is not None:
        return str(quantity.value)
    return str(getattr(one, "value_date", "") or getattr(one, "value_string", ""))
