# SPDX-License-Identifier: Apache-2.0
"""What pages of urgent care's queues share: who may, and which skills."""

from wardkeep.care.colleagues import Mine, colleagues
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
from wardkeep.disclosure.people import ListTeams, Teams
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent.queueing import place_of, skills_at
from wardkeep.web.visit import Visit

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
    "workers_in",
    "write",
]
PRESCRIBERS = STAFF.only("urgent_care_clinician")
"""Who is offered to write a prescription from a case; its own pages decide."""


def skills_of(mine: Mine) -> tuple[str, ...]:
    """The skills that the visitor has just now, as the warden says."""
    return skills_at(mine.teams)


async def workers_in(visit: Visit, skill: str, me: Person) -> list[Person]:
    """Whom a shift lead may give a case of this skill: those who work in its queue.

    The warden says who that is, as for whoever takes the next one; `me` may always have
    it, so that a queue in which nobody works stands still for nobody.
    """
    found = await visit.warden.ask(ListTeams(visit.token), Teams)
    if not isinstance(found, Teams):
        return []
    there = {
        account
        for team in found.teams
        if place_of(skill) in team.places
        for account, *_ in team.members
    }
    are = {
        reference
        for account, references in found.practitioners
        if account in there
        for reference in references
    } | {me.reference}
    return [one for one in await colleagues(visit) if one.reference in are]
