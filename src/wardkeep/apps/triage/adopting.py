# SPDX-License-Identifier: Apache-2.0
"""Taking content into use, and ending that: a named, dated act of a clinical lead.

Done means, to the clinical lead: I read every rule with its source and with what nobody
checked of it; I say who I am and what was reviewed; from then on, and not before,
clinicians of my organisation have it. To whoever asks later: who did it, when, and
exactly which version. Rejected: a setting of the operator's (no clinician answers for
it); on by itself with an upgrade (nobody read what changed).
"""

from starlette.responses import Response

from wardkeep.care.of_patient import CHANGED, whole_number
from wardkeep.care.opening import me, opener_of
from wardkeep.care.triage_content import contents_in_use
from wardkeep.care.writing import drafted
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.outcomes import Written
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.triage.in_use import Approval, library_of
from wardkeep.fhir.triage.library import NAMES, shipped, shipped_content
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.web.forms import Form
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

LEADS = Gate.SIGNED_IN.only("shift_lead", "doctor")
"""Roles whom an organisation's clinical lead has."""
_LONGEST_NAME, _LONGEST_WORDS = 200, 2_000


@page("/triage", gate=LEADS)
async def show_content(visit: Visit) -> Response:
    return await _show(visit, Form({}))


async def _show(visit: Visit, form: Form) -> Response:
    found = await contents_in_use(visit)
    if isinstance(found, Response):
        return found
    kept = [(name, shipped_content(name), found.get(name)) for name in NAMES]
    problems = tuple(form.problems.values())
    return visit.render(
        "triage/content.html",
        status=422 if problems else 200,
        contents=kept,
        dispositions=DISPOSITIONS,
        typed=form.values,
        problems=problems,
        said=visit.query("said"),
    )


@page("/triage/{name}/use", gate=LEADS, methods=("POST",))
async def take_into_use(visit: Visit) -> Response:
    return await _change(visit, is_on=True)


@page("/triage/{name}/end", gate=LEADS, methods=("POST",))
async def end_use(visit: Visit) -> Response:
    return await _change(visit, is_on=False)


async def _change(visit: Visit, *, is_on: bool) -> Response:
    form, name = await visit.form(), visit.path("name")
    if isinstance(form, Trouble):
        return visit.tell(form)
    if name not in NAMES:
        return visit.tell(NOT_FOUND)
    lead = form.text(
        f"lead-{name}", called="the clinical lead’s name", at_most=_LONGEST_NAME
    )
    words = form.text(
        f"words-{name}", called="what was reviewed", at_most=_LONGEST_WORDS
    )
    digest = form.values.get("which", "")
    if is_on and digest != shipped_content(name).named.digest:
        return visit.tell(CHANGED)
    if form.problems:
        return await _show(visit, form)
    approval = Approval(
        lead=lead, day=visit.today.isoformat(), words=words, by=await me(visit)
    )
    content = library_of(name, shipped(name), approval, is_on=is_on)
    written = await visit.services[Writer].write(
        Change(
            drafts=[drafted(content)],
            expected=[whole_number(form.values.get("version", ""))],
        ),
        opener=opener_of(visit),
    )
    if isinstance(written, Refusal):
        return visit.refuse(written)
    if not isinstance(written, Written):
        return visit.tell(CHANGED)
    return visit.go_to(f"/triage?said={'on' if is_on else 'off'}")
