# SPDX-License-Identifier: Apache-2.0
"""A referral from outside, typed in: the patient is found by facts, or registered.

Done means: whoever opens the post finds the one person, types the letter's few facts
once, and it stands in the team's list with the day on which it came. Rejected: a
referral without a record (nobody would see what else is known), and a second record
beside the one that is there: the facts are looked for again before one is made.
"""

from datetime import date

import msgspec
from starlette.responses import Response

from wardkeep.apps.referrals.opening import (
    NOT_IN_TEAM,
    REFERRERS,
    all_teams,
    save,
    who_am_i,
)
from wardkeep.apps.referrals.writing import read_form, sent_content, told
from wardkeep.base import nhs_number
from wardkeep.base.ids import is_fhir_id, new_uuid
from wardkeep.care.finding import facts_in
from wardkeep.care.opening import opener_of
from wardkeep.care.people import who_is
from wardkeep.care.typed import typed_day
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.referrals.teams import Team
from wardkeep.fhir.store.finding import Facts, Finder
from wardkeep.fhir.store.outcomes import TooMany
from wardkeep.fhir.work.expects import Content
from wardkeep.ui.banner import Banner
from wardkeep.web.forms import Form
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

REGISTRARS = Gate.SIGNED_IN.only("care_coordinator", "doctor", "ward_nurse")
"""Whose role makes new records here; the warden holds it."""
LONGEST_FROM = 150
GENDERS = ("female", "male", "other", "unknown")


class Candidate(msgspec.Struct, frozen=True):
    """Somebody who may be the one in the letter."""

    id: str
    banner: Banner


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What was found; None: nobody has looked yet."""

    found: tuple[Candidate, ...] | None = None
    is_too_many: bool = False


async def _team(visit: Visit) -> Team | Response:
    """The team in the address, where the visitor is in it."""
    teams = await all_teams(visit)
    if isinstance(teams, Response):
        return teams
    team = teams.get(visit.path("team"))
    if team is None:
        return visit.tell(NOT_FOUND)
    is_mine = team.id in (await who_am_i(visit)).teams
    return team if is_mine else visit.tell(NOT_IN_TEAM)


@page("/referrals/teams/{team}/take", gate=REFERRERS)
async def show_take(visit: Visit) -> Response:
    return await _show(visit, Form({}), Looked())


@page("/referrals/teams/{team}/take", gate=REFERRERS, methods=("POST",))
async def find_referred(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    facts = facts_in(form)
    looked = await _look(visit, form, facts)
    return looked if isinstance(looked, Response) else await _show(visit, form, looked)


async def _look(visit: Visit, form: Form, facts: Facts) -> Looked | Response:
    if form.problems:
        return Looked()
    given = await visit.services[Finder].find(facts, opener=opener_of(visit))
    if isinstance(given, Refusal):
        return visit.refuse(given, form)
    if isinstance(given, TooMany):
        return Looked(is_too_many=True)
    today = visit.today
    return Looked(
        found=tuple(
            Candidate(one.id, who_is(one.id, one.text, today)) for one in given.patients
        )
    )


@page("/referrals/teams/{team}/taken", gate=REFERRERS, methods=("POST",))
async def take_referral(visit: Visit) -> Response:
    """For somebody who was found, or for nobody yet, who is registered with it."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    team = await _team(visit)
    if isinstance(team, Response):
        return team
    which, patient = form.values.get("which", ""), form.values.get("patient", "")
    if not is_fhir_id(which) or (patient and not is_fhir_id(patient)):
        return visit.tell(NOT_FOUND)
    if not patient:
        there = await _is_there(visit, form)
        if there is not None:
            return there
    return await _write(visit, form, team, patient=patient, which=which)


async def _is_there(visit: Visit, form: Form) -> Response | None:
    """Who is found by now, to be chosen; None where nobody is."""
    looked = await _look(visit, form, facts_in(form))
    if isinstance(looked, Response):
        return looked
    if form.problems:
        return await _show(visit, form, Looked(found=()))
    if looked.found or looked.is_too_many:
        return await _show(visit, form, looked)
    return None


async def _write(
    visit: Visit, form: Form, team: Team, *, patient: str, which: str
) -> Response:
    asker = form.text("from", called="who referred", at_most=LONGEST_FROM)
    form.values["team"] = team.id
    received = _received(visit, form)
    person = None if patient else _new_person(form)
    referral = read_form(
        visit, form, {team.id: team}, requester=Person("", asker), received=received
    )
    if referral is None or form.problems:
        return await _show(visit, form, Looked(found=()), patient=patient)
    parts: list[tuple[Content, int]] = []
    if person is not None:
        parts.append((person, 0))
        patient = str(person["id"])
    me = await who_am_i(visit)
    content = sent_content(visit, referral, me, which, patient=patient)
    parts.append((content, 0))
    reason = f"Typed in a referral from {asker}"
    written = await save(visit, *parts, reason=reason)
    if isinstance(written, Refusal):
        return visit.refuse(written, form)
    if isinstance(written, Trouble):
        return visit.tell(written)
    return await told(visit, written, content)


def _received(visit: Visit, form: Form) -> date:
    """The day on which the letter came: today where none is typed."""
    today = visit.today
    day = typed_day(form, "received") or today
    if day > today:
        form.reject(
            "received-day",
            wrong="It cannot have come on a day that is still to come",
            mend="Give the day on which the letter came.",
        )
    return day


def _new_person(form: Form) -> Content:
    """A Patient with the facts that were typed; its id came with the form."""
    facts = facts_in(form)
    gender = form.choice("gender", called="the gender", among=GENDERS)
    for name, value, called in (
        ("family", facts.family, "the surname"),
        ("given", facts.given, "the first name"),
    ):
        if not value and name not in form.problems:
            form.reject(name, wrong=f"{called} is missing", mend=f"Enter {called}.")
    if facts.birth_date is None:
        form.reject(
            "born-day",
            wrong="The date of birth is missing",
            mend="Enter it; nobody is registered without.",
        )
    new = form.values.get("new", "")
    content: Content = {
        "resourceType": "Patient",
        "id": new if is_fhir_id(new) else new_uuid(),
        "name": [{"use": "official", "family": facts.family, "given": [facts.given]}],
        "gender": gender,
        "birthDate": "" if facts.birth_date is None else facts.birth_date.isoformat(),
    }
    if facts.nhs_number is not None:
        content["identifier"] = [
            {"system": nhs_number.SYSTEM, "value": facts.nhs_number}
        ]
    return content


async def _show(
    visit: Visit, form: Form, looked: Looked, *, patient: str = ""
) -> Response:
    team = await _team(visit)
    if isinstance(team, Response):
        return team
    problems = tuple(form.problems.values())
    values = {"which": new_uuid(), "new": new_uuid()}
    return visit.render(
        "referrals/take.html",
        status=422 if problems else 200,
        team=team,
        typed=values | form.values,
        problems=problems,
        found=looked.found,
        is_too_many=looked.is_too_many,
        patient=patient,
        may_register=REGISTRARS.admits(visit.session.role),
        genders=GENDERS,
    )
