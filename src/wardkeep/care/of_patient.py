# SPDX-License-Identifier: Apache-2.0
"""What pages about one patient begin with: who it is, and where a reason is given."""

from datetime import datetime

from starlette.responses import Response

from wardkeep.base.clock import LONDON
from wardkeep.care.chart import Chart, build_chart
from wardkeep.care.opening import opener_of
from wardkeep.care.people import banner_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.parts import Part, PartReader
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
OF_BANNER = Part(types=("Patient", "AllergyIntolerance", "Flag"), at_most=300)
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


async def who_is_it(visit: Visit, patient: str = "") -> tuple[Banner, bytes] | Response:
    """The same, and the Patient resource; of the address, where nobody is named.

    Alerts and allergies are opened too: whoever writes about somebody sees them.
    """
    patient = patient or visit.path("id")
    given = await visit.services[PartReader].of_patient(
        patient, (OF_BANNER,), opener=opener_of(visit)
    )
    if isinstance(given, NotFound):
        return visit.tell(NOT_FOUND)
    if isinstance(given, Refusal):
        return refused(visit, given, patient=patient)
    [there] = given.parts
    text = next((one.text for one in there if one.type == "Patient"), None)
    if text is None:
        return visit.tell(NOT_FOUND)
    chart = build_chart((one.type, one.id, one.text) for one in there)
    return banner_on(chart, visit.clock.now()), text


def banner_on(chart: Chart, now: datetime) -> Banner:
    """What stands on every page about somebody."""
    return banner_of(
        chart.patient,
        now.astimezone(LONDON).date(),
        allergies=tuple([one.words for one in chart.allergies]),
        is_free_of_known_allergies=chart.is_free_of_known_allergies,
        alerts=tuple(
            [
                one.words_at(now)
                for one in chart.alerts
                if one.is_current and one.has_begun(now) and not one.has_ended(now)
            ]
        ),
    )


def refused(
    visit: Visit, refusal: Refusal, form: Form | None = None, *, patient: str = ""
) -> Response:
    """Where only a reason is missing, the record is where to give it."""
    if refusal.needs_reason:
        return visit.go_to(f"/patients/{patient or visit.path('id')}")
    return visit.refuse(refusal, form)


def whole_number(text: str) -> int:
    """A version as a form sent it; 0 where it is none."""
    is_one = text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS
    return int(text) if is_one else 0
