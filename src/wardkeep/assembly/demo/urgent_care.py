# SPDX-License-Identifier: Apache-2.0
"""Calls that wait in urgent care's queues on the day the demo is made.

Beside the records and not in them, as referrals are: a record of nobody waits nowhere.
Numbers to ring are of the range that is kept for plays.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import msgspec

from wardkeep.assembly.demo.chart.codes import Json
from wardkeep.assembly.demo.chart.sheet import entry_of
from wardkeep.assembly.demo.organisations import DemoOrganisation
from wardkeep.assembly.demo.staff import StaffMember, staff_of
from wardkeep.base.ids import derived_uuid
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent.case import Case, Outcome as CallEnd, case_content
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.fhir.urgent.moving import Cannot, advance
from wardkeep.fhir.urgent.outcome import outcome_content, outcome_in
from wardkeep.fhir.urgent.queueing import (
    Did,
    Entry,
    entry_content,
    entry_in,
    place_of,
    queued,
)
from wardkeep.fhir.urgent.steps import Step
from wardkeep.fhir.work.expects import Content

_STRIDE, _FIRST = 6, 4
"""One patient in six rang today."""
_TAKER = "call-taker"
_NURSE, _DOCTOR, _PHARMACIST = "advice-nurse", "advice-doctor", "advice-pharmacist"
_LEAD = "shift-lead"
QUEUES = {
    "ambulance": ("Urgent care: ambulance", (_LEAD,)),
    "clinician": ("Urgent care: clinicians", (_NURSE, _DOCTOR, _LEAD)),
    "emergency-department": ("Urgent care: emergency department", (_LEAD,)),
    "paediatric": ("Urgent care: children", (_DOCTOR, _LEAD)),
    "mental-health": ("Urgent care: mental health", (_NURSE, _LEAD)),
    "palliative": ("Urgent care: palliative care", (_DOCTOR, _LEAD)),
    "dental": ("Urgent care: dental", (_NURSE, _LEAD)),
    "pharmacist": ("Urgent care: pharmacists", (_PHARMACIST, _LEAD)),
    "base": ("Urgent care: treatment centre", (_DOCTOR, _LEAD)),
    "visit": ("Urgent care: home visits", (_DOCTOR, _LEAD)),
}
"""By skill: what the queue's place is called, and who works there."""
_LINE = "line-nurse"
_LINE_QUEUES = {"clinician": ("Out-of-hours line: nurse", (_LINE,))}


class _Plot(msgspec.Struct, frozen=True):
    """One call."""

    code: str
    minutes: int
    """Since it was given."""
    complaint: str
    by: str = ""
    """Who has it."""
    steps: tuple[tuple[Step, int, str], ...] = ()
    """What was done since, how many minutes ago, and the words with it."""


_PLOTS = (
    _Plot("clinician-now", 27, "Short of breath since this morning, worse lying down."),
    _Plot("clinician-1h", 71, "Bad headache for two days, paracetamol does not help."),
    _Plot(
        "clinician-now",
        16,
        "Chest feels tight when walking upstairs.",
        _NURSE,
        ((Step.TAKE, 9, ""), (Step.NO_ANSWER, 7, "Rang out twice.")),
    ),
    _Plot(
        "clinician-2h",
        44,
        "Back pain after lifting, pins and needles in one leg.",
        _NURSE,
        ((Step.TAKE, 12, ""), (Step.REACH, 10, "")),
    ),
    _Plot("ambulance-3-validate", 24, "Fell in the bathroom, hip hurts, cannot stand."),
    _Plot("emergency-department-validate", 12, "Cut to the hand that still bleeds."),
    _Plot("paediatric-1h", 52, "Fever for three days, drinks little, no rash."),
    _Plot("paediatric-1h", 20, "Barking cough at night, breathes well now."),
    _Plot("mental-health-1h", 66, "Has not slept for four nights, feels unsafe."),
    _Plot("mental-health-6h", 140, "Low since a bereavement, asks for somebody."),
    _Plot("palliative-1h", 33, "Pain not held by the usual medicine."),
    _Plot("dental-2h", 95, "Swollen jaw, tooth broke yesterday."),
    _Plot("dental-2h", 30, "Bleeding after a tooth was taken out."),
    _Plot("pharmacist-2h", 128, "Took the evening tablets twice."),
    _Plot("pharmacist-2h", 15, "New tablets, itches all over, no swelling."),
    _Plot("prescription-next-day", 300, "Inhaler runs out tonight."),
    _Plot("base-2h", 80, "Ear pain, deaf on that side since noon."),
    _Plot("base-6h", 190, "Burning when passing water, second time this month."),
    _Plot("base-12h", 60, "Red eye, sticks together in the morning."),
    _Plot("visit-2h", 101, "Housebound, catheter has stopped draining."),
    _Plot("visit-6h", 45, "Confused since yesterday, carer rang."),
    _Plot("expected-death-6h", 130, "Expected death at home, family is there."),
    _Plot("clinician-2h", 96, "Vomiting since last night, keeps water down now."),
    _Plot(
        "clinician-6h",
        200,
        "Rash on both arms after gardening.",
        "",
        ((Step.COMFORT, 30, "No worse. Will ring if it spreads."),),
    ),
    _Plot("clinician-6h", 40, "Sore throat for a week."),
    _Plot("clinician-1h", 8, "Dizzy on standing, new blood pressure tablets."),
    _Plot(
        "clinician-2h",
        118,
        "Rang about a swollen ankle.",
        _DOCTOR,
        (
            (Step.TAKE, 50, ""),
            (Step.NO_ANSWER, 48, "Voicemail."),
            (Step.NO_ANSWER, 36, "Voicemail."),
            (Step.NO_ANSWER, 22, "No voicemail any more."),
        ),
    ),
    _Plot("clinician-2h", 10, "Stomach cramps, had them before."),
    _Plot("visit-6h", 210, "Leg ulcer dressing came off."),
    _Plot("clinician-6h", 5, "Asks whether to take the antibiotic with food."),
)


_LINE_PLOTS = (
    _Plot("clinician-1h", 12, "Chest feels tight since noon, pulse races."),
    _Plot("clinician-2h", 31, "Fell on the way to the bathroom, wrist is swollen."),
    _Plot("emergency-department-validate", 6, "Nose bleeds again, takes warfarin."),
)


def queues_of(
    organisation: DemoOrganisation,
) -> Mapping[str, tuple[str, tuple[str, ...]]]:
    """By skill: what the queue's place is called, and who works there."""
    return QUEUES if organisation.kind == "hospital" else _LINE_QUEUES


class Calls:
    """Hands out the calls, one by one."""

    def __init__(self, organisation: DemoOrganisation, now: datetime) -> None:
        self._organisation = organisation
        self._now = now.replace(microsecond=0)
        plots = _PLOTS if organisation.kind == "hospital" else _LINE_PLOTS
        self._plots: Iterator[tuple[int, _Plot]] = iter(enumerate(plots))

    def of(self, bundle: Json, nth: int) -> list[Json]:
        """What somebody rang about, if they rang; entries beside their record."""
        person = bundle["entry"][0]["resource"]
        if nth % _STRIDE != _FIRST or "deceasedDateTime" in person:
            return []
        number, plot = next(self._plots, (0, None))
        return [] if plot is None else self._call(str(person["id"]), number, plot)

    def _call(self, patient: str, number: int, plot: _Plot) -> list[Json]:
        given = self._now - timedelta(minutes=plot.minutes)
        case = derived_uuid("demo-call", self._organisation.slug, patient)
        taker = self._person(_TAKER)
        disposition = DISPOSITIONS[plot.code]
        made = queued(case, patient, disposition, given=given, author=taker)
        came_to, entry = outcome_in(made[0]), entry_in(made[1])
        if came_to is None or entry is None:
            raise ValueError(plot.code)
        outcome_id, entry_id = (
            derived_uuid(case, "outcome"),
            derived_uuid(case, "entry"),
        )
        came_to = msgspec.structs.replace(came_to, id=outcome_id)
        entry = msgspec.structs.replace(entry, id=entry_id, outcome=outcome_id)
        return [
            _entry(self._case(case, patient, number, plot, given), "subject", patient),
            _entry(outcome_content(came_to), "subject", patient),
            _entry(entry_content(self._done(entry, plot)), "for", patient),
        ]

    def _done(self, entry: Entry, plot: _Plot) -> Entry:
        for step, minutes, words in plot.steps:
            by = self._person(plot.by or _NURSE)
            at = self._now - timedelta(minutes=minutes)
            after = advance(entry, Did(step=step, at=at, by=by, words=words))
            if isinstance(after, Cannot):
                raise ValueError(after.why)  # noqa: TRY004 - our own list is wrong
            entry = after
        return entry

    def _case(
        self, id_: str, patient: str, number: int, plot: _Plot, given: datetime
    ) -> Content:
        """The call itself, over for whoever answered it."""
        taker = self._person(_TAKER)
        case = Case(
            id=id_,
            patient=patient,
            began=given - timedelta(minutes=7),
            taker=taker,
            number=f"01632960{200 + number}",
            complaint=plot.complaint,
            outcome=CallEnd(
                code=plot.code,
                at=given,
                said="Agreed. Will keep the telephone free.",
                advice="If it gets worse, or you are worried, ring 111 again.",
                by=taker,
            ),
        )
        return case_content(case)

    def _person(self, key: str) -> Person:
        return person_of(staff_of(self._organisation)[key])


def person_of(member: StaffMember) -> Person:
    return Person(f"Practitioner/{member.practitioner_id}", member.name)


def queue_entries(organisation: DemoOrganisation) -> list[Json]:
    """The queues' places, which their people work in."""
    return [
        entry_of(
            "Location",
            place_of(skill).partition("/")[2],
            {"status": "active", "name": name, "mode": "instance"},
        )
        for skill, (name, _) in queues_of(organisation).items()
    ]


def _entry(content: Content, name: str, patient: str) -> Json:
    fields = dict(content)
    kind, id_ = fields.pop("resourceType"), fields.pop("id")
    fields[name] = {"reference": f"urn:uuid:{patient}"}
    return entry_of(kind, id_, fields)
