# SPDX-License-Identifier: Apache-2.0
"""Finding one referral, who the visitor is to it, and saving what was done."""

import msgspec
from starlette.responses import Response

from wardkeep.base.ids import derived_uuid
from wardkeep.care.of_patient import WRITERS, banner_for, refused
from wardkeep.care.opening import me, opener_of
from wardkeep.care.writing import NOT_SAVED, content_of, drafted_anew
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.bars.outgoing import Queued
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.referrals.teams import Team, Teams
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.outcomes import Conflict, NotFound, Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.work import caseload
from wardkeep.fhir.work.expects import Content
from wardkeep.fhir.work.referral import TEAM, TYPE, Referral, read_referral
from wardkeep.ui.banner import Banner
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

REFERRERS = WRITERS.but("carer", "health_advisor")
"""Who refers, and works a team's list; a desk opens no records, so it does neither."""
NOT_IN_TEAM = Trouble(
    status=403,
    title="You are not in this team",
    why="A team’s list is for whoever works in the team just now.",
    mend="Ask an administrator to put you into it, or ask somebody of the team.",
)


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """The visitor: as an author, and the teams that they are in just now."""

    person: Person
    practitioners: frozenset[str]
    """Ids."""
    teams: frozenset[str]
    """Ids of HealthcareServices."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A referral as it is stored."""

    id: str
    version: int
    referral: Referral
    content: Content

    @property
    def team(self) -> str:
        """The id of the team that is asked."""
        return caseload.id_in(self.referral.team, TEAM)


class Episode(msgspec.Struct, frozen=True, kw_only=True):
    """The place on a caseload that came of a referral; version 0: none yet."""

    id: str
    version: int = 0
    content: Content | None = None


async def who_am_i(visit: Visit) -> Me:
    work = await visit.work()
    names = (*work.practitioners, *work.places) if work is not None else ()

    def ids(type_: str) -> frozenset[str]:
        found = (one.partition("/") for one in names)
        return frozenset(id_ for kind, _, id_ in found if kind == type_)

    return Me(
        person=await me(visit), practitioners=ids("Practitioner"), teams=ids(TEAM)
    )


async def all_teams(visit: Visit) -> dict[str, Team] | Response:
    found = await visit.services[Teams].all(opener=opener_of(visit))
    return visit.refuse(found) if isinstance(found, Refusal) else found


async def banner_and_teams(
    visit: Visit,
) -> tuple[Banner, dict[str, Team]] | Response:
    """Who the patient in the address is, and what teams are called."""
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    teams = await all_teams(visit)
    return teams if isinstance(teams, Response) else (banner, teams)


async def find_referral(visit: Visit, id_: str) -> Found | Response:
    """One of the patient's in the address."""
    opened = await visit.services[Reader].one(TYPE, id_, opener=opener_of(visit))
    if isinstance(opened, Refusal):
        return refused(visit, opened)
    if isinstance(opened, NotFound):
        return visit.tell(NOT_FOUND)
    [one] = opened.resources
    if one.patient != visit.path("id"):
        return visit.tell(NOT_FOUND)
    content = content_of(one.text)
    referral = read_referral(content)
    if referral is None:
        return visit.tell(NOT_FOUND)
    return Found(id=one.id, version=one.version, referral=referral, content=content)


async def find_episode(visit: Visit, referral: str) -> Episode | Response:
    """What came of a referral on a caseload."""
    id_ = derived_uuid("referral-episode", referral)
    opened = await visit.services[Reader].one(
        caseload.TYPE, id_, opener=opener_of(visit)
    )
    if isinstance(opened, Refusal):
        return refused(visit, opened)
    if isinstance(opened, NotFound):
        return Episode(id=id_)
    [one] = opened.resources
    if one.patient != visit.path("id"):
        return visit.tell(NOT_FOUND)
    return Episode(id=id_, version=one.version, content=content_of(one.text))


async def save(
    visit: Visit,
    *parts: tuple[Content, int],
    reason: str = "",
    reply: Queued | None = None,
) -> Written | Conflict | Refusal | Trouble:
    """Write all of it, each in the place of that version, or nothing.

    `reply`: a message that goes with it.
    """
    also = () if reply is None else (reply.draft,)
    change = Change(
        drafts=[*(drafted_anew(content) for content, _ in parts), *also],
        expected=[*(version for _, version in parts), *(0 for _ in also)],
        beside=() if reply is None else reply.beside,
    )
    opener = opener_of(visit, reason=reason)
    written = await visit.services[Writer].write(change, opener=opener)
    if isinstance(written, Written | Conflict | Refusal):
        return written
    return NOT_SAVED


def address_of(patient: str, referral: str) -> str:
    return f"/patients/{patient}/referrals/{referral}"
