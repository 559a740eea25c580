# SPDX-License-Identifier: Apache-2.0
"""What was typed of a special note, and what is to be mended in it."""

from datetime import date, timedelta

import msgspec

from wardkeep.care.typed import typed_day
from wardkeep.fhir.urgent.flags import AUDIENCES, CATEGORIES
from wardkeep.web.forms import Form

LONGEST, LONGEST_LINE = 600, 120
MOST_AHEAD = timedelta(days=366)
"""A note that nobody looks at for a year is believed by nobody."""


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """A note as it was typed."""

    category: str
    words: str
    audience: str
    owner: str
    review: date
    last: date | None


def read_typed(form: Form, today: date) -> Typed | None:
    """All of it; None where something is wrong, which the form has then."""
    category = form.choice("category", called="the kind", among=tuple(CATEGORIES))
    words = form.text("words", called="the note", at_most=LONGEST)
    audience = form.choice("audience", called="whom it is for", among=tuple(AUDIENCES))
    owner = form.text("owner", called="who looks after it", at_most=LONGEST_LINE)
    review = typed_day(form, "review", called="day")
    last = typed_day(form, "last", called="day")
    if "review-day" not in form.problems:
        _within(form, "review", review, today, called="The day of review")
    if last is not None:
        _within(form, "last", last, today, called="The last day")
    if form.problems or review is None:
        return None
    return Typed(
        category=category,
        words=words,
        audience=audience,
        owner=owner,
        review=review,
        last=last,
    )


def _within(
    form: Form, name: str, day: date | None, today: date, *, called: str
) -> None:
    if day is None or not today <= day <= today + MOST_AHEAD:
        form.reject(
            f"{name}-day",
            wrong=f"{called} is missing, over, or more than a year ahead",
            mend="Give a day within a year from today.",
        )
