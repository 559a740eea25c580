# SPDX-License-Identifier: Apache-2.0
"""Asking a colleague to co-sign: a Task with the note's own id.

https://hl7.org/fhir/R4/task.html. Being its owner explains the patient to them for as
long as it waits (docs/decisions/0021-expected-sets.md). It has the id of the note, so
that one note has one such Task, however often it is sent.
"""

from datetime import datetime

import msgspec

from wardkeep.fhir.model.moments import moment_told
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.notes.note import TYPE as NOTE, NoteBrokenError

TYPE = "Task"
SYSTEM, CODE = "urn:wardkeep:task", "co-sign"
ASKED, DONE, SENT_BACK = "requested", "completed", "rejected"
CALLED_OFF = "cancelled"
"""The note was entered in error: nobody need sign it."""


class CoSigning(msgspec.Struct, frozen=True, kw_only=True):
    """One colleague asked for one note."""

    note: str
    patient: str
    asked_by: Person
    owner: Person
    asked: datetime
    changed: datetime
    status: str = ASKED
    why: str = ""
    """Why it was sent back."""


def task_of(one: CoSigning) -> Resource:
    """It as a resource, to be stored."""
    content: dict[str, object] = {
        "resourceType": TYPE,
        "id": one.note,
        "status": one.status,
        "statusReason": {"text": one.why} if one.why else None,
        "intent": "order",
        "code": {"coding": [{"system": SYSTEM, "code": CODE}], "text": "Co-sign"},
        "focus": {"reference": f"{NOTE}/{one.note}"},
        "for": {"reference": f"Patient/{one.patient}"},
        "authoredOn": one.asked.isoformat(timespec="seconds"),
        "lastModified": one.changed.isoformat(timespec="seconds"),
        "requester": one.asked_by,
        "owner": one.owner,
    }
    kept = {name: value for name, value in content.items() if value is not None}
    made = parse(msgspec.json.encode(kept))
    if not isinstance(made, Resource):
        raise NoteBrokenError
    return made


class _Reason(msgspec.Struct, frozen=True):
    text: str = ""


class _Task(msgspec.Struct, frozen=True, rename="camel"):
    status: str = ""
    authored_on: str = ""
    last_modified: str = ""
    requester: Person = Person()
    owner: Person = Person()
    status_reason: _Reason = _Reason()


def read_task(text: bytes, *, note: str, patient: str) -> CoSigning | None:
    """Undo it; None where it is written in another way."""
    try:
        found = msgspec.json.decode(text, type=_Task)
        return CoSigning(
            note=note,
            patient=patient,
            asked_by=found.requester,
            owner=found.owner,
            asked=moment_told(found.authored_on),
            changed=moment_told(found.last_modified),
            status=found.status,
            why=found.status_reason.text,
        )
    except (msgspec.DecodeError, ValueError):
        return None
