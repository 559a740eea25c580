# SPDX-License-Identifier: Apache-2.0
"""One call: who, where, what is to be known before the first question, how it ended.

Warnings of danger are read first and by themselves, once for each wording; nothing
else stops a call.
"""

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from wardkeep.apps.calls.earlier_calls import known_of
from wardkeep.apps.calls.opening import (
    ADVISORS,
    ANSWERERS,
    Stored,
    case_draft,
    case_here,
    here,
    open_case,
    rows,
    write,
)
from wardkeep.apps.calls.taking_back import can_take_back, where_it_waits
from wardkeep.care.ambulance import ambulance_of
from wardkeep.care.case_messages import who_takes
from wardkeep.care.chart import build_chart
from wardkeep.care.of_patient import OF_BANNER, banner_on, refused
from wardkeep.care.opening import me, opener_of
from wardkeep.care.permission import permission_of
from wardkeep.care.repeat_calls import word_of
from wardkeep.care.triage_content import OF_CALLERS, contents_in_use
from wardkeep.care.writing import content_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.callers import Callers
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.parts import PartReader
from wardkeep.fhir.urgent.call_rows import CallRow
from wardkeep.fhir.urgent.caller import facts_of, is_unknown
from wardkeep.fhir.urgent.case import Case, Content, Reading
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, Disposition
from wardkeep.fhir.urgent.flags import Warned, warned
from wardkeep.fhir.urgent.permission import WORDS as PERMISSIONS
from wardkeep.fhir.urgent.repeat import WINDOW, Repeats, repeats_of
from wardkeep.fhir.urgent.tracing import WORDS
from wardkeep.ui.banner import Banner
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

_NOT_ASKED = "Not asked, so that it is unverified."


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the patient before the first question."""

    banner: Banner
    patient: Content
    flags: tuple[Warned, ...]

    @property
    def is_unknown(self) -> bool:
        return is_unknown(self.patient)

    def unread(self, case: Case) -> tuple[Warned, ...]:
        """Warnings of danger that nobody has read in this call."""
        seen = case.read.flags if case.read is not None else ()
        return tuple(one for one in self.flags if one.stops and one.mark not in seen)


async def ground_of(visit: Visit) -> Ground | Response:
    """All of it in one opening."""
    given = await visit.services[PartReader].of_patient(
        visit.path("id"), (OF_BANNER,), opener=opener_of(visit)
    )
    if isinstance(given, NotFound):
        return visit.tell(NOT_FOUND)
    if isinstance(given, Refusal):
        return refused(visit, given)
    [there] = given.parts
    patient = next((one for one in there if one.type == "Patient"), None)
    if patient is None:
        return visit.tell(NOT_FOUND)
    chart = build_chart((one.type, one.id, one.text) for one in there)
    now = visit.clock.now()
    flags = ((one.version, content_of(one.text)) for one in there if one.type == "Flag")
    return Ground(
        banner=banner_on(chart, now),
        patient=content_of(patient.text),
        flags=warned(flags, now=now),
    )


async def repeats_here(
    visit: Visit, case: Case, patient: Content
) -> Repeats | Response:
    """Who rang before, as of when this call was answered."""
    earlier = await visit.services[Callers].earlier(
        case.patient, facts_of(patient), began=case.began, opener=opener_of(visit)
    )
    if isinstance(earlier, Refusal):
        return visit.refuse(earlier)
    return repeats_of(case.id, case.began, earlier)


@page("/patients/{id}/calls/{case}", gate=ANSWERERS)
async def show_call(visit: Visit) -> Response:
    stored = await case_here(visit)
    if isinstance(stored, Response):
        return stored
    ground = await ground_of(visit)
    if isinstance(ground, Response):
        return ground
    case = stored.case
    if case.is_open and ground.is_unknown and not case.complaint:
        return visit.go_to(here(visit, "details"))
    stops = ground.unread(case) if case.is_open else ()
    if stops:
        return _stop(visit, ground, stops)
    return await _show(visit, stored, ground)


def _stop(visit: Visit, ground: Ground, stops: Sequence[Warned]) -> Response:
    return visit.render(
        "calls/stop.html",
        id=visit.path("id"),
        case=visit.path("case"),
        banner=ground.banner,
        stops=stops,
        marks=" ".join(one.mark for one in stops),
    )


async def _show(visit: Visit, stored: Stored, ground: Ground) -> Response:
    case = stored.case
    repeats = await repeats_here(visit, case, ground.patient)
    if isinstance(repeats, Response):
        return repeats
    row = await where_it_waits(visit, case)
    outcome, may_go_back = case.outcome, can_take_back(visit, stored, row)
    ended = DISPOSITIONS.get(outcome.code) if outcome else None
    return visit.render(
        "calls/call.html",
        id=visit.path("id"),
        case=case,
        banner=ground.banner,
        is_unknown=ground.is_unknown,
        is_mine=stored.is_mine,
        flags=ground.flags,
        repeats=repeats,
        rang=known_of(visit, case, ground.patient),
        beside=await _beside(visit, case),
        traced=WORDS.get(case.trace.status, _NOT_ASKED) if case.trace else _NOT_ASKED,
        disposition=(ended.words if ended else outcome.code) if outcome else "",
        ambulance=ambulance_of(row, visit.clock.now()) if row else None,
        can_take_back=may_go_back,
        word=await word_of(visit, case.id),
        may_take_out=stored.is_mine or not ADVISORS.admits(visit.session.role),
        can_send=may_go_back
        and ended is not None
        and await _goes_on(visit, ground, ended),
        may_tell=not ADVISORS.admits(visit.session.role),
        may_ask=await _may_ask(visit) if case.is_open else False,
        permission=await permission_of(visit, case.id),
        permissions=list(PERMISSIONS.items()),
        may_triage=not ground.is_unknown and not ADVISORS.admits(visit.session.role),
    )


async def _goes_on(visit: Visit, ground: Ground, ended: Disposition | None) -> bool:
    """Whether a partner takes it, so that whoever had the call can send it on."""
    if ended is None:
        return False
    return bool(await who_takes(visit, ground.patient, ended))


async def _may_ask(visit: Visit) -> bool:
    """Whether there are questions here to ask; where they cannot be read, none."""
    found = await contents_in_use(visit, OF_CALLERS)
    if isinstance(found, Response):
        return False
    return any(one.is_on for one in found.values())


async def _beside(visit: Visit, case: Case) -> list[CallRow]:
    """Other calls about this person that somebody has open."""
    organisation = opener_of(visit).organisation
    found = await rows(visit).of_patient(
        organisation, case.patient, since=visit.clock.now() - WINDOW
    )
    return [one for one in found if one.case != case.id and one.state == "open"]


@page("/patients/{id}/calls/{case}/read", gate=ANSWERERS, methods=("POST",))
async def read_warnings(visit: Visit) -> Response:
    """Somebody read what would harm a crew: who and when stands in the case."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    stored = await open_case(visit)
    if isinstance(stored, Response):
        return stored
    ground = await ground_of(visit)
    if isinstance(ground, Response):
        return ground
    shown = set(form.values.get("marks", "").split())
    read = [one.mark for one in ground.unread(stored.case) if one.mark in shown]
    if read and stored.is_mine:
        wrong = await _note(visit, stored, read)
        if wrong is not None:
            return wrong
    return visit.go_to(here(visit))


async def _note(visit: Visit, stored: Stored, read: Sequence[str]) -> Response | None:
    before = stored.case.read.flags if stored.case.read is not None else ()
    said = Reading(flags=(*before, *read), at=visit.clock.now(), by=await me(visit))
    noted = msgspec.structs.replace(stored.case, read=said)
    return await write(visit, [case_draft(noted, stored)], [stored.version])
