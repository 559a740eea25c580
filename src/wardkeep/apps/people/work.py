# SPDX-License-Identifier: Apache-2.0
"""Who is who in the record: a person's practitioner, their teams, a team's places.

The record's appointments, stays and queues name practitioners and places; these pages
say which account and which team those are. Each is confirmed with a passkey.
"""

from collections.abc import Iterable

from starlette.responses import Response

from wardkeep.apps.people.in_record import (
    Named,
    Offered,
    places,
    practitioners,
    roles_of,
)
from wardkeep.apps.people.one import named
from wardkeep.apps.people.overview import MANAGERS
from wardkeep.base.clock import microseconds_since_epoch
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.people import (
    JoinTeam,
    ListTeams,
    PersonView,
    PlaceTeam,
    StandFor,
    Teams,
    TeamView,
)
from wardkeep.web.confirming import ask_to_confirm
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

FOR_GOOD = "0"
HOURS = {
    FOR_GOOD: "Until somebody ends it",
    "12": "For a shift: 12 hours from now",
    "24": "On call: 24 hours from now",
    "168": "For a week from now",
}
CHOOSE = ("", "Choose a team")
NOBODY = ("", "Nobody: the record does not name them")
PLACE = "place-"
"""Begins the name of each box that says that a team works in a place."""
LONGEST_LIST = 2000
_HOUR = 3600 * 1_000_000
_BACK = "/people/{0}"


async def _teams(visit: Visit) -> Teams | Response:
    given = await visit.warden.ask(ListTeams(visit.token), Teams)
    return visit.refuse(given) if isinstance(given, Refusal) else given


async def _show_work(
    visit: Visit, person: PersonView, teams: Teams, form: Form
) -> Response:
    problems = tuple(form.problems.values())
    known = dict(teams.practitioners).get(person.account, ())
    offered = await practitioners(visit)
    who = _offered_of(offered, known)
    own = {who, *(await roles_of(visit, who) if who else ())}
    return visit.render(
        "people/work.html",
        status=422 if problems else 200,
        problems=problems,
        person=person,
        teams=(CHOOSE, *((one.id, one.name) for one in teams.teams)),
        team=form.values.get("team", ""),
        hours=tuple(HOURS.items()),
        chosen=form.values.get("hours", FOR_GOOD),
        who=form.values.get("practitioner", who),
        offered=(NOBODY, *((one.reference, one.words) for one in offered.choices)),
        is_all=offered.is_all,
        references=form.values.get(
            "references", "\n".join(one for one in known if one not in own)
        ),
    )


def _offered_of(offered: Offered, known: tuple[str, ...]) -> str:
    """The first of those known that can be chosen by name; empty where none can."""
    choices = {one.reference for one in offered.choices}
    return next((one for one in known if one in choices), "")


async def _person_and_teams(visit: Visit) -> tuple[PersonView, Teams] | Response:
    person = await named(visit)
    if isinstance(person, Response):
        return person
    teams = await _teams(visit)
    return teams if isinstance(teams, Response) else (person, teams)


@page("/people/{account}/work", gate=MANAGERS)
async def show_work(visit: Visit) -> Response:
    found = await _person_and_teams(visit)
    if isinstance(found, Response):
        return found
    return await _show_work(visit, *found, Form({}))


@page("/people/{account}/join", gate=MANAGERS, methods=("POST",))
async def join_team(visit: Visit) -> Response:
    found = await _person_and_teams(visit)
    form = await visit.form()
    if isinstance(found, Response):
        return found
    if isinstance(form, Trouble):
        return visit.tell(form)
    person, teams = found
    ids = tuple(one.id for one in teams.teams)
    team = form.choice("team", called="a team", among=ids)
    hours = form.choice("hours", called="for how long", among=tuple(HOURS))
    if form.problems:
        return await _show_work(visit, person, teams, form)
    now = microseconds_since_epoch(visit.clock.now())
    until = 0 if hours == FOR_GOOD else now + int(hours) * _HOUR
    return await ask_to_confirm(
        visit,
        JoinTeam(team, person.account, until=until),
        back=f"/people/{person.account}/work",
        after=_BACK.format(person.account),
        button="Put them in with my passkey",
        said_for=_names((await places(visit)).choices),
    )


@page("/people/{account}/practitioner", gate=MANAGERS, methods=("POST",))
async def set_practitioner(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await _person_and_teams(visit)
    if isinstance(found, Response):
        return found
    account = visit.path("account")
    offered = (await practitioners(visit)).choices
    ids = ("", *(one.reference for one in offered))
    who = form.values.get("practitioner", "")
    if who:
        who = form.choice("practitioner", called="a practitioner", among=ids)
    said = form.optional_text(
        "references", called="the references", at_most=LONGEST_LIST
    )
    if form.problems:
        return await _show_work(visit, *found, form)
    chosen = (who, *await roles_of(visit, who)) if who else ()
    return await ask_to_confirm(
        visit,
        StandFor(account, tuple(dict.fromkeys((*chosen, *said.split())))),
        back=f"/people/{account}/work",
        after=_BACK.format(account),
        button="Save with my passkey",
        said_for=_names(offered),
    )


def _names(known: Iterable[Named]) -> dict[str, str]:
    """What the confirming page says of a reference: its name, and it."""
    return {one.reference: f"{one.words} ({one.reference})" for one in known}


async def _team(visit: Visit) -> TeamView | Response:
    teams = await _teams(visit)
    if isinstance(teams, Response):
        return teams
    wanted = visit.path("team")
    return next((one for one in teams.teams if one.id == wanted), visit.tell(NOT_FOUND))


@page("/people/teams/{team}/places", gate=MANAGERS)
async def show_places(visit: Visit) -> Response:
    team = await _team(visit)
    if isinstance(team, Response):
        return team
    return await _show_places(visit, team, Form({}))


async def _show_places(visit: Visit, team: TeamView, form: Form) -> Response:
    offered = await places(visit)
    choices = {one.reference for one in offered.choices}
    is_new = not form.values
    return visit.render(
        "people/places.html",
        status=422 if form.problems else 200,
        problems=tuple(form.problems.values()),
        team=team,
        places=offered.choices,
        chosen={
            one.reference
            for one in offered.choices
            if (one.reference in team.places if is_new else _is_ticked(form, one))
        },
        is_all=offered.is_all,
        others=form.values.get(
            "places", "\n".join(one for one in team.places if one not in choices)
        ),
    )


def _is_ticked(form: Form, place: Named) -> bool:
    return f"{PLACE}{place.reference}" in form.values


@page("/people/teams/{team}/places", gate=MANAGERS, methods=("POST",))
async def set_places(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    team = await _team(visit)
    if isinstance(team, Response):
        return team
    said = form.optional_text("places", called="the places", at_most=LONGEST_LIST)
    if form.problems:
        return await _show_places(visit, team, form)
    ticked = [
        name.removeprefix(PLACE) for name in form.values if name.startswith(PLACE)
    ]
    return await ask_to_confirm(
        visit,
        PlaceTeam(team.id, tuple(dict.fromkeys((*ticked, *said.split())))),
        back=f"/people/teams/{team.id}/places",
        after="/people/teams",
        button="Save with my passkey",
        said_for=_names((await places(visit)).choices),
    )
