# SPDX-License-Identifier: Apache-2.0
"""Whether what a form made is what is stored: sent twice it is done, else it is not.

A browser that goes back shows a form with the id of what it stored before. What is
typed there then is another thing, and whoever is told that it is saved has lost it.
"""

import re
from collections.abc import Sequence

from starlette.responses import Response

from wardkeep.care.of_patient import refused
from wardkeep.care.opening import opener_of
from wardkeep.care.writing import content_of, drafted
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.outcomes import Conflict, NotFound, Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.web.forms import Form
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

USED_BEFORE = Trouble(
    status=409,
    title="This was not saved",
    why="Its form was used before, for something else; that is stored as it was.",
    mend="Open the form anew, and enter it again.",
)
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[^ ]+")


async def unless_sent_twice(
    visit: Visit, made: Sequence[dict[str, object]]
) -> Response | None:
    """None where all of it is stored just so, but for the moments of the sending."""
    for one in made:
        draft = drafted(one)
        opened = await visit.services[Reader].one(
            draft.type, draft.id, opener=opener_of(visit)
        )
        if isinstance(opened, Refusal):
            return visit.refuse(opened)
        if isinstance(opened, NotFound):
            return visit.tell(USED_BEFORE)
        stored = content_of(opened.resources[0].text)
        if _timeless(stored) != _timeless(draft.resource.content):
            return visit.tell(USED_BEFORE)
    return None


async def store_once(
    visit: Visit,
    change: Change,
    made: Sequence[dict[str, object]],
    *,
    form: Form,
    patient: str = "",
) -> Response | None:
    """Write what a form made; None once it is stored, also where that was before."""
    written = await visit.services[Writer].write(change, opener=opener_of(visit))
    if isinstance(written, Refusal):
        return refused(visit, written, form, patient=patient)
    if isinstance(written, Conflict):
        return await unless_sent_twice(visit, made)
    return None if isinstance(written, Written) else visit.tell(NOT_FOUND)


def _timeless(content: object) -> object:
    if isinstance(content, dict):
        return {
            name: _timeless(value) for name, value in content.items() if name != "meta"
        }
    if isinstance(content, list):
        return [_timeless(one) for one in content]
    is_moment = isinstance(content, str) and _INSTANT.fullmatch(content)
    return "" if is_moment else content
