# SPDX-License-Identifier: Apache-2.0
"""Setting a way into a home: all of it anew, for what is there is not shown.

Done means, to a coordinator: I write what the person told me, once, and need not see
the old one. Rejected: a form that is filled with what there is, because then everybody
who may correct a code could collect them.
"""

from datetime import date

from starlette.responses import Response

from wardkeep.apps.ways_in.giving import CARERS
from wardkeep.base.ids import new_uuid
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.ways_in import AskWayIn, WayInStanding
from wardkeep.fhir.home.way_in import KINDS, WayIn, way_in_resource
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.store.outcomes import Written
from wardkeep.fhir.store.ways_in import WaysInKept
from wardkeep.fhir.store.writing import Writer
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

_CHANGED = Trouble(
    status=409,
    title="Somebody else set it just now",
    why="Somebody else set this way in while you wrote, so yours was not stored.",
    mend="Go back and look whether it is still needed.",
)
_NEW = ""


@page("/patients/{id}/way-in/set", gate=CARERS)
async def show_setting(visit: Visit) -> Response:
    return await _show(visit, Form({"which": visit.query("which")}))


async def _show(visit: Visit, form: Form) -> Response:
    standing = await visit.warden.ask(
        AskWayIn(visit.token, visit.path("id")), WayInStanding
    )
    if isinstance(standing, Refusal):
        return visit.refuse(standing)
    problems = tuple(form.problems.values())
    return visit.render(
        "ways_in/set.html",
        status=422 if problems else 200,
        id=visit.path("id"),
        standing=standing,
        kinds=tuple(KINDS.items()),
        typed=form.values,
        problems=problems,
    )


@page("/patients/{id}/way-in/set", gate=CARERS, methods=("POST",))
async def set_way_in(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    way_in = _read(form, visit.today)
    if form.problems:
        return await _show(visit, form)
    which, patient = form.values.get("which", _NEW), visit.path("id")
    opener = opener_of(visit)
    kept = {
        one.id: one.version
        for one in await visit.services[WaysInKept].of(opener.organisation, patient)
    }
    if which and which not in kept:
        return visit.tell(NOT_FOUND)
    id_ = which or new_uuid()
    made = way_in_resource(way_in, patient=patient, id_=id_, created=visit.today)
    change = Change(drafts=[draft_of(made, id_)], expected=[kept.get(which, 0)])
    written = await visit.services[Writer].write(change, opener=opener)
    if isinstance(written, Refusal):
        return visit.refuse(written)
    if not isinstance(written, Written):
        return visit.tell(_CHANGED)
    return visit.go_to(f"/patients/{patient}/way-in?set=1")


def _read(form: Form, today: date) -> WayIn:
    """What was typed; the only form in which a code may stand."""
    kind = form.choice("kind", called="the kind", among=tuple(KINDS))
    code = form.optional_text("code", called="the code", at_most=40, is_way_in=True)
    if not code and kind not in ("", "key-holder", "other"):
        form.reject("code", wrong="The code is missing", mend="Enter the code.")
    way_in = WayIn(
        kind=kind,
        code=code,
        where=form.optional_text("where", called="where it is", is_way_in=True),
        notes=form.optional_text("notes", called="the notes", is_way_in=True),
        backup=form.text("backup", called="the other key holder", is_way_in=True),
        call=form.text("call", called="the number to ring", is_way_in=True),
        agreed_on=today,
        reviewed_on=today,
    )
    if "agreed" not in form.values:
        form.reject(
            "agreed",
            wrong="It is not said that the person agreed",
            mend="Ask the person, or whoever speaks for them, and tick the box.",
        )
    return way_in
