# SPDX-License-Identifier: Apache-2.0
"""What is due to a patient, and when: a FHIR Task whose time lies in the open.

https://hl7.org/fhir/R4/task.html. `executionPeriod.start` is when it is due: the row's
clinical time. So a list of people is drawn with what is late, and nothing clinical is
opened for it.
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from wardkeep.base.clock import microseconds_since_epoch
from wardkeep.base.ids import derived_uuid
from wardkeep.care import reading
from wardkeep.ui.format import read_moment

SYSTEM = "urn:wardkeep:due"
OBSERVATIONS, REVIEW = "observations", "review"
WORDS = {OBSERVATIONS: "Observations", REVIEW: "Review"}


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is due."""

    id: str
    kind: str
    words: str
    when: str
    """A FHIR dateTime."""
    at: int
    """The same in UTC microseconds since 1970."""


def due_task(
    patient: str,
    *,
    kind: str,
    at: datetime,
    author: dict[str, str],
    now: datetime,
    words: str = "",
) -> dict[str, object]:
    """The Task that says so. A patient has one of a kind: the next takes its place."""
    return {
        "resourceType": "Task",
        "id": due_id(patient, kind),
        "status": "requested",
        "intent": "plan",
        "code": {
            "coding": [{"system": SYSTEM, "code": kind, "display": WORDS[kind]}],
            "text": words or WORDS[kind],
        },
        "for": {"reference": f"Patient/{patient}"},
        "executionPeriod": {"start": at.isoformat(timespec="seconds")},
        "authoredOn": now.isoformat(timespec="seconds"),
        "requester": author,
    }


def due_id(patient: str, kind: str) -> str:
    return derived_uuid("due", patient, kind)


def due_in(read: Iterable[object]) -> list[Due]:
    """What is due among what was read, the soonest first."""
    found = []
    for one in read:
        if not isinstance(one, reading.Task) or one.status != "requested":
            continue
        kind = next((c.code for c in one.code.coding if c.system == SYSTEM), "")
        when = read_moment(one.execution_period.start)
        if kind in WORDS and when is not None:
            found.append(
                Due(
                    id=one.id,
                    kind=kind,
                    words=one.code.words,
                    when=one.execution_period.start,
                    at=microseconds_since_epoch(when),
                )
            )
    return sorted(found, key=lambda one: one.at)
