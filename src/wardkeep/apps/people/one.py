# SPDX-License-Identifier: Apache-2.0
"""One person: what they do here, what they sign in with, and which teams are theirs."""

from starlette.responses import Response

from wardkeep.apps.people.in_record import named_as
from wardkeep.apps.people.overview import KEEPERS, MANAGERS, may_change, people_of
from wardkeep.disclosure.answers import Done, Refusal
from wardkeep.disclosure.people import LeaveTeam, ListTeams, PersonView, Teams
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit


async def named(visit: Visit) -> PersonView | Response:
    """The person of the address, with the work that they have now or had last."""
    found = await people_of(visit)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    account = visit.path("account")
    return next((one for one in found if one.account == account), visit.tell(NOT_FOUND))


@page("/people/{account}", gate=KEEPERS)
async def show_person(visit: Visit) -> Response:
    person = await named(visit)
    if isinstance(person, Response):
        return person
    teams = await visit.warden.ask(ListTeams(visit.token), Teams)
    if isinstance(teams, Refusal):
        return visit.refuse(teams)
    mine = [
        (one, until)
        for one in teams.teams
        for account, _, until in one.members
        if account == person.account
    ]
    return visit.render(
        "people/one.html",
        person=person,
        teams=mine,
        practitioner=await named_as(
            visit, dict(teams.practitioners).get(person.account, ())
        ),
        may_change=may_change(visit),
        is_me=person.account == visit.session.account,
    )


@page("/people/{account}/leave", gate=MANAGERS, methods=("POST",))
async def leave_team(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    team = form.text("team", called="the team", at_most=64)
    account = visit.path("account")
    given = await visit.warden.ask(LeaveTeam(visit.token, team, account), Done)
    if isinstance(given, Refusal):
        return visit.refuse(given)
    return visit.go_to(f"/people/{account}")
