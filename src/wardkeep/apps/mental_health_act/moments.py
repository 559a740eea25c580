# SPDX-License-Identifier: Apache-2.0
"""Moments as the Act's forms take them: in London, and none that the clocks skip."""

from datetime import UTC, datetime, timedelta

from wardkeep.base.clock import LONDON
from wardkeep.care.typed import moment_of
from wardkeep.web.forms import Form

_SLACK = timedelta(minutes=5)
_YEARS = timedelta(days=366 * 60)
_AHEAD = timedelta(days=366 * 2)


def typed_at(
    form: Form, name: str, *, called: str, now: datetime, is_ahead: bool = False
) -> datetime | None:
    """A moment in UTC; a problem where it is none, or lies ahead and may not.

    Of an hour that the clocks show twice it is the first: no period then seems longer
    than it is.
    """
    typed = moment_of(form.values.get(name, "").strip())
    if typed is None:
        form.reject(
            name,
            wrong=f"{called}: a day and a time are missing",
            mend="Give both, as in 2026-11-29T14:30.",
        )
        return None
    moment = typed.astimezone(UTC)
    if moment.astimezone(LONDON).replace(tzinfo=None) != typed.replace(tzinfo=None):
        form.reject(
            name,
            wrong=f"{called}: the clocks skipped that hour",
            mend="Give a time before 01:00 or from 02:00 on.",
        )
        return None
    latest = now + (_AHEAD if is_ahead else _SLACK)
    if not now - _YEARS <= moment <= latest:
        form.reject(
            name,
            wrong=f"{called}: that lies too far ahead or behind",
            mend="Give a moment within the next two years."
            if is_ahead
            else "Give a moment that has passed.",
        )
        return None
    return moment
