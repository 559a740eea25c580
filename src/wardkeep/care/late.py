# SPDX-License-Identifier: Apache-2.0
"""What of a patient is due and late, as lists show it: told by times alone."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from wardkeep.care.due import OBSERVATIONS, REVIEW, WORDS, due_id
from wardkeep.care.seen_results import seen_id
from wardkeep.fhir.store.standings import Marks, Standing
from wardkeep.fhir.tasks.to_do import instant_of

LONGEST_WITHOUT_SET = timedelta(hours=12)
"""On a ward; the published chart's longest interval (NEWS2)."""


class DueLine(msgspec.Struct, frozen=True):
    """Something that is due, and when: a FHIR dateTime, or nothing known."""

    words: str
    when: str
    is_late: bool


def marks_wanted(standings: Mapping[str, Standing]) -> list[tuple[str, str]]:
    """Patient and id of the resources that say what is due and what was looked at."""
    found = []
    for patient, standing in standings.items():
        ids = [due_id(patient, kind) for kind in (OBSERVATIONS, REVIEW)]
        ids += [seen_id(*one) for one in standing.reports]
        found += [(patient, one) for one in ids]
    return found


def unseen(standing: Standing, marks: Marks) -> int:
    """How many reports nobody has looked at."""
    return sum(seen_id(*one) not in marks.there for one in standing.reports)


def due_lines(
    patient: str, standing: Standing, marks: Marks, *, is_on_ward: bool, now: datetime
) -> Iterable[DueLine]:
    for kind in (OBSERVATIONS, REVIEW):
        at = marks.due.get(due_id(patient, kind))
        if at is None and kind == OBSERVATIONS and is_on_ward:
            at = _by_the_chart(standing)
            if at is None:
                yield DueLine("No observations for a week", "", is_late=True)
        if at is not None:
            yield DueLine(WORDS[kind], instant_of(at), is_late=at < now)


def _by_the_chart(standing: Standing) -> datetime | None:
    """Where nobody said when the next set is due: the longest that is published."""
    last = standing.last_set
    return None if last is None else last + LONGEST_WITHOUT_SET
