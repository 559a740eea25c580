# SPDX-License-Identifier: Apache-2.0
"""Taking over a draft whose author is gone: nothing that was typed is out of reach.

Done means: whoever leads the work reads that somebody left a note unfinished, says why
they need it, and goes on with it under both names. Rejected: showing drafts to
everybody (half a sentence would be acted on), and having the operator dig them out.
"""

from datetime import timedelta

from starlette.responses import Response

from wardkeep.care.of_patient import banner_for, refused
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.assessments.drafts import ASSESSMENT, place_of
from wardkeep.fhir.notes.draft_rows import NOTE, DraftRow
from wardkeep.fhir.notes.drafts import NoteDrafts
from wardkeep.web.forms import Form
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

LEADERS = Gate.SIGNED_IN.only(
    "care_coordinator", "community_coordinator", "doctor", "shift_lead"
)
RESTS = timedelta(hours=12)
"""A shift: whoever wrote in it may still come back to it."""
_SIGNED = (NOTE, ASSESSMENT)
"""Kinds of what is signed; a form's draft is for nobody but its author."""
LONGEST_REASON = 200
_FASTER = Trouble(
    status=409,
    title="Somebody else has it already",
    why="The draft was taken over or went on while you looked.",
    mend="Go back to the patient’s notes.",
)
_TOO_SOON = Trouble(
    status=403,
    title="Its author wrote on it a short while ago",
    why="A draft can be taken over once it has rested for 12 hours.",
    mend="Ask its author, or wait.",
)


@page("/patients/{id}/drafts/{draft}/take-over", gate=LEADERS)
async def ask_to_take_over(visit: Visit) -> Response:
    draft = await _resting(visit)
    return draft if isinstance(draft, Response) else await _show(visit, draft, Form({}))


async def _show(visit: Visit, draft: DraftRow, form: Form) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    return visit.render(
        "notes/take_over.html",
        status=422 if form.problems else 200,
        id=visit.path("id"),
        banner=banner,
        draft=draft,
        reason=form.values.get("reason", ""),
        problems=tuple(form.problems.values()),
    )


@page("/patients/{id}/drafts/{draft}/take-over", gate=LEADERS, methods=("POST",))
async def take_over(visit: Visit) -> Response:
    draft = await _resting(visit)
    if isinstance(draft, Response):
        return draft
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    reason = form.text("reason", called="the reason", at_most=LONGEST_REASON)
    if form.problems:
        return await _show(visit, draft, form)
    # Asked at the door with the reason, so that the ledger has why it was opened.
    opener = opener_of(visit, reason=f"Took over a draft: {reason}"[:LONGEST_REASON])
    drafts = visit.services[NoteDrafts]
    opened = await drafts.open(draft, opener=opener)
    if isinstance(opened, Refusal):
        return refused(visit, opened, form)
    to = (visit.session.account, visit.session.display_name)
    if not await drafts.hand_over(draft, to=to, organisation=opener.organisation):
        return visit.tell(_FASTER)
    return visit.go_to(f"/patients/{draft.patient.id}/{place_of(draft)}")


async def _resting(visit: Visit) -> DraftRow | Response:
    organisation = opener_of(visit).organisation
    draft = await visit.services[NoteDrafts].look(organisation, visit.path("draft"))
    if draft is None or draft.ended_as or draft.kind not in _SIGNED:
        return visit.tell(NOT_FOUND)
    if draft.patient.id != visit.path("id"):
        return visit.tell(NOT_FOUND)
    if visit.clock.now() - draft.saved_at < RESTS:
        return visit.tell(_TOO_SOON)
    return draft
