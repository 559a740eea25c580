# SPDX-License-Identifier: Apache-2.0
"""The questions of a call: one at a time, by keyboard, to what the call comes to.

Done means, to whoever asks: a key answers, the next question is there before I look
for it, what I am not sure of counts as danger, and the last answer is taken back by one
key. Whatever dies, the answers are there. The page has what each key leads to before
it is pressed, so that no answer waits for the network.
"""

from starlette.responses import Response

from wardkeep.apps.calls.opening import ADVISORS, ANSWERERS, Stored, triage_id
from wardkeep.apps.calls.questions import (
    Asked,
    after,
    ahead_of,
    card_of,
    entry_for,
    fill_of,
    read,
)
from wardkeep.apps.calls.showing import Ground
from wardkeep.care.of_patient import whole_number
from wardkeep.care.opening import me, opener_of
from wardkeep.care.triage_content import OF_CALLERS, about_in, contents_in_use
from wardkeep.care.writing import drafted_anew
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.questionnaires.response import TYPE
from wardkeep.fhir.store.draft import Draft
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.triage.engine import About, SetAside
from wardkeep.fhir.triage.record import Decision, Triaged, response, stored_in
from wardkeep.fhir.triage.strict_order import StrictOrder
from wardkeep.fhir.triage.written_log import lines_of
from wardkeep.fhir.urgent.case import CALLER, Case, Outcome, caller_id
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.parts import tree_of
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

LONGEST_WHY = 2_000
LONGEST_FORM_BYTES = 64_000
TO_PATIENT = "patient"
"""In the hidden field that says who answers."""
_ASIDE = "aside:"


def may_judge(visit: Visit) -> bool:
    """Whether the visitor's role sets red flags aside; a health advisor's does not."""
    return not ADVISORS.admits(visit.session.role)


async def engine_for(visit: Visit, about: About) -> StrictOrder | Response | None:
    """By the content that is meant for the patient; None: it is off.

    Whoever nothing is meant for, or whose age is not known, is told so by the content
    for adults: a clinician decides, at once.
    """
    found = await contents_in_use(visit, OF_CALLERS)
    if isinstance(found, Response):
        return found
    engines = [
        StrictOrder(found[name].content)
        for name in OF_CALLERS
        if name in found and found[name].is_on
    ]
    meant = next((one for one in engines if not one.start(about).is_ended), None)
    adults = found.get(OF_CALLERS[0])
    is_on = adults is not None and adults.is_on
    return meant or (engines[0] if is_on else None)


async def asked_here(
    visit: Visit, ground: Ground, case: Case, log: str
) -> Asked | Response | None:
    """Where the questions stand, by what the record says of age and sex."""
    about = about_in(ground.patient, visit.today)
    engine = await engine_for(visit, about)
    if engine is None or isinstance(engine, Response):
        return engine
    by = await _who(visit)
    return read(engine, about, log, by=by, is_to_patient=case.is_patient)


async def _who(visit: Visit) -> str:
    """By whom a red flag is set aside; empty for whoever may not."""
    if not may_judge(visit):
        return ""
    mine = await me(visit)
    return mine.reference or mine.display


def now_in(visit: Visit) -> str:
    """A moment, as the log has it."""
    return visit.clock.now().isoformat(timespec="seconds")


@page("/patients/{id}/calls/{case}/questions/next", gate=ANSWERERS, methods=("POST",))
async def look_ahead(visit: Visit) -> Response:
    """What is asked now, and what each key leads to; asked after each answer.

    It opens nobody: the page says what it was told of age and sex. What is stored is
    worked out anew from the record.
    """
    form = await visit.form(longest=LONGEST_FORM_BYTES)
    if isinstance(form, Trouble):
        return visit.tell(form)
    years = form.values.get("of-years", "")
    about = About(
        years=whole_number(years) if years else None,
        sex=form.values.get("of-sex", ""),
    )
    engine = await engine_for(visit, about)
    if isinstance(engine, Response):
        return engine
    if engine is None:
        return visit.answer_json({"log": form.values.get("log", ""), "ahead": {}})
    asked = read(
        engine,
        about,
        form.values.get("log", ""),
        by=visit.session.display_name if may_judge(visit) else "",
        is_to_patient=form.values.get("of-whom", "") == TO_PATIENT,
    )
    ahead = {
        key: {"line": line, **_drawn(visit, one)}
        for key, (line, one) in ahead_of(asked).items()
    }
    told = {"log": asked.log, "at": now_in(visit), "ahead": ahead}
    return visit.answer_json(told | _drawn(visit, asked))


def _drawn(visit: Visit, asked: Asked) -> dict[str, object]:
    part = visit.ground.fill(
        "calls/asking_part.html",
        card=card_of(asked),
        may_judge=may_judge(visit),
        id=visit.path("id"),
        case=visit.path("case"),
    )
    return {"parts": tree_of(part), "fill": fill_of(asked)}


async def pressed(visit: Visit, asked: Asked, form: Form) -> Asked:
    """What a button of the form did: an answer, one back, or a red flag aside."""
    press = form.values.get("press", "")
    if not press.startswith(_ASIDE):
        entry = entry_for(asked, press, at=now_in(visit))
        return after(asked, entry) if entry is not None else asked
    why = form.optional_text("aside-why", called="why", at_most=LONGEST_WHY)
    setting = SetAside(
        rule=press.removeprefix(_ASIDE),
        by=await _who(visit),
        why=why,
        at=now_in(visit),
    )
    found = after(asked, setting)
    if found.turn != asked.turn:
        form.values["aside-why"] = ""
    return found


# What is written with the end of the call


def triage_draft(stored: Stored, asked: Asked, outcome: Outcome, why: str) -> Draft:
    """It names its case, who asked and who answered."""
    case = stored.case
    answerer = f"Patient/{case.patient}"
    who = Triaged(
        id=triage_id(case.id, stored.version),
        patient=case.patient,
        author=outcome.by,
        completed=outcome.at,
        encounter=case.id,
        source=answerer if case.is_patient else f"{CALLER}/{caller_id(case.id)}",
        is_whole=asked.turn.is_ended,
    )
    decision = Decision(disposition=outcome.code, why=why)
    made = response(asked.engine.content, asked.turn, decision, who)
    return drafted_anew(made.content)


async def log_before(visit: Visit, case: str, version: int) -> str:
    """What was answered before an end that was taken back; empty: nothing."""
    opened = await visit.services[Reader].one(
        TYPE, triage_id(case, version), opener=opener_of(visit)
    )
    if isinstance(opened, Refusal | NotFound):
        return ""
    stored = stored_in(opened.resources[0].text)
    return lines_of(stored.log.entries) if stored is not None else ""
