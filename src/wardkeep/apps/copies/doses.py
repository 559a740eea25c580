# SPDX-License-Identifier: Apache-2.0
"""Doses of depot injections on paper: what was given, what was not, by whom.

What each schedule says of itself is enough; batch and place of a dose stand in a
resource of its own, and are told where that is part of what is printed or copied.
"""

from collections.abc import Sequence

from wardkeep.apps.copies.answers import Row, Section
from wardkeep.care.depots import every_schedule_in
from wardkeep.care.writing import content_of
from wardkeep.fhir.depots.codes import NOT_GIVEN, SIDES, UNITS
from wardkeep.fhir.depots.dose import TYPE, Dose, dose_id, read_dose
from wardkeep.fhir.depots.schedule import GIVEN, NOT_DONE, TITLES, Entry
from wardkeep.fhir.store.outcomes import OpenedResource
from wardkeep.ui.format import show_moment

DOSES = "Depot doses"
_TOLD = (GIVEN, NOT_DONE)


def doses_of(resources: Sequence[OpenedResource]) -> Section:
    """The newest first, of ended schedules too; what was taken back is left out."""
    doses = dict(_doses(resources))
    lines = [
        (one, schedule.medicine, doses.get(dose_id(schedule.id, one.id)))
        for schedule in every_schedule_in(resources)
        if not schedule.is_mistake
        for one in schedule.holding
        if one.kind in _TOLD
    ]
    lines.sort(key=lambda line: line[0].at, reverse=True)
    return Section(
        DOSES,
        ("When", "Medicine", "What", "How", "By"),
        tuple(_row(*line) for line in lines),
        "No dose is recorded.",
    )


def _doses(resources: Sequence[OpenedResource]) -> list[tuple[str, Dose]]:
    found = []
    for one in resources:
        read = read_dose(content_of(one.text)) if one.type == TYPE else None
        if read is not None:
            found.append((one.id, read[1]))
    return found


def _row(entry: Entry, medicine: str, dose: Dose | None) -> Row:
    when, what = show_moment(entry.at.isoformat()), TITLES[entry.kind]
    if dose is None:
        how = SIDES.get(entry.side, "") or entry.words
        return when, medicine, what, how, entry.by.words
    if not dose.is_given:
        why = (NOT_GIVEN.get(dose.reason, ""), dose.seen)
        return when, medicine, what, ". ".join(filter(None, why)), dose.by.words
    unit = UNITS.get(dose.unit, dose.unit)
    parts = (
        f"{dose.dose} {unit}" if dose.dose is not None else "",
        dose.where,
        f"batch {dose.batch}" if dose.batch else "",
    )
    return when, medicine, what, ", ".join(filter(None, parts)), dose.by.words
