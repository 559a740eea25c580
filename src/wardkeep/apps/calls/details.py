# SPDX-License-Identifier: Apache-2.0
"""What the caller says, kept while it is typed; and whoever is here already, found.

Done means: the browser, the server or the telephone may end at any moment, and the
case is there again with all that was typed. Looking somebody up stores the number to
ring back on first. Nothing waits for another service.
"""

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from wardkeep.apps.calls.opening import (
    ANSWERERS,
    Stored,
    case_draft,
    here,
    own_case,
    write,
)
from wardkeep.apps.calls.typed import (
    GENDERS,
    LONGEST_COMPLAINT,
    WHO,
    Typed,
    facts_to_find,
    read_typed,
    values_of,
)
from wardkeep.care.keeping import Keeping, finish, go_on, resume
from wardkeep.care.kept_forms import CALL
from wardkeep.care.of_patient import who_is_it
from wardkeep.care.opening import opener_of
from wardkeep.care.people import who_is
from wardkeep.care.writing import content_of, drafted, drafted_anew
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.draft import Draft
from wardkeep.fhir.store.finding import Finder
from wardkeep.fhir.store.outcomes import NotFound, OpenedResource, TooMany
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.urgent.caller import is_unknown, with_identity
from wardkeep.fhir.urgent.case import Case, Content, caller_content
from wardkeep.ui.banner import Banner
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

Found = Sequence[tuple[str, Banner]]


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A form about a call that goes on."""

    stored: Stored
    form: Form
    typed: Typed | None
    """None: something in it cannot be right."""


async def sent(visit: Visit) -> Sent | Response:
    """The form, and the case as it is now."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    return await sent_with(visit, form)


async def sent_with(visit: Visit, form: Form) -> Sent | Response:
    """The same, where the form was read already."""
    stored = await own_case(visit)
    if isinstance(stored, Response):
        return stored
    return Sent(stored=stored, form=form, typed=read_typed(form))


@page("/patients/{id}/calls/{case}/details", gate=ANSWERERS)
async def show_details(visit: Visit) -> Response:
    stored = await own_case(visit)
    if isinstance(stored, Response):
        return stored
    keeping = await resume(visit, CALL, note=stored.case.id, based_on=stored.version)
    if isinstance(keeping, Response):
        return keeping
    return await _show(visit, Form(values_of(stored.case) | keeping.values), keeping)


@page("/patients/{id}/calls/{case}/look", gate=ANSWERERS, methods=("POST",))
async def look_up(visit: Visit) -> Response:
    """Whoever is here already by these facts; what was typed is in the case first."""
    got = await sent(visit)
    if isinstance(got, Response):
        return got
    if got.typed is None:
        return await again(visit, got)
    wrong = await _store(visit, got.stored, got.typed.on(got.stored.case))
    if wrong is not None:
        return wrong
    facts = facts_to_find(got.form, got.typed.identity)
    if facts is None:
        return await again(visit, got)
    given = await visit.services[Finder].find(facts, opener=opener_of(visit))
    if isinstance(given, Refusal):
        return visit.refuse(given, got.form)
    if isinstance(given, TooMany):
        return await again(visit, got, is_too_many=True)
    found = [
        (one.id, who_is(one.id, one.text, visit.today))
        for one in given.patients
        if one.id != visit.path("id")
    ]
    return await again(visit, got, found)


async def _store(visit: Visit, stored: Stored, case: Case) -> Response | None:
    """The case as it was typed so far; nothing where that is what is stored."""
    if case == stored.case:
        return None
    return await write(visit, [case_draft(case, stored)], [stored.version])


@page("/patients/{id}/calls/{case}/details", gate=ANSWERERS, methods=("POST",))
async def save_details(visit: Visit) -> Response:
    """Go on with what was said: nobody was found here, or it is known who it is."""
    got = await sent(visit)
    if isinstance(got, Response):
        return got
    if got.typed is not None and not got.typed.complaint:
        got.form.reject(
            "complaint",
            wrong="What is the matter is missing",
            mend="Write it down in the caller’s words.",
        )
    patient = await patient_here(visit)
    if isinstance(patient, Response):
        return patient
    if got.typed is None or got.form.problems:
        return await again(visit, got)
    case = got.typed.on(got.stored.case)
    drafts, expected = [case_draft(case, got.stored)], [got.stored.version]
    told = content_of(patient.text)
    if is_unknown(told):
        drafts.append(drafted_anew(with_identity(told, got.typed.identity, case)))
        expected.append(patient.version)
    wrong = await write(
        visit, [*drafts, *caller_of(case)], [*expected, *_any(case)], got.form
    )
    if wrong is not None:
        return wrong
    await finish(visit, got.form)
    return visit.go_to(here(visit))


def caller_of(case: Case) -> list[Draft]:
    """The caller, where it is not the patient."""
    content: Content | None = caller_content(case)
    return [drafted(content)] if content is not None else []


def _any(case: Case) -> list[int | None]:
    """It builds on whatever caller there was."""
    return [None for _ in caller_of(case)]


async def patient_here(visit: Visit) -> OpenedResource | Response:
    """The Patient in the address as it is stored."""
    opened = await visit.services[Reader].one(
        "Patient", visit.path("id"), opener=opener_of(visit)
    )
    if isinstance(opened, Refusal):
        return visit.refuse(opened)
    if isinstance(opened, NotFound):
        return visit.tell(NOT_FOUND)
    return opened.resources[0]


async def again(
    visit: Visit,
    got: Sent,
    found: Found | None = None,
    *,
    is_too_many: bool = False,
) -> Response:
    """The form once more, with what it said, and whom it may be about."""
    keeping = await go_on(visit, CALL, got.form, note=got.stored.case.id)
    if isinstance(keeping, Response):
        return keeping
    return await _show(visit, got.form, keeping, found, is_too_many=is_too_many)


async def _show(
    visit: Visit,
    form: Form,
    keeping: Keeping,
    found: Found | None = None,
    *,
    is_too_many: bool = False,
) -> Response:
    who = await who_is_it(visit)
    if isinstance(who, Response):
        return who
    banner, text = who
    problems = tuple(form.problems.values())
    return visit.render(
        "calls/details.html",
        status=422 if problems else 200,
        id=visit.path("id"),
        case=visit.path("case"),
        banner=banner,
        is_unknown=is_unknown(content_of(text)),
        keeping=keeping,
        typed=form.values,
        problems=problems,
        found=found,
        is_too_many=is_too_many,
        who=WHO,
        genders=GENDERS,
        most=LONGEST_COMPLAINT,
    )
