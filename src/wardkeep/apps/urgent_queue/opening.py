# SPDX-License-Identifier: Apache-2.0
"""What pages of urgent care's queues share: who may, and which skills."""

from wardkeep.care.colleagues import Mine
from wardkeep.care.queue_case import (
    BOARD,
    CHANGED,
    DONE,
    LEADS,
    NOBODY_YET,
    STAFF,
    TAKEN,
    Here,
    find,
    find_by,
    leads,
    names_of,
    organisation_of,
    path_of,
    rows,
    write,
)
from wardkeep.fhir.urgent.queueing import skills_at

__all__ = [
    "BOARD",
    "CHANGED",
    "DONE",
    "LEADS",
    "NOBODY_YET",
    "PRESCRIBERS",
    "STAFF",
    "TAKEN",
    "Here",
    "find",
    "find_by",
    "leads",
    "names_of",
    "organisation_of",
    "path_of",
    "rows",
    "skills_of",
    "write",
]
PRESCRIBERS = STAFF.only("urgent_care_clinician")
"""Who is offered to write a prescription from a case; its own pages decide."""


def skills_of(mine: Mine) -> tuple[str, ...]:
    """The skills that the visitor has just now, as the warden says."""
    return skills_at(mine.teams)
