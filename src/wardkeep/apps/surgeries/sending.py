# SPDX-License-Identifier: Apache-2.0
"""Holding a message back with a reason, sending it after all, and sending it again.

Each is a version of the Communication with who did it, and the row's change with it:
what has begun to go cannot be held, and what is sent again is the same one document.
"""

from collections.abc import Sequence

from starlette.responses import Response

from wardkeep.apps.surgeries.opening import STAFF, Here, find, path_of
from wardkeep.apps.surgeries.showing import LONGEST, acts_of, show
from wardkeep.care.of_patient import refused
from wardkeep.care.opening import instant, opener_of
from wardkeep.care.telling import told
from wardkeep.care.writing import drafted, drafted_anew
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.post.rows import again, hold
from wardkeep.fhir.store.change import MUST_NOT_EXIST, Beside, Change
from wardkeep.fhir.store.outcomes import Written
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.work.expects import Content, listed
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

_BELOW = "/patients/{id}/calls/{case}/surgery"


@page(f"{_BELOW}/hold", gate=STAFF, methods=("POST",))
async def hold_back(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    why = form.text("why", called="why it is held back", at_most=LONGEST)
    if form.problems:
        return await show(visit, form)
    here = await find(visit)
    if isinstance(here, Response):
        return here
    post, kept = here.ground.post, here.kept
    if "hold" not in acts_of(here) or post is None or kept is None:
        return visit.go_to(path_of(visit, "too-late"))
    content = {
        **kept.content,
        "status": "on-hold",
        "statusReason": {"text": why},
        "note": [*_notes(here), _note(visit, f"Held back: {why}")],
    }
    organisation = opener_of(visit).organisation
    held = hold(organisation, post.message, now=visit.clock.now())
    change = Change(
        drafts=[drafted_anew(content)], expected=[kept.version], beside=[held]
    )
    return await _write(visit, change, "held", form)


@page(f"{_BELOW}/send", gate=STAFF, methods=("POST",))
async def send(visit: Visit) -> Response:
    """What was held back, or never made: as the record has it now, and at once."""
    await visit.leave_nothing_unread()
    here = await find(visit)
    if isinstance(here, Response):
        return here
    if "send" not in acts_of(here):
        return visit.go_to(path_of(visit, "nothing"))
    words = "Sent after all" if _notes(here) else "Sent by hand"
    notes = [*_notes(here), _note(visit, words)]
    made = await told(visit, here.ground, at_once=True, notes=notes)
    if not made.contents:
        return visit.go_to(path_of(visit, "nothing"))
    change = Change(
        drafts=[drafted(one) for one in made.contents],
        expected=[MUST_NOT_EXIST for _ in made.contents],
        beside=made.beside,
    )
    return await _write(visit, change, "sent")


@page(f"{_BELOW}/again", gate=STAFF, methods=("POST",))
async def send_again(visit: Visit) -> Response:
    await visit.leave_nothing_unread()
    here = await find(visit)
    if isinstance(here, Response):
        return here
    post, kept = here.ground.post, here.kept
    if "again" not in acts_of(here) or post is None or kept is None:
        return visit.go_to(path_of(visit, "too-late"))
    notes = [*_notes(here), _note(visit, "Sent again")]
    beside: Sequence[Beside] = again(
        opener_of(visit).organisation, post.message, now=visit.clock.now()
    )
    change = Change(
        drafts=[drafted_anew({**kept.content, "note": notes})],
        expected=[kept.version],
        beside=beside,
    )
    return await _write(visit, change, "again")


async def _write(
    visit: Visit, change: Change, said: str, form: Form | None = None
) -> Response:
    written = await visit.services[Writer].write(change, opener=opener_of(visit))
    match written:
        case Written():
            return visit.go_to(path_of(visit, said))
        case Refusal():
            return refused(visit, written, form)
        case _:
            return visit.go_to(path_of(visit, "too-late"))


def _notes(here: Here) -> list[Content]:
    return [] if here.kept is None else listed(here.kept.content, "note")


def _note(visit: Visit, words: str) -> Content:
    """Who decided it, and when (FHIR Annotation)."""
    return {
        "authorString": visit.session.display_name,
        "time": instant(visit),
        "text": words,
    }
