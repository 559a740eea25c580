# SPDX-License-Identifier: Apache-2.0
"""Adding a starter: a name, a role, perhaps an end and a team."""

from datetime import date, datetime, time, timedelta

from starlette.responses import Response

from wardkeep.apps.people.overview import MANAGERS
from wardkeep.base.clock import LONDON, microseconds_since_epoch
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.people import (
    AddPeople,
    ListTeams,
    NewPerson,
    Teams,
    TeamView,
)
from wardkeep.web.confirming import ask_to_confirm
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

ROLES = {
    "ward_nurse": "Ward nurse",
    "doctor": "Doctor",
    "receptionist": "Receptionist",
    "health_advisor": "Health advisor",
    "urgent_care_clinician": "Urgent care clinician",
    "shift_lead": "Shift lead",
    "community_coordinator": "Community care coordinator",
    "crisis_worker": "Crisis worker",
    "carer": "Carer",
    "care_coordinator": "Care coordinator",
    "hospice_nurse": "Hospice nurse",
    "finance_clerk": "Finance clerk",
    "privacy_officer": "Privacy officer",
    "administrator": "Administrator",
}
"""Held equal to the warden's roles of people by a test."""
MOST_DAYS = 5 * 365
NO_TEAM = ("", "No team")
CHOOSE = ("", "Choose a role")


async def teams_of(visit: Visit) -> tuple[TeamView, ...] | Refusal:
    given = await visit.warden.ask(ListTeams(visit.token), Teams)
    return given if isinstance(given, Refusal) else given.teams


def end_of_day(day: date) -> int:
    """The midnight after a day in London, in UTC microseconds since 1970."""
    midnight = datetime.combine(day + timedelta(days=1), time(), LONDON)
    return microseconds_since_epoch(midnight)


def is_to_come(day: date, today: date) -> bool:
    """Whether work may end then: the warden takes no day beyond five years."""
    return today <= day <= today + timedelta(days=MOST_DAYS)


def last_day(form: Form, today: date) -> int:
    """When work ends, by the form's date; 0 where none was typed."""
    parts = [form.values.get(f"until-{one}", "").strip() for one in _PARTS]
    if not any(parts):
        return 0
    try:
        day = date(*[int(part) for part in reversed(parts)])
    except (ValueError, OverflowError):
        form.reject("until-day", wrong="that day does not exist", mend="Correct it.")
        return 0
    if not is_to_come(day, today):
        mend = "Enter a day from today on, within five years, or leave it empty."
        form.reject("until-day", wrong="work cannot end on that day", mend=mend)
        return 0
    return end_of_day(day)


_PARTS = ("day", "month", "year")


def typed_day(form: Form) -> dict[str, str]:
    return {one: form.values.get(f"until-{one}", "") for one in _PARTS}


async def _show(visit: Visit, form: Form) -> Response:
    teams = await teams_of(visit)
    if isinstance(teams, Refusal):
        return visit.refuse(teams)
    problems = tuple(form.problems.values())
    return visit.render(
        "people/add.html",
        status=422 if problems else 200,
        problems=problems,
        name=form.values.get("name", ""),
        role=form.values.get("role", ""),
        team=form.values.get("team", ""),
        until=typed_day(form),
        roles=(CHOOSE, *ROLES.items()),
        teams=(NO_TEAM, *((one.id, one.name) for one in teams)),
    )


@page("/people/add", gate=MANAGERS)
async def show_adding(visit: Visit) -> Response:
    return await _show(visit, Form({}))


@page("/people/add", gate=MANAGERS, methods=("POST",))
async def add_person(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    person = NewPerson(
        display_name=form.text("name", called="the name", at_most=120),
        role=form.choice("role", called="a role", among=tuple(ROLES)),
        until=last_day(form, visit.today),
        team=form.optional_text("team", called="the team", at_most=64),
    )
    if form.problems:
        return await _show(visit, form)
    return await ask_to_confirm(
        visit,
        AddPeople((person,)),
        back="/people/add",
        after="/people?standing=without-passkey&said=added",
        button="Add with my passkey",
    )
