# SPDX-License-Identifier: Apache-2.0
"""What was typed into the forms of depot injections, and what is to be mended in it."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec

from wardkeep.base.clock import LONDON
from wardkeep.care.asked import chosen
from wardkeep.care.typed import moment_of, typed_day
from wardkeep.fhir.depots.codes import (
    COUNTS,
    NOT_GIVEN,
    ROUTES,
    SIDES,
    SITES,
    UNITS,
    is_snomed_id,
)
from wardkeep.fhir.depots.schedule import MOST_DAYS, Schedule
from wardkeep.fhir.model.person import Person
from wardkeep.ui.format import show_date
from wardkeep.web.forms import Form

LONGEST_WORDS, LONGEST_NAME, LONGEST_BATCH = 2000, 200, 40
_MOST_DOSE = Decimal(10_000)
_FIGURES = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,3})?")
_SLACK = timedelta(minutes=5)
_BACK, _AHEAD = timedelta(days=366), timedelta(days=2 * 366)


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a schedule says of dose and days, as the prescriber gave it."""

    dose: Decimal
    unit: str
    route: str
    every: int
    early: int
    late: int
    counts: str
    place: Person
    prescriber: str


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A dose as it was typed."""

    at: datetime
    dose: Decimal
    site: str
    side: str
    batch: str
    expires: str
    by: Person
    why: str
    seen: str


def terms_fields(one: Schedule) -> dict[str, str]:
    """A form filled with what the schedule says."""
    return {
        "dose": str(one.dose),
        "unit": one.unit,
        "route": one.route,
        "every": str(one.every),
        "early": str(one.early),
        "late": str(one.late),
        "counts": one.counts,
        "team": one.place.reference,
        "prescriber": one.prescriber,
    }


def read_terms(form: Form, places: Sequence[Person]) -> Terms | None:
    """Dose, days and team; None where something is wrong."""
    dose = typed_dose(form)
    unit = form.choice("unit", called="the unit", among=tuple(UNITS))
    route = form.choice("route", called="the route", among=tuple(ROUTES))
    every = form.whole_number(
        "every", called="the days between doses", least=1, most=MOST_DAYS
    )
    early = form.whole_number("early", called="days early", least=0, most=MOST_DAYS)
    late = form.whole_number("late", called="days late", least=0, most=MOST_DAYS)
    counts = form.choice("counts", called="how days are counted", among=tuple(COUNTS))
    if every is not None and early is not None and early >= every:
        form.reject(
            "early",
            wrong="The window would begin before the last dose",
            mend="Enter fewer days early than there are between doses.",
        )
    place = chosen(form, "team", places)
    prescriber = form.text(
        "prescriber", called="who prescribed it", at_most=LONGEST_NAME
    )
    numbers = (dose, every, early, late, place)
    if form.problems or any(one is None for one in numbers):
        return None
    return Terms(
        dose=dose or Decimal(1),
        unit=unit,
        route=route,
        every=every or 1,
        early=early or 0,
        late=late or 0,
        counts=counts,
        place=place or Person(),
        prescriber=prescriber,
    )


def read_code(form: Form) -> str:
    """A code of dm+d, where one is typed."""
    code = form.optional_text("code", called="the dm+d code", at_most=18)
    code = code.replace(" ", "")
    if code and not is_snomed_id(code):
        form.reject(
            "code",
            wrong="That is no dm+d code",
            mend="Copy its digits again, or leave the field empty.",
        )
    return code


def typed_dose(form: Form) -> Decimal | None:
    """The dose as it was typed, its digits kept; a comma is a point."""
    typed = form.text("dose", called="the dose", at_most=12).replace(",", ".")
    if _FIGURES.fullmatch(typed) and 0 < Decimal(typed) <= _MOST_DOSE:
        return Decimal(typed)
    form.reject(
        "dose", wrong="The dose is not a number", mend="Enter it in figures, as in 150."
    )
    return None


def read_due(form: Form, name: str, *, called: str, today: date) -> date | None:
    """A day that is due, today or within two years."""
    return _day_from(form, name, called=called, least=today, most=today + _AHEAD)


def read_first(form: Form, name: str, *, called: str, today: date) -> date | None:
    """The same of a schedule that begins: whoever comes from elsewhere may be late."""
    return _day_from(
        form, name, called=called, least=today - _BACK, most=today + _AHEAD
    )


def _day_from(
    form: Form, name: str, *, called: str, least: date, most: date
) -> date | None:
    day = typed_day(form, name, called=called)
    if day is None or not least <= day <= most:
        form.reject(
            f"{name}-day",
            wrong=f"{called} is missing, too long ago or too far ahead",
            mend=f"Give a day from {_shown(least)} to {_shown(most)}.",
        )
        return None
    return day


def read_at(form: Form, *, called: str, now: datetime) -> datetime | None:
    """When it was; within a year, and not ahead."""
    typed = moment_of(form.values.get("at", "").strip())
    moment = None if typed is None else typed.astimezone(UTC)
    if moment is None or not now - _BACK <= moment <= now + _SLACK:
        form.reject(
            "at",
            wrong=f"{called} is missing, lies ahead, or more than a year back",
            mend="Give a day and a time that has passed.",
        )
        return None
    return moment


def read_given(
    form: Form, schedule: Schedule, people: Sequence[Person], *, now: datetime
) -> Given | None:
    """A dose; None where something is wrong, or differs and nobody said why."""
    at = read_at(form, called="When it was given", now=now)
    dose = typed_dose(form)
    site = form.choice("site", called="the site", among=tuple(SITES))
    side = form.choice("side", called="the side", among=tuple(SIDES))
    batch = form.text("batch", called="the batch number", at_most=LONGEST_BATCH)
    expires = _expires(form)
    by = chosen(form, "by", people)
    seen = form.optional_text("seen", called="what was seen", at_most=LONGEST_WORDS)
    why = form.optional_text("why", called="why it differs", at_most=LONGEST_WORDS)
    if form.problems or at is None or dose is None or by is None:
        return None
    odd = _odd(schedule, at.astimezone(LONDON).date(), dose, expires)
    if odd and not why:
        form.reject(
            "why",
            wrong=f"{odd}, and nobody said why",
            mend="Look again. If it was so, write why, and who agreed to it.",
        )
        return None
    return Given(
        at=at,
        dose=dose,
        site=site,
        side=side,
        batch=batch,
        expires=expires,
        by=by,
        why=why if odd else "",
        seen=seen,
    )


def _odd(schedule: Schedule, day: date, dose: Decimal, expires: str) -> str:
    """What is not as the schedule and the pack have it, in words; else empty."""
    window, found = schedule.window, []
    last = schedule.last_given
    if last is not None and last.at.astimezone(LONDON).date() == day:
        found.append("A dose was recorded on that day already")
    if not window.has(day):
        found.append(
            "That day lies outside the window"
            f" ({_shown(window.opens)} to {_shown(window.closes)})"
        )
    if dose != schedule.dose:
        found.append("The dose is not the one of the schedule")
    if _last_day(expires) < day:
        found.append("The pack had expired")
    return "; ".join([*found[:1], *(it[:1].lower() + it[1:] for it in found[1:])])


def _shown(day: date) -> str:
    return show_date(day.isoformat())


def _expires(form: Form) -> str:
    """Month and year as packs have them: a FHIR date of those two."""
    month = form.optional_text("expires-month", called="the month", at_most=2)
    year = form.optional_text("expires-year", called="the year", at_most=4)
    try:
        return f"{date(int(year), int(month), 1):%Y-%m}"
    except ValueError:
        form.reject(
            "expires-month",
            wrong="The month and year of expiry cannot be read",
            mend="Copy both from the pack, as in 8 2028.",
        )
        return ""


def _last_day(expires: str) -> date:
    """A pack may be used until the end of the month that it names."""
    year, _, month = expires.partition("-")
    after = date(int(year) + int(month) // 12, int(month) % 12 + 1, 1)
    return after - timedelta(days=1)


def read_reason(form: Form) -> str:
    return form.choice("reason", called="why it was not given", among=tuple(NOT_GIVEN))
