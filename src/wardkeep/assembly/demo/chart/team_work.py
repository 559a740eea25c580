# SPDX-License-Identifier: Apache-2.0
"""What a ward's people give each other: handover lines, tasks, messages, letters.

Of the day on which the demonstration is made, so that whoever signs in finds a shift at
work: something to take over, to take, to answer and to approve. Some of it is late.
"""

from datetime import datetime, timedelta

from wardkeep.assembly.demo.chart.sheet import Sheet, entry_of
from wardkeep.assembly.demo.moments import moment
from wardkeep.assembly.demo.stable_ids import stable_id
from wardkeep.assembly.demo.staff import staff_of
from wardkeep.fhir.handover.line import Line, Taken, line_resource, taken_resource
from wardkeep.fhir.letters.letter import Letter, letter_resource
from wardkeep.fhir.messages.message import ANSWER, THREAD, Message, message_resource
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.tasks.to_do import APPROVE, REQUESTED, ToDo, task_resource

_OWN = ("resourceType", "id")
_LINES = (
    "Settled at eight. Wants the glasses at breakfast; they are in the drawer.",
    "Did not want tea. Daughter comes at three and would like a word with a doctor.",
    "Up to the bathroom with one. Unsteady after tablets: please stay near.",
    "Drip site sore at tea time, moved to the left arm. No temperature.",
)
_WORSE = "More muddled since tea. Seen at 18:10; ring the doctor if NEWS2 goes up."
_TASKS = (
    ("result", "Potassium from this morning: ring the ward if above 5.5", "urgent"),
    ("call", "Ring the daughter about going home", "routine"),
    ("see", "See about the sore arm on the round", "asap"),
    ("booking", "Book transport for tomorrow at ten", "routine"),
)
_ONE_IN = 3
"""The ward's people lie three numbers apart."""
_LATE_SHIFT_ENDS = 21
"""Hours of yesterday: nothing that is recorded lies in the future."""


def write_team_work(sheet: Sheet) -> None:
    """For those who lie on a ward with a nurse and a doctor of its own."""
    stay = sheet.story.stay
    people = staff_of(sheet.organisation)
    if stay is None or stay.discharged is not None:
        return
    keys = (f"nurse-{stay.ward}", f"dr-{stay.ward}")
    if not all(one in people for one in keys):
        return
    nurse, doctor = (Person(**sheet.staff(one)) for one in keys)
    early = moment(sheet.story.last_day, _LATE_SHIFT_ENDS)
    _hand_over(sheet, doctor, nurse, early, is_worse=stay.course == "worsening")
    nth = sheet.person.position
    if nth // _ONE_IN % 2:
        team = Person(**sheet.place(stay.ward))
        _give(sheet, nth, team=team, owner=nurse, by=doctor, at=early)
        _give(sheet, nth + 2, team=team, owner=doctor, by=nurse, at=early)
    else:
        _write_to(sheet, nurse, doctor, early)
        _ask_approval(sheet, nurse, doctor, early)


def _add(sheet: Sheet, made: Resource) -> None:
    patient = f"Patient/{sheet.person.patient_id}"
    fields = {name: one for name, one in made.content.items() if name not in _OWN}
    for name in ("subject", "for"):
        if fields.get(name) == {"reference": patient}:
            fields[name] = sheet.patient
    entry = entry_of(made.type, str(made.id), fields)
    if made.type == "Task":
        # It has the id of the letter that it is about, and the letter has the address.
        url = stable_id(sheet.person.organisation, "team-work", made.type, str(made.id))
        entry = {**entry, "fullUrl": f"urn:uuid:{url}"}
    sheet.entries.append(entry)


def _id(sheet: Sheet, *labels: str | int) -> str:
    return stable_id(sheet.person.organisation, sheet.person.position, *labels)


def _hand_over(
    sheet: Sheet, night: Person, nurse: Person, early: datetime, *, is_worse: bool
) -> None:
    """Yesterday's line, taken over; and last night's, which waits."""
    patient, nth = str(sheet.person.patient_id), sheet.person.position
    before = Line(
        id=_id(sheet, "handover-line", 0),
        seed=_id(sheet, "handover-seed", 0),
        author=nurse,
        written=early - timedelta(hours=12),
        text=_LINES[(nth + 1) % len(_LINES)],
    )
    taken = Taken(
        id=_id(sheet, "handover-taken", 0),
        by=night,
        at=early - timedelta(hours=11, minutes=40),
        lines=((before.id, 1),),
    )
    _add(sheet, line_resource(before, patient=patient))
    _add(sheet, taken_resource(taken, patient=patient))
    if is_worse or nth % 2:
        now = Line(
            id=_id(sheet, "handover-line", 1),
            seed=_id(sheet, "handover-seed", 1),
            author=night,
            written=early,
            text=_WORSE if is_worse else _LINES[nth % len(_LINES)],
        )
        _add(sheet, line_resource(now, patient=patient))


def _give(
    sheet: Sheet, nth: int, *, team: Person, owner: Person, by: Person, at: datetime
) -> None:
    kind, words, priority = _TASKS[nth % len(_TASKS)]
    is_team = nth % 2 == 0
    task = ToDo(
        id=_id(sheet, "task", nth),
        kind=kind,
        words=words,
        due=at + timedelta(hours=2 + nth % 5 * 4),
        patient=str(sheet.person.patient_id),
        priority=priority,
        status=REQUESTED,
        requester=by,
        asked=at - timedelta(hours=3),
        changed=at - timedelta(hours=3),
        owner=Person() if is_team else owner,
        team=team if is_team else Person(),
    )
    _add(sheet, task_resource(task))


def _write_to(sheet: Sheet, nurse: Person, doctor: Person, at: datetime) -> None:
    patient, head = str(sheet.person.patient_id), _id(sheet, "message", 0)
    began = Message(
        id=head,
        kind=THREAD,
        thread=head,
        patient=patient,
        sender=doctor,
        to=(nurse,),
        sent=at - timedelta(hours=5),
        subject="The family’s questions",
        text="The daughter rang me about going home. What does she know so far?",
    )
    answer = Message(
        id=_id(sheet, "message", 1),
        kind=ANSWER,
        thread=head,
        patient=patient,
        sender=nurse,
        to=(doctor,),
        sent=at - timedelta(hours=4),
        text="That it may be Thursday. She asks who brings the walking frame.",
    )
    _add(sheet, message_resource(began))
    _add(sheet, message_resource(answer))


def _ask_approval(sheet: Sheet, nurse: Person, doctor: Person, at: datetime) -> None:
    patient, id_ = str(sheet.person.patient_id), _id(sheet, "letter-to-approve")
    when = at - timedelta(hours=6)
    letter = Letter(
        subject="Going home soon",
        to=f"{sheet.organisation.surgery}\n1 Puddle Lane",
        body="Dear colleague,\n\nYour patient gets better on our ward, and may go home"
        " this week.\n\n# What we ask\n- Bloods in four weeks\n- A look at the tablets",
        author=nurse,
        written=when.isoformat(timespec="seconds"),
    )
    task = ToDo(
        id=id_,
        kind=APPROVE,
        words="A letter waits for your approval",
        due=when + timedelta(days=2),
        patient=patient,
        about=f"DocumentReference/{id_}",
        requester=nurse,
        asked=when,
        changed=when,
        owner=doctor,
    )
    _add(sheet, letter_resource(letter, patient=patient, id_=id_))
    _add(sheet, task_resource(task))
