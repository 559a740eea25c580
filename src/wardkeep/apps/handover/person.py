# SPDX-License-Identifier: Apache-2.0
"""What a handover says of one patient, from what was opened: alerts first.

In the order of SBAR (situation, background, assessment, recommendation;
https://www.england.nhs.uk/improvement-hub/publication/sbar-communication-tool/): alerts
and why they are here, what is known, how they are now and what is new, what is to do.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from wardkeep.base.news2 import Score
from wardkeep.care.chart import Chart, Medicine, build_chart
from wardkeep.care.observations import Latest, news2_latest, scored
from wardkeep.care.of_patient import banner_on
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.purpose import Action
from wardkeep.fhir.handover.handovers import NEW_HOURS
from wardkeep.fhir.handover.line import (
    LINE,
    SYSTEM,
    TAKEN,
    TYPE,
    Handed,
    handed,
    read_handover,
)
from wardkeep.fhir.notes.note import Note, read_note
from wardkeep.fhir.plans.kinds import RISK
from wardkeep.fhir.plans.plan import Plan, id_of, read_plan
from wardkeep.fhir.store.outcomes import NotFound, OpenedResource, Opener
from wardkeep.fhir.store.parts import OpenedParts, Part, PartReader
from wardkeep.fhir.store.token_map import token_map
from wardkeep.fhir.tasks.to_do import KINDS, ToDo, read_to_do
from wardkeep.ui.banner import Banner
from wardkeep.ui.format import read_moment
from wardkeep.web.visit import Visit

_SETS_SHOWN = 4
_MOST_LETTERS = 400
_PARTS = (
    Part(types=("Patient", "AllergyIntolerance", "Flag"), at_most=300),
    Part(types=("Observation",), at_most=120),
    Part(types=("Condition",), at_most=100),
    Part(types=("Encounter",), at_most=6),
    Part(types=("MedicationRequest", "MedicationStatement"), at_most=60),
    Part(types=("Composition",), at_most=20),
    Part(types=("DiagnosticReport",), at_most=20),
    Part(types=(RISK.type,), at_most=10),
    Part(types=("Task",), at_most=40),
)


class Told(msgspec.Struct, frozen=True):
    """Something that is new, and when."""

    words: str
    when: str
    path: str
    text: str = ""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One patient, as they are handed over."""

    id: str
    banner: Banner
    here: tuple[str, str]
    """Why they are here, and since when; empty: nothing recorded."""
    problems: tuple[str, ...]
    risk: Plan | None
    latest: Latest | None
    scores: tuple[tuple[str, str], ...]
    """Times and NEWS2 totals of the last sets, the oldest first."""
    notes: tuple[Told, ...]
    results: tuple[Told, ...]
    medicines: tuple[Medicine, ...]
    tasks: tuple[ToDo, ...]
    handed: Handed
    entry: int
    granted_at: int


async def open_person(
    visit: Visit, patient: str, opener: Opener, *, action: Action = Action.READ
) -> Person | Refusal | NotFound:
    """One patient, through the door: an opening, or a print."""
    asked = [(TYPE, "category", f"{SYSTEM}|{one}") for one in (LINE, TAKEN)]
    tokens = await token_map(visit.warden, opener, asked)
    if isinstance(tokens, Refusal):
        return tokens
    own = Part(types=(TYPE,), at_most=80, tokens=tuple(tokens[one] for one in asked))
    given = await visit.services[PartReader].of_patient(
        patient, (*_PARTS, own), opener=opener, action=action
    )
    if not isinstance(given, OpenedParts):
        return given
    return _person(patient, given, visit.clock.now())


def _person(patient: str, given: OpenedParts, now: datetime) -> Person:
    since = now - timedelta(hours=NEW_HOURS)
    chart = build_chart((one.type, one.id, one.text) for one in given.opened.resources)
    *_, medicines, notes, reports, plans, tasks, lines = given.parts
    read = [one for it in lines if (one := read_handover(it)) is not None]
    todo = [task for it in tasks if (task := read_to_do(it)) is not None]
    return Person(
        id=patient,
        banner=banner_on(chart, now),
        here=_here(chart),
        problems=tuple(one.words for one in chart.problems if one.is_current),
        risk=_risk(plans, patient),
        latest=news2_latest(chart),
        scores=_scores(chart),
        notes=tuple(_notes(notes, patient, since)),
        results=tuple(_results(reports, patient, since)),
        medicines=_changed(chart, medicines, since),
        tasks=tuple(
            sorted(
                (one for one in todo if one.is_open and one.kind in KINDS),
                key=lambda one: one.due,
            )
        ),
        handed=handed(read),
        entry=given.opened.entry,
        granted_at=given.opened.granted_at,
    )


def _here(chart: Chart) -> tuple[str, str]:
    stays = [one for one in chart.visits if one.status in ("in-progress", "onleave")]
    return (stays[0].reason or stays[0].words, stays[0].start) if stays else ("", "")


def _scores(chart: Chart) -> tuple[tuple[str, str], ...]:
    return tuple(
        (one.when, _total_words(scored(one, chart)))
        for one in chart.vital_sets[-_SETS_SHOWN:]
    )


def _total_words(one: Score) -> str:
    if one.unfit is not None:
        return "none"
    return "not whole" if one.total is None else str(one.total)


def _risk(plans: Sequence[OpenedResource], patient: str) -> Plan | None:
    wanted = id_of(RISK, patient)
    found = [read_plan(one.text) for one in plans if one.id == wanted]
    return found[0] if found and found[0] and not found[0].is_withdrawn else None


def _notes(
    notes: Sequence[OpenedResource], patient: str, since: datetime
) -> list[Told]:
    read = [one for it in notes if (one := read_note(it)) is not None]
    new = [one for one in read if one.written >= since and not one.is_wrong]
    return [
        Told(
            f"{one.title}, {', '.join(it.words for it in one.authors)}",
            one.written.isoformat(),
            f"/patients/{patient}/notes/{one.id}",
            _short(one),
        )
        for one in new
    ]


def _short(note: Note) -> str:
    text = " ".join(one.text for one in note.sections)
    cut = text[:_MOST_LETTERS]
    return cut if cut == text else f"{cut} …"


def _results(
    reports: Sequence[OpenedResource], patient: str, since: datetime
) -> list[Told]:
    chart = build_chart((one.type, one.id, one.text) for one in reports)
    found = []
    for one in chart.timeline:
        at = read_moment(one.when)
        if at is not None and at >= since:
            path = f"/patients/{patient}/results"
            found.append(Told(one.words, one.when, path))
    return found


def _changed(
    chart: Chart, medicines: Sequence[OpenedResource], since: datetime
) -> tuple[Medicine, ...]:
    """Begun since, or written anew since: stopped, or changed."""
    new = {
        one.id
        for one in medicines
        if (one.version > 1 and one.last_updated >= since)
        or (one.clinical_at is not None and one.clinical_at >= since)
    }
    return tuple(one for one in chart.medicines if one.id in new)
