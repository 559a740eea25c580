# SPDX-License-Identifier: Apache-2.0
"""One referral with all its steps, and a patient's referrals together.

Done means: whoever referred reads where it is, and whoever triages decides on one page
that says which other teams know the patient. Rejected: a page for each step (whoever
triages reads the reason while deciding), and the other team's reason on this page.
"""

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from wardkeep.apps.referrals.came_along import came_along
from wardkeep.apps.referrals.opening import (
    REFERRERS,
    Found,
    Me,
    banner_and_teams,
    find_referral,
    who_am_i,
)
from wardkeep.apps.referrals.replying import codes_for, is_validation
from wardkeep.apps.referrals.rights import steps_open
from wardkeep.apps.referrals.wording import (
    DONE,
    MESSAGES,
    PRIORITIES,
    STATES,
    TO_DO,
    WORDS,
)
from wardkeep.care.of_patient import READERS, refused
from wardkeep.care.opening import opener_of
from wardkeep.care.writing import content_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.bars.ambulance_request import short_of
from wardkeep.fhir.bars.message import MESSAGE
from wardkeep.fhir.bars.outgoing import Outbox
from wardkeep.fhir.model.person import Person, person_in
from wardkeep.fhir.referrals.clocks import NO_STANDARD, Standard, Wait, wait_of
from wardkeep.fhir.referrals.rows import ReferralRows
from wardkeep.fhir.referrals.teams import Team, Teams
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.reading import PatientQuery, Reader
from wardkeep.fhir.work import caseload
from wardkeep.fhir.work.expects import listed
from wardkeep.fhir.work.referral import TEAM, TYPE, Referral, read_referral
from wardkeep.fhir.work.referral_steps import OPEN, Step
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

MOST = 200


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What the page has besides the referral: a form that was not taken."""

    form: Form = msgspec.field(default_factory=lambda: Form({}))
    step: Step | None = None
    is_second: bool = False
    """Whether somebody else was first."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One of a patient's."""

    id: str
    referral: Referral
    wait: Wait | None

    @property
    def is_open(self) -> bool:
        return self.referral.state in OPEN


class Known(msgspec.Struct, frozen=True):
    """Another team that has the patient: its name and since when, no more."""

    team: str
    since: str
    how: str


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What came with a message: where to go, what was said, how both call it."""

    places: tuple[str, ...]
    notes: tuple[str, ...]
    ours: str
    theirs: str
    """The number by which its sender knows it; empty: it came by no message."""


def scene_of(found: Found) -> Scene:
    """Of a referral that came by message; empty of any other."""
    content = found.content
    named = [
        one.get("value")
        for one in listed(content, "identifier")
        if one.get("system") == MESSAGE
    ]
    notes = [one.get("text") for one in listed(content, "note")]
    places = map(person_in, listed(content, "locationReference"))
    return Scene(
        places=tuple(one.display for one in places if one.display),
        notes=tuple(one for one in notes if isinstance(one, str)),
        ours=short_of(found.id),
        theirs=next((short_of(one) for one in named if isinstance(one, str)), ""),
    )


def wait_for(visit: Visit, referral: Referral, standard: Standard) -> Wait | None:
    """None where nobody knows when it came."""
    if referral.received is None:
        return None
    today = visit.today
    return wait_of(
        standard, received=referral.received, stopped=referral.stopped, today=today
    )


async def known_to(
    visit: Visit, patient: str, teams: dict[str, Team], *, but: str = ""
) -> tuple[Known, ...]:
    """Teams that have the patient on their list or caseload, besides one."""
    rows, organisation = visit.services[ReferralRows], opener_of(visit).organisation
    listed = await rows.of_patients(organisation, [patient])
    places = await rows.places_of(organisation, patient)
    found = {
        one.team: Known(
            _name(teams, one.team), one.received_on.isoformat(), "on its list"
        )
        for one in listed
        if one.team != but
    }
    for one in places:
        if one.team != but or not one.team:
            found[one.team] = Known(
                _name(teams, one.team), one.began_on.isoformat(), "on its caseload"
            )
    return tuple(found.values())


def _name(teams: dict[str, Team], id_: str) -> str:
    return teams[id_].name if id_ in teams else "Another team"


@page("/patients/{id}/referrals/{referral}", gate=READERS)
async def show_referral(visit: Visit) -> Response:
    found = await find_referral(visit, visit.path("referral"))
    if isinstance(found, Response):
        return found
    return await show_one(visit, found, await who_am_i(visit), Shown())


async def show_one(visit: Visit, found: Found, me: Me, shown: Shown) -> Response:
    both = await banner_and_teams(visit)
    if isinstance(both, Response):
        return both
    banner, teams = both
    workers = await _workers(visit, found, me)
    if isinstance(workers, Response):
        return workers
    came = await came_along(visit, found)
    if isinstance(came, Response):
        return came
    problems = tuple(shown.form.problems.values())
    team = teams.get(found.team)
    standard = NO_STANDARD if team is None else team.standard
    may = REFERRERS.admits(visit.session.role)
    return visit.render(
        "referrals/referral.html",
        status=409 if shown.is_second else 422 if problems else 200,
        id=visit.path("id"),
        banner=banner,
        found=found,
        came=came,
        referral=found.referral,
        scene=scene_of(found),
        standard=standard,
        wait=wait_for(visit, found.referral, standard),
        known=await known_to(visit, visit.path("id"), teams, but=found.team),
        steps=steps_open(found, me, visit.clock.now()) if may else (),
        workers=workers,
        mine=me.person.reference,
        is_team=found.team in me.teams,
        typed=shown.form.values,
        problems=problems,
        chosen=shown.step,
        is_second=shown.is_second,
        said=visit.query("said"),
        words=WORDS,
        codes={one: codes_for(found, one) for one in Step},
        looks_again=is_validation(found),
        to_do=TO_DO,
        done=DONE,
        states=STATES,
        priorities=PRIORITIES,
        messages=await visit.services[Outbox].standing(
            opener_of(visit).organisation, found.id
        ),
        message_words=MESSAGES,
    )


async def _workers(visit: Visit, found: Found, me: Me) -> Sequence[Person] | Response:
    """Whose caseload it may go to: the team's people, and oneself."""
    if found.team not in me.teams:
        return ()
    named = await visit.services[Teams].workers(found.team, opener=opener_of(visit))
    if isinstance(named, Refusal):
        return visit.refuse(named)
    others = [one for one in named if one.reference != me.person.reference]
    return [me.person, *others] if me.person.reference else others


@page("/patients/{id}/referrals", gate=READERS)
async def show_referrals(visit: Visit) -> Response:
    both = await banner_and_teams(visit)
    if isinstance(both, Response):
        return both
    banner, teams = both
    query = PatientQuery(patient=visit.path("id"), types=(TYPE,), at_most=MOST)
    opened = await visit.services[Reader].of_patient(query, opener=opener_of(visit))
    if isinstance(opened, Refusal):
        return refused(visit, opened)
    resources = () if isinstance(opened, NotFound) else opened.resources
    lines = []
    for one in resources:
        referral = read_referral(content_of(one.text))
        if referral is not None:
            lines.append(_line(visit, one.id, referral, teams))
    return visit.render(
        "referrals/of_patient.html",
        id=visit.path("id"),
        banner=banner,
        open=[one for one in lines if one.is_open],
        ended=[one for one in lines if not one.is_open],
        known=await known_to(visit, visit.path("id"), teams),
        may_write=REFERRERS.admits(visit.session.role),
        said=visit.query("said"),
        states=STATES,
        priorities=PRIORITIES,
    )


def _line(visit: Visit, id_: str, referral: Referral, teams: dict[str, Team]) -> Line:
    team = teams.get(caseload.id_in(referral.team, TEAM))
    standard = NO_STANDARD if team is None else team.standard
    return Line(id=id_, referral=referral, wait=wait_for(visit, referral, standard))
