# SPDX-License-Identifier: Apache-2.0
"""What is due to a patient, and when: a ServiceRequest whose time lies in the open.

https://hl7.org/fhir/R4/servicerequest.html. `occurrenceDateTime` is when it is due: the
row's clinical time. So a list of people is drawn with what is late, and nothing that
is clinical is opened for it. Rejected: a Task, which FHIR R4 puts into no patient's
compartment, so that the organisation's key would seal it and no door guard it.
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


def due_request(
    patient: str,
    *,
    kind: str,
    at: datetime,
    author: dict[str, str],
    now: datetime,
    words: str = "",
) -> dict[str, object]:
    """The resource that says so: one of a kind, the next takes its place.

    `now` is when it was said; by a set of observations, when that was taken.
    """
    return {
        "resourceType": "ServiceRequest",
        "id": due_id(patient, kind),
        "status": "active",
        "intent": "plan",
        "code": {
            "coding": [{"system": SYSTEM, "code": kind, "display": WORDS[kind]}],
            "text": words or WORDS[kind],
        },
        "subject": {"reference": f"Patient/{patient}"},
        "occurrenceDateTime": at.isoformat(timespec="seconds"),
        "authoredOn": now.isoformat(timespec="seconds"),
        # Named by words alone: an order of somebody's would explain their openings.
        "requester": {"display": author["display"]},
    }


def due_id(patient: str, kind: str) -> str:
    return derived_uuid("due", patient, kind)


def due_in(read: Iterable[object]) -> list[Due]:
    """What is due among what was read, the soonest first."""
    found = []
    for one in read:
        if not isinstance(one, reading.ServiceRequest) or one.status != "active":
            continue
        kind = next((c.code for c in one.code.coding if c.system == SYSTEM), "")
        when = read_moment(one.occurrence_date_time)
        if kind in WORDS and when is not None:
            found.append(
                Due(
                    id=one.id,
                    kind=kind,
                    words=one.code.words,
                    when=one.occurrence_date_time,
                    at=microseconds_since_epoch(when),
                )
            )
    return sorted(found, key=lambda one: one.at)
