# SPDX-License-Identifier: Apache-2.0
"""Something to be done, as a FHIR Task: by whom, until when, and about whom if anybody.

https://hl7.org/fhir/R4/task.html. Its kind, state, priority, owner and queue are codes
and references, so keyed tokens beside the row tell them; its words are sealed. When it
is due is `restriction.period`, the time of its row. Each thing that is done to it adds
a line to `note`, so that one version tells all that happened.
"""

from datetime import UTC, datetime

import msgspec

from wardkeep.fhir.model.coded import Concept
from wardkeep.fhir.model.moments import moment_told
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.model.team import queue_of
from wardkeep.fhir.store.outcomes import OpenedResource

TYPE = "Task"
SYSTEM = "urn:wardkeep:task"
KINDS = {
    "see": "See somebody",
    "call": "Make a call",
    "result": "Chase a result",
    "test": "Take or order a test",
    "medicine": "Medicine or prescription",
    "letter": "Letter or form",
    "booking": "Book or arrange",
    "other": "Something else",
}
"""What a list says of a task without opening it: no more than what kind of work."""
APPROVE = "approve-letter"
"""A letter waits for somebody's approval; the Task has the letter's own id."""
PRIORITIES = {"routine": "Routine", "urgent": "Urgent", "asap": "As soon as you can"}
REQUESTED, ACCEPTED, STARTED = "requested", "accepted", "in-progress"
DONE, CANCELLED = "completed", "cancelled"
OPEN = (REQUESTED, ACCEPTED, STARTED)


class Said(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One line of what happened to it: a FHIR Annotation."""

    author_reference: Person = Person()
    author_string: str = ""
    """In the place of a reference, where nobody has said who the author is."""
    time: str = ""
    text: str = ""

    @property
    def author(self) -> str:
        return self.author_string or self.author_reference.words


class ToDo(msgspec.Struct, frozen=True, kw_only=True):
    """One task."""

    id: str
    kind: str
    words: str
    due: datetime
    patient: str = ""
    """Whom it is about; empty: nobody."""
    about: str = ""
    """What it came from, as `Composition/x`."""
    priority: str = "routine"
    status: str = REQUESTED
    requester: Person = Person()
    asked: datetime
    changed: datetime
    owner: Person = Person()
    """Who does it; no reference: whoever of the team takes it."""
    team: Person = Person()
    """Whose queue it lies in, as `Location/x`."""
    said: tuple[Said, ...] = ()
    version: int = 0

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def is_free(self) -> bool:
        """Whether nobody has taken it yet."""
        return self.is_open and not self.owner.reference


class TaskBrokenError(Exception):
    """What was made here is no resource; our own fault."""


def instant_of(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def task_resource(one: ToDo) -> Resource:
    """It as a resource, to be stored."""
    text = KINDS.get(one.kind, "Approve a letter")
    content: dict[str, object] = {
        "resourceType": TYPE,
        "id": one.id,
        "status": one.status,
        "intent": "order",
        "priority": one.priority,
        "code": {"coding": [{"system": SYSTEM, "code": one.kind}], "text": text},
        "description": one.words,
        "authoredOn": instant_of(one.asked),
        "lastModified": instant_of(one.changed),
        "requester": one.requester,
        "restriction": {"period": {"end": instant_of(one.due)}},
    }
    if one.patient:
        content["for"] = {"reference": f"Patient/{one.patient}"}
    if one.about:
        content["focus"] = {"reference": one.about}
    if one.owner.reference:
        content["owner"] = one.owner
    if one.team.reference:
        content["groupIdentifier"] = queue_of(one.team.reference)
        content["location"] = one.team
    if one.said:
        content["note"] = one.said
    made = parse(msgspec.json.encode(content))
    if not isinstance(made, Resource):
        raise TaskBrokenError
    return made


class _Period(msgspec.Struct, frozen=True):
    end: str = ""


class _Restriction(msgspec.Struct, frozen=True):
    period: _Period = _Period()


class _Task(msgspec.Struct, frozen=True, rename="camel"):
    status: str = ""
    priority: str = "routine"
    code: Concept = Concept()
    description: str = ""
    focus: Person = Person()
    authored_on: str = ""
    last_modified: str = ""
    requester: Person = Person()
    owner: Person = Person()
    location: Person = Person()
    restriction: _Restriction = _Restriction()
    note: tuple[Said, ...] = ()


def read_to_do(stored: OpenedResource) -> ToDo | None:
    """Undo it; None where it is no task of ours, or written in another way."""
    try:
        found = msgspec.json.decode(stored.text, type=_Task)
        kinds = [one.code for one in found.code.coding if one.system == SYSTEM]
        return ToDo(
            id=stored.id,
            kind=kinds[0],
            words=found.description,
            due=moment_told(found.restriction.period.end),
            patient=stored.patient,
            about=found.focus.reference,
            priority=found.priority,
            status=found.status,
            requester=found.requester,
            asked=moment_told(found.authored_on),
            changed=moment_told(found.last_modified),
            owner=found.owner,
            team=found.location,
            said=found.note,
            version=stored.version,
        )
    except (msgspec.DecodeError, ValueError, IndexError):
        return None
