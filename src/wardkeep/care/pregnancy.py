# SPDX-License-Identifier: Apache-2.0
"""Whom NEWS2 is not for: children under 16, and whoever is known to be pregnant.

What the problem list says of a pregnancy, and from when until when it can have lasted.
A problem that nobody ended does not go on for years: 44 weeks after it began it no
longer keeps anybody from being scored.
"""

import re
from collections.abc import Iterable
from datetime import date, timedelta

import msgspec

from wardkeep.base.clock import LONDON
from wardkeep.base.news2 import YOUNGEST_YEARS, Unfit
from wardkeep.care import reading
from wardkeep.ui.format import read_moment, years_old

_CODES = ("77386006", "72892002", "127364007", "16356006", "47200007")
"""SNOMED CT: pregnant; normal, first, multiple and high-risk pregnancy."""
_GESTATION = (
    r"\(?(?P<weeks{0}>\d{{1,2}})(?:\s?\+\s?\d)?"
    r"(?:\s?-?(?:weeks?|wks?|w)(?:\s(?:and\s)?\d\sdays?)?|\s?/\s?40)"
    r"(?:\s(?:gestation|of))?\)?"
)
_KINDS = (
    r"(?:first|second|third|fourth|twin|triplet|multiple|normal|current|ongoing|viable"
    r"|intrauterine|high[ -]risk|low[ -]risk|currently|now)"
)
_WORDS = re.compile(
    rf"(?:{_GESTATION.format(1)}[\s,:-]*)?(?:{_KINDS}\s)*(?:pregnant|pregnancy)"
    rf"(?:[\s,:;–-]*(?:at\s)?{_GESTATION.format(2)})?\.?"
)
"""The whole of what somebody wrote, as in "28 weeks pregnant" or "Pregnancy, 12/40".

Whole, because "ectopic pregnancy in 2019" and "not pregnant" are none. Rejected: any
text with the word in it, which takes the score from whoever was pregnant once.
"""
_UNSURE = ("refuted", "entered-in-error")
_LONGEST = timedelta(weeks=44)


class Pregnancy(msgspec.Struct, frozen=True):
    """From the first day to the last one on which somebody may be pregnant."""

    since: date
    until: date


def pregnancies_in(conditions: Iterable[reading.Condition]) -> tuple[Pregnancy, ...]:
    """Each that the problems name; what is certain not to be so is left out."""
    return tuple(_span(one) for one in conditions if _is_pregnancy(one))


def _is_pregnancy(one: reading.Condition) -> bool:
    if one.verification_status.has_code(*_UNSURE):
        return False
    return one.code.has_code(*_CODES) or _said(one) is not None


def _said(one: reading.Condition) -> re.Match[str] | None:
    return _WORDS.fullmatch(" ".join(one.code.words.casefold().split()))


def _weeks(one: reading.Condition) -> timedelta:
    """How far it was when somebody wrote so; nothing where nobody did."""
    said = _said(one)
    weeks = "" if said is None else said["weeks1"] or said["weeks2"] or ""
    return timedelta(weeks=int(weeks)) if weeks else timedelta()


def _span(one: reading.Condition) -> Pregnancy:
    onset = one.onset_date_time or one.onset_period.start
    began = onset or one.recorded_date
    since, ended = _day(began), _day(one.abatement_date_time)
    if since is not None and not onset:
        since -= _weeks(one)
    if ended is None and one.clinical_status.has_code("inactive", "resolved"):
        # It is over, and nobody can end it once more to have somebody scored.
        ended = date.min
    if since is None:
        return Pregnancy(date.min, ended or date.max)
    return Pregnancy(since, ended or _last_day_of(began, since) + _LONGEST)


def _last_day_of(written: str, first: date) -> date:
    """The last day on which something can have begun; of a year, its last."""
    days = {len("2026"): 365, len("2026-11"): 30}.get(len(written), 0)
    return first + timedelta(days=days)


def _day(text: str) -> date | None:
    moment = read_moment(text)
    if moment is not None:
        return moment.astimezone(LONDON).date()
    try:
        return date.fromisoformat(f"{text}-01-01"[:10]) if text else None
    except ValueError:
        return None


def unfit_on(day: date, born: str, pregnancies: Iterable[Pregnancy]) -> Unfit | None:
    """Why NEWS2 is not for somebody on that day; None where it is.

    Of whom the year alone is known the oldest that they can be counts.
    """
    age = years_old(f"{born}-01-01"[:10], day)
    if age is not None and age < YOUNGEST_YEARS:
        return Unfit.CHILD
    if any(one.since <= day <= one.until for one in pregnancies):
        return Unfit.PREGNANT
    return None


def unfit_at(when: str, born: str, pregnancies: Iterable[Pregnancy]) -> Unfit | None:
    """The same at a FHIR dateTime."""
    day = _day(when)
    return None if day is None else unfit_on(day, born, pregnancies)
