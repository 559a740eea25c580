# SPDX-License-Identifier: Apache-2.0
"""Movers, leavers, first links, and people who lost every passkey."""

from starlette.responses import Response

from wardkeep.apps.people.adding import ROLES, last_day, typed_day
from wardkeep.apps.people.one import named
from wardkeep.apps.people.overview import KEEPERS, MANAGERS
from wardkeep.base.clock import LONDON, from_microseconds
from wardkeep.disclosure.people import (
    ChangeRole,
    EndPerson,
    IssueLinks,
    PersonView,
    VouchFor,
)
from wardkeep.web.confirming import ask_to_confirm
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

FEWEST_HOW_CHARACTERS = 10


def _show_role(visit: Visit, person: PersonView, form: Form) -> Response:
    problems = tuple(form.problems.values())
    return visit.render(
        "people/role.html",
        status=422 if problems else 200,
        problems=problems,
        person=person,
        role=form.values.get("role", person.role),
        until=typed_day(form),
        roles=tuple(ROLES.items()),
    )


@page("/people/{account}/role", gate=MANAGERS)
async def show_role(visit: Visit) -> Response:
    person = await named(visit)
    if isinstance(person, Response):
        return person
    known = {}
    if person.until:
        day = from_microseconds(person.until - 1).astimezone(LONDON)
        known = {
            "until-day": str(day.day),
            "until-month": str(day.month),
            "until-year": str(day.year),
        }
    return _show_role(visit, person, Form(known))


@page("/people/{account}/role", gate=MANAGERS, methods=("POST",))
async def change_role(visit: Visit) -> Response:
    person = await named(visit)
    form = await visit.form()
    if isinstance(person, Response):
        return person
    if isinstance(form, Trouble):
        return visit.tell(form)
    act = ChangeRole(
        account=person.account,
        role=form.choice("role", called="a role", among=tuple(ROLES)),
        until=last_day(form, visit.today),
    )
    if form.problems:
        return _show_role(visit, person, form)
    return await ask_to_confirm(
        visit,
        act,
        back=f"/people/{person.account}/role",
        after="/people?said=changed",
        button="Change with my passkey",
    )


@page("/people/{account}/end", gate=MANAGERS)
async def end_person(visit: Visit) -> Response:
    account = visit.path("account")
    return await ask_to_confirm(
        visit,
        EndPerson(account),
        back=f"/people/{account}",
        after="/people?said=ended",
        button="End it with my passkey",
    )


@page("/people/{account}/link", gate=MANAGERS)
async def issue_link(visit: Visit) -> Response:
    account = visit.path("account")
    return await ask_to_confirm(
        visit,
        IssueLinks((account,)),
        back=f"/people/{account}",
        after=f"/people/{account}",
        button="Make the link with my passkey",
    )


def _show_vouching(visit: Visit, person: PersonView, form: Form) -> Response:
    problems = tuple(form.problems.values())
    return visit.render(
        "people/vouch.html",
        status=422 if problems else 200,
        problems=problems,
        person=person,
        how=form.values.get("how", ""),
    )


@page("/people/{account}/vouch", gate=KEEPERS)
async def show_vouching(visit: Visit) -> Response:
    person = await named(visit)
    if isinstance(person, Response):
        return person
    return _show_vouching(visit, person, Form({}))


@page("/people/{account}/vouch", gate=KEEPERS, methods=("POST",))
async def vouch_for(visit: Visit) -> Response:
    person = await named(visit)
    form = await visit.form()
    if isinstance(person, Response):
        return person
    if isinstance(form, Trouble):
        return visit.tell(form)
    how = form.text("how", called="how you made sure")
    if how and len(how) < FEWEST_HOW_CHARACTERS:
        mend = "Say in a sentence how you made sure."
        form.reject("how", wrong="that is too short", mend=mend)
    if form.problems:
        return _show_vouching(visit, person, form)
    return await ask_to_confirm(
        visit,
        VouchFor(person.account, how),
        back=f"/people/{person.account}/vouch",
        after=f"/people/{person.account}",
        button="Vouch with my passkey",
    )
