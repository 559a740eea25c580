# SPDX-License-Identifier: Apache-2.0
"""What pages about one patient begin with: who it is, and where a reason is given."""

from starlette.responses import Response

from wardkeep.care.opening import opener_of
from wardkeep.care.people import who_is
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.reading import Reader
from wardkeep.ui.banner import Banner
from wardkeep.web.forms import Form
from wardkeep.web.gates import Gate
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

READERS = Gate.SIGNED_IN.but(
    "administrator", "finance_clerk", "privacy_officer", "receptionist"
)
"""Whose role opens records; the door decides all the same."""
WRITERS = READERS.but("support")
_MOST_DIGITS = 10
"""What the database counts versions by has no more."""
CHANGED = Trouble(
    status=409,
    title="Somebody else changed it just now",
    why="It was changed after this page was drawn, so nothing was done.",
    mend="Go back, read it as it is now, and decide again.",
)


async def banner_for(visit: Visit) -> Banner | Response:
    """The patient's banner; else the page that says why not."""
    found = await who_is_it(visit)
    return found if isinstance(found, Response) else found[0]


async def who_is_it(visit: Visit) -> tuple[Banner, bytes] | Response:
    """The same, and the Patient resource."""
    patient = visit.path("id")
    person = await visit.services[Reader].one(
        "Patient", patient, opener=opener_of(visit)
    )
    if isinstance(person, NotFound):
        return visit.tell(NOT_FOUND)
    if isinstance(person, Refusal):
        return refused(visit, person)
    text = person.resources[0].text
    return who_is(patient, text, visit.clock.now().date()), text


def refused(visit: Visit, refusal: Refusal, form: Form | None = None) -> Response:
    """Where only a reason is missing, the record is where to give it."""
    if refusal.needs_reason:
        return visit.go_to(f"/patients/{visit.path('id')}")
    return visit.refuse(refusal, form)


def whole_number(text: str) -> int:
    """A version as a form sent it; 0 where it is none."""
    is_one = text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS
    return int(text) if is_one else 0
