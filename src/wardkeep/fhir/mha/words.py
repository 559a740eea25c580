# SPDX-License-Identifier: Apache-2.0
"""Until when something holds, as screens say it: a day, or a moment in London."""

from datetime import datetime

from wardkeep.base.clock import LONDON
from wardkeep.base.time_of_day import time_of_day
from wardkeep.fhir.mha.periods import is_midnight, last_day_before


def until_words(end: datetime) -> str:
    """The last day of whole ones; else the time and the day.

    A whole day is given as its last: "until midnight on the 5th" is read both ways.
    """
    if is_midnight(end):
        day = last_day_before(end)
        return f"{day.day} {day:%B %Y}"
    local = end.astimezone(LONDON)
    return f"{time_of_day(end)} on {local.day} {local:%B %Y}"
