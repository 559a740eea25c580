# SPDX-License-Identifier: Apache-2.0
"""Days and moments as they are typed."""

from datetime import date, datetime

from wardkeep.base.clock import LONDON
from wardkeep.web.forms import Form


def typed_day(form: Form, name: str, *, called: str = "day") -> date | None:
    """The day in `name-day`, `name-month` and `name-year`; None where all are empty.

    One that does not exist is rejected at the field of its day.
    """
    parts = [
        form.optional_text(f"{name}-{part}", called=f"the {part}", at_most=4)
        for part in ("year", "month", "day")
    ]
    if not any(parts):
        return None
    try:
        return date(*[int(part) for part in parts])
    except ValueError:
        form.reject(
            f"{name}-day",
            wrong=f"That {called} does not exist",
            mend="Give day, month and year, as in 17 4 1992.",
        )
        return None


def moment_of(when: str) -> datetime | None:
    """A moment typed in London time; None where it is none."""
    try:
        typed = datetime.fromisoformat(when)
    except ValueError:
        return None
    return typed.replace(tzinfo=LONDON) if typed.tzinfo is None else None


def typed_moment(moment: datetime) -> str:
    """A moment as the field for it shows it."""
    return f"{moment.astimezone(LONDON):%Y-%m-%dT%H:%M}"
