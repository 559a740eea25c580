# SPDX-License-Identifier: Apache-2.0
"""What waits for a desk: calls for help, what kiosks brought back, and corrections.

Done means, to a receptionist: I see what was known beside what the person wrote, accept
or reject it with one press, and take that back. Rejected: writing it straight into the
record, because whoever knew two facts could then redirect somebody's letters.
"""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from starlette.responses import Response

from wardkeep.apps.check_in.details import known_of
from wardkeep.base.ids import OrganisationId
from wardkeep.care.opening import opener_of
from wardkeep.care.people import banner_of, patient_in, who_is
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.purpose import Purpose
from wardkeep.fhir.arrivals.captures import Captures, Merged, Waiting
from wardkeep.fhir.arrivals.corrections import (
    ACCEPTED,
    REJECTED,
    SAID,
    TYPE,
    WAITING,
    Asked,
    Corrections,
    corrected,
    decides,
    is_the_same,
    restored,
    said_in,
    with_state,
)
from wardkeep.fhir.arrivals.heard_kiosks import HeardKiosks, SilentKiosk
from wardkeep.fhir.arrivals.help_calls import CALLS, HelpCall, HelpCalls
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.draft import Draft, draft_of
from wardkeep.fhir.store.listing import Lister
from wardkeep.fhir.store.outcomes import NotFound, OpenedResource, Opener, Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.ui.banner import Banner
from wardkeep.web.gates import Gate
from wardkeep.web.live import Signal
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

DESK = Gate.SIGNED_IN.only("receptionist", "shift_lead", "care_coordinator")
UNDO = timedelta(minutes=15)
KIOSKS_EVERY_SECONDS = 10.0
_STATES = (WAITING, ACCEPTED, REJECTED)
_CHANGED = Trouble(
    status=409,
    title="Somebody else was first",
    why="The correction, or the person's details, changed while you looked.",
    mend="Look at the list again: it shows how it stands now.",
)


class Row(NamedTuple):
    """A correction in the list: who, and what they wrote beside what is known."""

    asked: Asked
    banner: Banner
    said: tuple[tuple[str, str, str], ...]
    """(what, as it is known, as they wrote it)."""


def desk_opener(visit: Visit) -> Opener:
    return opener_of(visit, purpose=Purpose.ADMINISTRATION)


def _hears(_: Visit) -> Signal:
    # A kiosk that falls silent tells nobody, and neither does one that comes back.
    return Signal((CALLS,), every_seconds=KIOSKS_EVERY_SECONDS)


class _Waits(NamedTuple):
    """What is known without a name: kiosks, times and numbers."""

    calls: tuple[HelpCall, ...]
    silent: tuple[SilentKiosk, ...]
    merged: tuple[Merged, ...]
    captures: int
    """People whom something happened to while their kiosk was offline."""


async def _waits(
    visit: Visit, organisation: OrganisationId, *, captures: int
) -> _Waits:
    now = visit.clock.now()
    return _Waits(
        calls=await visit.services[HelpCalls].waiting(organisation),
        silent=await visit.services[HeardKiosks].silent(organisation, at=now),
        merged=await visit.services[Captures].merged(organisation, at=now),
        captures=captures,
    )


@page("/check-in/desk/calls", gate=DESK, hears=_hears)
async def show_calls(visit: Visit) -> Response:
    """Who calls for help now, and which kiosks are cut off: nobody's name."""
    live = visit.live(show_calls)
    organisation = desk_opener(visit).organisation
    waiting = await visit.services[Captures].waiting(organisation, at=visit.clock.now())
    waits = await _waits(visit, organisation, captures=len(waiting))
    return visit.part(live, "check_in/calls_part.html", waits=waits)


@page("/check-in/desk", gate=DESK)
async def show_desk(visit: Visit) -> Response:
    live = visit.live(show_calls)
    opener, now = desk_opener(visit), visit.clock.now()
    organisation = opener.organisation
    captures = await _captures(visit, opener)
    if isinstance(captures, Refusal):
        return visit.refuse(captures)
    asked = await visit.services[Corrections].listed(
        opener.organisation, decided_since=now - UNDO
    )
    rows = await _rows(visit, asked, opener)
    if isinstance(rows, Refusal):
        return visit.refuse(rows)
    return visit.render(
        "check_in/desk.html",
        live=live,
        waits=await _waits(visit, organisation, captures=len(captures)),
        rows=rows,
        captures=captures,
    )


async def _captures(
    visit: Visit, opener: Opener
) -> list[tuple[Waiting, Banner]] | Refusal:
    """What kiosks brought back that no longer fitted, each named as in a list."""
    waiting = await visit.services[Captures].waiting(
        opener.organisation, at=visit.clock.now()
    )
    people = await visit.services[Lister].people(
        [one.patient for one in waiting], opener=opener
    )
    if isinstance(people, Refusal):
        return people
    known = {one.id: one.text for one in people.patients}
    return [
        (one, who_is(one.patient, known[one.patient], visit.today))
        for one in waiting
        if one.patient in known
    ]


@page("/check-in/desk/captures/{id}", gate=DESK, methods=("POST",))
async def look_at_capture(visit: Visit) -> Response:
    """Somebody at the desk has dealt with what a kiosk brought back."""
    await visit.leave_nothing_unread()
    try:
        id_ = UUID(visit.path("id"))
    except ValueError:
        return visit.tell(NOT_FOUND)
    await visit.services[Captures].look_at(
        desk_opener(visit).organisation, id_, at=visit.clock.now()
    )
    return visit.go_to("/check-in/desk")


async def _rows(
    visit: Visit, asked: tuple[Asked, ...], opener: Opener
) -> list[Row] | Refusal:
    """Each person named in the ledger as in any list; then what each of them wrote."""
    people = await visit.services[Lister].people(
        [one.patient for one in asked], opener=opener
    )
    if isinstance(people, Refusal):
        return people
    known = {one.id: one.text for one in people.patients}
    rows = []
    for one in asked:
        text = known.get(one.patient)
        task = await visit.services[Reader].one(TYPE, one.id, opener=opener)
        if isinstance(task, Refusal):
            return task
        if text is not None and not isinstance(task, NotFound):
            rows.append(_row(visit, one, text, task.resources[0].text))
    return rows


def _row(visit: Visit, asked: Asked, person: bytes, task: bytes) -> Row:
    patient = patient_in(asked.patient, person)
    said, known = said_in(task), known_of(patient)
    return Row(
        asked,
        banner_of(patient, visit.today),
        tuple((name, known[name], said[name]) for name in SAID if name in said),
    )


@page("/check-in/desk/help", gate=DESK, methods=("POST",))
async def answer_help(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    number = form.whole_number("number", called="the call", least=1, most=2**31)
    if number is not None:
        await visit.services[HelpCalls].answer(
            desk_opener(visit).organisation, number, at=visit.clock.now()
        )
    return visit.go_to("/check-in/desk")


@page("/check-in/desk/corrections/{id}", gate=DESK, methods=("POST",))
async def decide(visit: Visit) -> Response:
    """Accept, reject, or take either back."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    wanted = form.choice("became", called="what becomes of it", among=_STATES)
    opener = desk_opener(visit)
    now = visit.clock.now()
    listed = await visit.services[Corrections].listed(
        opener.organisation, decided_since=now - UNDO
    )
    one = next((it for it in listed if it.id == visit.path("id")), None)
    if one is None or not wanted:
        return visit.tell(NOT_FOUND)
    is_allowed = (one.state == WAITING) is not (wanted == WAITING)
    change = await _change(visit, one, wanted, opener) if is_allowed else None
    if isinstance(change, Refusal):
        return visit.refuse(change, form)
    if change is None:
        return visit.tell(_CHANGED)
    done = await visit.services[Writer].write(change, opener=opener)
    if isinstance(done, Refusal):
        return visit.refuse(done, form)
    if not isinstance(done, Written):
        return visit.tell(_CHANGED)
    return visit.go_to("/check-in/desk")


async def _change(
    visit: Visit, one: Asked, became: str, opener: Opener
) -> Change | Refusal | None:
    """The correction, its line of the list and, if accepted, the Patient, at once."""
    reader = visit.services[Reader]
    task = await reader.one(TYPE, one.id, opener=opener)
    person = await reader.one("Patient", one.patient, opener=opener)
    for found in (task, person):
        if isinstance(found, Refusal):
            return found
    if isinstance(task, NotFound) or isinstance(person, NotFound):
        return None
    if isinstance(task, Refusal) or isinstance(person, Refusal):
        return None
    [held], [known] = task.resources, person.resources
    drafts = [draft_of(with_state(held.text, became), one.id)]
    expected: list[int | None] = [held.version]
    if ACCEPTED in (became, one.state):
        made = await _patient(visit, one, became, (held, known), opener)
        if made is None or isinstance(made, Refusal):
            return made
        drafts.append(made)
        expected.append(known.version)
    beside = decides(
        opener.organisation,
        one.id,
        was=one.state,
        became=became,
        at=visit.clock.now(),
    )
    return Change(drafts=drafts, expected=expected, beside=(beside,))


async def _patient(
    visit: Visit,
    one: Asked,
    became: str,
    found: tuple[OpenedResource, OpenedResource],
    opener: Opener,
) -> Draft | Refusal | None:
    """The Patient as it becomes; None where it changed since and cannot go back."""
    held, known = found
    if became == ACCEPTED:
        return draft_of(corrected(known.text, said_in(held.text)), one.patient)
    before = await visit.services[Reader].one(
        "Patient", one.patient, opener=opener, version=known.version - 1
    )
    if isinstance(before, Refusal):
        return before
    if isinstance(before, NotFound):
        return None
    was = corrected(before.resources[0].text, said_in(held.text))
    if not is_the_same(was.compact, known.text):
        return None
    return draft_of(restored(known.text, before.resources[0].text), one.patient)
