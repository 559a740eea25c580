# SPDX-License-Identifier: Apache-2.0
"""The number of whoever rings, kept from its first digit: before *Answer* is pressed.

Done means: the browser, the machine or the server may end while the number is typed,
and whoever typed it reads it here again, on this machine or another. Answered or thrown
away, nothing is left of it. Nobody waits for it to be kept: a call is answered first.

There is no patient yet, so its key is that of one Patient for each account, who has no
name and no word of any call: one number lies there at a time.
"""

from starlette.responses import Response

from wardkeep.apps.calls.opening import ANSWERERS
from wardkeep.base.ids import derived_uuid, is_uuid
from wardkeep.care.drafts import places_in
from wardkeep.care.keeping import Keeping, go_on, own_draft, resume, values_of
from wardkeep.care.kept_forms import CALL_NUMBER
from wardkeep.care.opening import opener_of
from wardkeep.care.writing import drafted
from wardkeep.fhir.notes.draft_rows import SIGNED, THROWN_AWAY
from wardkeep.fhir.notes.drafts import NoteDrafts
from wardkeep.fhir.notes.letting_go import LetGo
from wardkeep.fhir.store.change import MUST_NOT_EXIST, Change
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.urgent.caller import unknown_patient
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

WHY = "The number of their own next call"
"""Why the key is opened: nobody else has it, and nothing else is there."""


def _holder(visit: Visit) -> str:
    """The id of the account's own Patient of nobody."""
    return derived_uuid("next-call", visit.session.account)


def _note(visit: Visit) -> str:
    return derived_uuid("next-call-number", visit.session.account)


async def number_kept(visit: Visit, sent: Form | None = None) -> Keeping | None:
    """The draft of the number; None where the door does not let it be kept.

    Then the page is as it is without: whoever answers is not kept from it. `sent` is
    a form that is shown once more.
    """
    was, visit.reason = visit.reason, WHY
    try:
        found = await _kept(visit, sent)
        if isinstance(found, Response) and found.status_code == NOT_FOUND.status:
            await _make_holder(visit)
            found = await _kept(visit, sent)
    finally:
        visit.reason = was
    return None if isinstance(found, Response) else found


def also_typed(keeping: Keeping | None) -> list[str]:
    """Other numbers, of other windows: of several calls, nobody else has them."""
    if keeping is None:
        return []
    shown = keeping.values.get("number", "")
    found = [values_of(one.words) for one in keeping.others if one.words is not None]
    numbers = [one.get("number", "") for one in found]
    return [one for one in numbers if one and one != shown]


async def _kept(visit: Visit, sent: Form | None) -> Keeping | Response:
    patient, note = _holder(visit), _note(visit)
    if sent is not None and sent.values.get("draft"):
        return await go_on(visit, CALL_NUMBER, sent, note=note, patient=patient)
    return await resume(
        visit, CALL_NUMBER, note=note, patient=patient, is_looked_at_enough=True
    )


async def _make_holder(visit: Visit) -> None:
    """Once an account; of two windows at once, one makes it."""
    change = Change(
        drafts=[drafted(unknown_patient(_holder(visit)))], expected=[MUST_NOT_EXIST]
    )
    await visit.services[Writer].write(change, opener=opener_of(visit))


async def let_number_go(visit: Visit, form: Form, as_: str = SIGNED) -> None:
    """It is in a case, or unwanted: nothing is left of it."""
    draft = await own_draft(visit, form.values.get("draft", ""), _holder(visit))
    window = form.values.get("editor", "")
    if draft is None or draft.ended_as or not is_uuid(window):
        return
    gone = LetGo(
        draft=draft.id,
        window=window,
        over=places_in(form.values.get("over", "")),
        as_=as_,
    )
    organisation = opener_of(visit).organisation
    await visit.services[NoteDrafts].let_go(gone, organisation=organisation)


@page("/calls/number/throw-away", gate=ANSWERERS, methods=("POST",))
async def throw_number_away(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    await let_number_go(visit, form, THROWN_AWAY)
    return visit.go_to("/calls")
