# SPDX-License-Identifier: Apache-2.0
"""A time of day in London as people read it, also in the hour that comes twice.

When the clocks go back, 01:30 is there twice, an hour apart. Whoever reads a deadline
then has to know which: it is said behind the time, and at no other time of the year.
"""

from datetime import UTC, datetime

from wardkeep.base.clock import LONDON

FIRST, SECOND = "summer time (BST)", "winter time (GMT)"
"""Before the clocks go back, and after."""


def time_of_day(moment: datetime, *, seconds: bool = False) -> str:
    """09:41 or 09:41:07; in the hour that comes twice, 01:30 summer time (BST)."""
    local = in_london(moment)
    said = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
    return f"{said} {_which(local)}" if comes_twice(local) else said


def in_london(moment: datetime) -> datetime:
    """It as London's clocks show it: never a time that they leave out."""
    return moment.astimezone(UTC).astimezone(LONDON)


def comes_twice(local: datetime) -> bool:
    """Whether a time by London's clock is there once more, an hour before or after."""
    other = local.replace(fold=1 - local.fold)
    is_shown = in_london(other).replace(tzinfo=None) == local.replace(tzinfo=None)
    return is_shown and other.utcoffset() != local.utcoffset()


def _which(local: datetime) -> str:
    return SECOND if local.fold else FIRST
