# SPDX-License-Identifier: Apache-2.0
"""How dates, times, numbers and names are written for people.

After the NHS common user interface guidance on date, time, NHS number and patient name
display: 14-Jul-1945, 09:41, 999 012 3456. What is unknown is said in words; a 0 is 0.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from wardkeep.base.clock import LONDON, from_microseconds
from wardkeep.base.time_of_day import time_of_day

NOT_RECORDED = "Not recorded"
_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_DAYS_A_WEEK, _MONTHS_A_YEAR = 7, 12
_IN_DAYS_UNTIL, _IN_WEEKS_UNTIL_DAYS = 14, 8 * 7
_IN_MONTHS_UNTIL = 24


def show_date(text: str) -> str:
    """A FHIR date or dateTime, or a part of one: 14-Jul-1945, Jul-1945, 1945."""
    match = _PARTIAL.match(text)
    if match is None:
        return NOT_RECORDED
    if len(text) > len("2026-11-23"):
        moment = read_moment(text)
        if moment is not None:
            return _day(moment.date())
    year, month, day = match.groups()
    if day:
        return f"{day}-{_MONTHS[int(month) - 1]}-{year}"
    return f"{_MONTHS[int(month) - 1]}-{year}" if month else year


def _day(moment: date) -> str:
    return f"{moment.day:02d}-{_MONTHS[moment.month - 1]}-{moment.year:04d}"


def show_moment(text: str) -> str:
    """A FHIR dateTime with its time in London; a bare date without one."""
    moment = read_moment(text)
    if moment is None:
        return show_date(text)
    return f"{_day(moment.date())} {time_of_day(moment)}"


def show_time(text: str) -> str:
    moment = read_moment(text)
    return time_of_day(moment) if moment else ""


def read_moment(text: str) -> datetime | None:
    """A FHIR dateTime in London time; None for a bare date or for nothing."""
    if "T" not in text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(LONDON)


def show_microseconds(value: int) -> str:
    """Microseconds since 1970 as a moment in London."""
    moment = from_microseconds(value).astimezone(LONDON)
    return f"{_day(moment.date())} {time_of_day(moment)}"


def show_clock(value: int) -> str:
    """Microseconds since 1970 as a time of day in London."""
    return time_of_day(from_microseconds(value))


def show_age(birth_date: str, on: date) -> str:
    """Age by the guidance: days, weeks, months, then years; empty where unknown."""
    match = _PARTIAL.fullmatch(birth_date)
    if match is None:
        return ""
    year, month, day = match.groups()
    if not (month and day):
        return f"about {on.year - int(year)}y"
    return _exact_age(date(int(year), int(month), int(day)), on)


def years_old(birth_date: str, on: date) -> int | None:
    """Whole years; None where the day of birth is not known."""
    match = _PARTIAL.fullmatch(birth_date)
    if match is None or not match[3]:
        return None
    born = date.fromisoformat(birth_date)
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _exact_age(born: date, on: date) -> str:
    days = (on - born).days
    if days < 0:
        return ""
    if days < _IN_DAYS_UNTIL:
        return f"{days}d"
    if days < _IN_WEEKS_UNTIL_DAYS:
        return f"{days // _DAYS_A_WEEK}w"
    months = (on.year - born.year) * _MONTHS_A_YEAR + on.month - born.month
    months -= on.day < born.day
    if months < _IN_MONTHS_UNTIL:
        return f"{months}m"
    return f"{months // _MONTHS_A_YEAR}y"


def show_nhs_number(number: str) -> str:
    """3-3-4, or words where there is none."""
    if not number:
        return NOT_RECORDED
    return f"{number[:3]} {number[3:6]} {number[6:]}"


def show_cell(value: object) -> str:
    """A value in a table: 0 is shown as 0, and nothing as words.

    Raises:
        TypeError: a value that is no text or number: a template passed the wrong thing.
    """
    if value is None or value == "":
        return NOT_RECORDED
    if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
        return str(value)
    message = f"a cell shows text or a number, not {type(value).__name__}"
    raise TypeError(message)


def show_gender(code: str) -> str:
    known = {"male": "Male", "female": "Female", "other": "Other"}
    return known.get(code, "Not known")


def show_count(value: int) -> str:
    return f"{value:,}"


_RELATIONSHIPS = {
    "ward": ("a stay on your ward", "a stay on their ward"),
    "clinic": ("your clinic", "their clinic"),
    "appointment": (
        "an appointment with you or your team",
        "an appointment with them or their team",
    ),
    "contact": ("a contact with you or your team", "a contact with them or their team"),
    "caseload": ("your caseload", "their caseload"),
    "visit": ("your home visit", "their home visit"),
    "referral": ("a referral or order of yours", "a referral or order of theirs"),
    "queue": ("an item in your queue", "an item in their queue"),
    "result": ("a result for you to look at", "a result for them to look at"),
}
"""By kind: as said to whom it concerns, and as said of them."""
_SELF_MADE = ", self-made"


def show_relationship(kind: str) -> str:
    """Why somebody may expect a patient, said to them: `a stay on your ward`."""
    plain = kind.removesuffix(_SELF_MADE)
    words, _ = _RELATIONSHIPS.get(plain, (plain, plain))
    return f"{words}, which you wrote yourself" if plain != kind else words


def show_relationship_of(kind: str) -> str:
    """The same, said of somebody else: `a stay on their ward`."""
    plain = kind.removesuffix(_SELF_MADE)
    _, words = _RELATIONSHIPS.get(plain, (plain, plain))
    return f"{words}, written by themselves" if plain != kind else words


FILTERS: dict[str, Callable[..., Any]] = {
    "day": show_date,
    "moment": show_moment,
    "time": show_time,
    "microseconds": show_microseconds,
    "clock": show_clock,
    "nhs_number": show_nhs_number,
    "cell": show_cell,
    "gender": show_gender,
    "count": show_count,
    "relationship": show_relationship,
    "relationship_of": show_relationship_of,
}
