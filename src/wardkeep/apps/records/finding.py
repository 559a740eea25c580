# SPDX-License-Identifier: Apache-2.0
"""Find a patient: by NHS number, or by surname and one more fact.

Done means: a receptionist at a desk types two facts and sees the one person, or is told
plainly to add a fact. Rejected: one free search box (it invites a single fact and a
list to browse), and results while typing (each letter would be a disclosure).
"""

from urllib.parse import quote

import msgspec
from starlette.responses import Response

from wardkeep.care.finding import facts_in
from wardkeep.care.opening import opener_of
from wardkeep.care.people import who_is
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.finding import Finder
from wardkeep.fhir.store.outcomes import FoundPatients, TooMany
from wardkeep.ui.banner import Banner
from wardkeep.web.forms import Form
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.return_path import safe_return_path
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

_FOR_AN_APP = "/oauth/authorize?"
_TYPED = ("nhs_number", "family", "given", "day", "month", "year")


class Result(msgspec.Struct, frozen=True):
    """A person in the list."""

    id: str
    banner: Banner


def _show(visit: Visit, form: Form | None, **more: object) -> Response:
    values = {
        name: form.values.get(_field(name), "") if form else "" for name in _TYPED
    }
    problems = tuple(form.problems.values()) if form else ()
    context = {"results": None, "too_many": False, "entry": -1, **more}
    context |= _onward(visit)
    return visit.render(
        "records/find.html",
        status=422 if problems else 200,
        typed=values,
        problems=problems,
        **context,
    )


def _onward(visit: Visit) -> dict[str, str]:
    """Where a found patient leads: to the record, or back to an app that asked."""
    wanted = safe_return_path(visit.query("for"))
    if not wanted.startswith(_FOR_AN_APP):
        return {"onward": "/patients/", "wanted_for": ""}
    return {"onward": f"{wanted}&chosen=", "wanted_for": f"?for={quote(wanted)}"}


def _field(name: str) -> str:
    return f"born-{name}" if name in ("day", "month", "year") else name


@page("/find", gate=Gate.SIGNED_IN)
async def show_find(visit: Visit) -> Response:
    return _show(visit, None)


@page("/find", gate=Gate.SIGNED_IN, methods=("POST",))
async def find_patient(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    facts = facts_in(form)
    if form.problems:
        return _show(visit, form)
    found = await visit.services[Finder].find(facts, opener=opener_of(visit))
    if isinstance(found, Refusal):
        return visit.refuse(found, form)
    if isinstance(found, TooMany):
        return _show(visit, form, too_many=True)
    return _show(visit, form, results=_results(visit, found), entry=found.entry)


def _results(visit: Visit, found: FoundPatients) -> list[Result]:
    today = visit.today
    return [Result(one.id, who_is(one.id, one.text, today)) for one in found.patients]
