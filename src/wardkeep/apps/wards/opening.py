# SPDX-License-Identifier: Apache-2.0
"""What pages of the ward share: who may, which stay, and a change with its step."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
from starlette.responses import Response

from wardkeep.base.ids import is_fhir_id, is_uuid
from wardkeep.care.colleagues import mine_of, teams
from wardkeep.care.of_patient import WRITERS, banner_for, refused
from wardkeep.care.opening import opener_of
from wardkeep.care.writing import NOT_SAVED, content_of, drafted_anew
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.change import Beside, Change
from wardkeep.fhir.store.outcomes import (
    AlreadyThere,
    Conflict,
    Invalid,
    NotFound,
    Written,
)
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.taken import BED_TAKEN, LEVEL_TAKEN
from wardkeep.fhir.store.ward_steps import step
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.wards.rows import StayRow, WardRows
from wardkeep.fhir.work.expects import Content
from wardkeep.ui.banner import Banner
from wardkeep.web.forms import Form
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

T = TypeVar("T")
STAFF = WRITERS.but("carer", "health_advisor")
"""Who sees boards and writes on the ward; the door decides all the same."""
WHOLE = STAFF.only("shift_lead", "care_coordinator")
"""Who looks after every ward; others see those of their own teams."""
LOCATION = "Location"
TAKEN, CHANGED, DONE = "taken", "changed", ""
SAID = {
    "admitted": "Admitted.",
    "bedded": "Put into the bed.",
    "moved": "Moved. The bed that was left is to be cleaned.",
    "discharged": "Discharged. The bed is to be cleaned.",
    "expected": "The expected day of discharge is changed.",
    "level": "The observation level is set.",
    "planned": "The leave is planned.",
    "out": "Gone on leave. The bed is kept.",
    "back": "Back from leave.",
    "cancelled": "The leave is called off.",
    "longer": "The leave is prolonged.",
    "undone": "Taken back.",
    "checked": "The check is recorded.",
    "struck": "The check is struck, and stays readable.",
    "already": "It was done already, and is there once.",
    "bed": "The bed is changed.",
    "added": "The bed is added.",
}
WARNED = {
    TAKEN: "Somebody else was first: that bed is taken or not ready, or the patient"
    " lies in another. Nothing was done.",
    CHANGED: "Somebody else changed it just now, so nothing was done. Read it as it is"
    " now.",
    "too-late": "It can be taken back for 15 minutes, and only what was done last."
    " Nothing was done.",
    "not-empty": "Somebody lies in that bed, so nothing was done.",
    "recorded": "A colleague recorded this check just before you, so it is there once."
    " If you looked as well, record your own below.",
}
NO_STAY = Trouble(
    status=409,
    title="This patient is on no ward",
    why="No stay is open, so nothing was done.",
    mend="Admit the patient to a bed first.",
)


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A resource as it is stored."""

    version: int
    content: Content


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """One resource to be written in the place of a version; 0: there is none yet."""

    content: Content
    version: int


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A form about somebody on the ward."""

    form: Form
    which: str
    """What was begun with the form: sent twice, it is the same; else empty."""
    ward: str
    """The board that they came from; empty: from the patient's own page."""
    stay: StayRow | None


def rows(visit: Visit) -> WardRows:
    return visit.services[WardRows]


async def stay_of(visit: Visit) -> StayRow | None:
    """The open stay of the patient in the address; the one with a bed first."""
    organisation, now = opener_of(visit).organisation, visit.clock.now()
    found = await rows(visit).stays_of(organisation, visit.path("id"), now=now)
    return found[0] if found else None


async def who_stays(visit: Visit) -> tuple[Banner, StayRow] | Response:
    """The patient in the address, and their open stay."""
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    stay = await stay_of(visit)
    return visit.tell(NO_STAY) if stay is None else (banner, stay)


def board_of(visit: Visit, form: Form) -> str:
    """The ward whose board they came from, as the form or the address says."""
    return form.values.get("of-ward", "") or visit.query("ward")[:64]


async def sent(visit: Visit, *, is_new: bool = False) -> Sent | Response:
    """What was sent, and the stay as it is now; `is_new`: it names what it makes."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    which = form.values.get("which", "")
    if is_new and not is_uuid(which):
        return visit.tell(NOT_FOUND)
    ward = form.values.get("of-ward", "")
    return Sent(
        form=form,
        which=which,
        ward=ward if is_fhir_id(ward) else "",
        stay=await stay_of(visit),
    )


async def stored(visit: Visit, type_: str, id_: str) -> Stored | Response:
    """One resource of the patient in the address, or of nobody."""
    found = await stored_or_none(visit, type_, id_)
    return visit.tell(NOT_FOUND) if found is None else found


async def stored_or_none(
    visit: Visit, type_: str, id_: str
) -> Stored | Response | None:
    opened = await visit.services[Reader].one(type_, id_, opener=opener_of(visit))
    if isinstance(opened, Refusal):
        return refused(visit, opened)
    if isinstance(opened, NotFound):
        return None
    [one] = opened.resources
    if one.patient and one.patient != visit.path("id"):
        return visit.tell(NOT_FOUND)
    return Stored(version=one.version, content=content_of(one.text))


async def read_as(
    visit: Visit, type_: str, id_: str, read: Callable[[Content], T | None]
) -> tuple[T, int] | Response:
    """What a resource says, and its version."""
    found = await stored(visit, type_, id_)
    if isinstance(found, Response):
        return found
    said = read(found.content)
    return visit.tell(NOT_FOUND) if said is None else (said, found.version)


async def carry_out(
    visit: Visit,
    did: str,
    changed: Sequence[Changed],
    beside: Sequence[Beside] = (),
    *,
    undoes: int | None = None,
) -> str | Response:
    """Write all of it with its step, or nothing; what became of it as `WARNED` has it.

    Empty where it is done.
    """
    opener, now = opener_of(visit), visit.clock.now()
    wrote = [
        (str(one.content["resourceType"]), str(one.content["id"]), one.version + 1)
        for one in changed
    ]
    line = step(
        opener.organisation,
        visit.path("id"),
        did,
        wrote,
        by=visit.session.account,
        at=now,
        undoes=undoes,
    )
    return await write(visit, changed, (*beside, line))


async def write(
    visit: Visit, changed: Sequence[Changed], beside: Sequence[Beside] = ()
) -> str | Response:
    """The same without a step of its own."""
    change = Change(
        drafts=[drafted_anew(one.content) for one in changed],
        expected=[one.version for one in changed],
        beside=beside,
    )
    written = await visit.services[Writer].write(change, opener=opener_of(visit))
    match written:
        case Written():
            return DONE
        case Refusal():
            return refused(visit, written)
        case Conflict():
            return CHANGED
        case AlreadyThere():
            return TAKEN
        case Invalid(problems=problems):
            is_taken = BED_TAKEN in problems or LEVEL_TAKEN in problems
            return TAKEN if is_taken else visit.tell(NOT_SAVED)


async def wards_of(visit: Visit) -> list[Person]:
    """Wards that have beds, by name: all of them, or one's own teams'."""
    every = await every_ward(visit)
    if WHOLE.admits(visit.session.role):
        return every
    own = (await mine_of(visit)).places
    return [one for one in every if one.reference in own]


async def every_ward(visit: Visit) -> list[Person]:
    known = await rows(visit).wards(opener_of(visit).organisation)
    return [one for one in await teams(visit) if id_of(one) in known]


async def ward_here(visit: Visit) -> Person | Response:
    """The ward of the address, where it is the visitor's own or they see all."""
    reference = f"{LOCATION}/{visit.path('ward')}"
    places = await teams(visit)
    found = next((one for one in places if one.reference == reference), None)
    if found is None:
        return visit.tell(NOT_FOUND)
    if not WHOLE.admits(visit.session.role):
        own = (await mine_of(visit)).places
        if reference not in own:
            return visit.tell(NOT_FOUND)
    return found


def id_of(place: Person) -> str:
    """The id in `Location/x`."""
    return place.reference.partition("/")[2]


async def at_door(visit: Visit, answer: Response) -> Response:
    """An answer made from rows alone, once the door lets the visitor see the patient.

    Else whoever knows an id learns from it whether somebody is on a ward.
    """
    banner = await banner_for(visit)
    return banner if isinstance(banner, Response) else answer


def person_path(visit: Visit) -> str:
    return f"/patients/{visit.path('id')}/ward"


def back_to(visit: Visit, ward: str, said: str) -> Response:
    """The board that somebody came from, else the patient's own page."""
    if is_fhir_id(ward):
        return visit.go_to(f"/wards/{ward}?said={said}&of={visit.path('id')}")
    return visit.go_to(f"{person_path(visit)}?said={said}")


def told(visit: Visit) -> tuple[str, bool] | None:
    """What became of what was just done, and whether it was."""
    said = visit.query("said")
    if said in SAID:
        return SAID[said], True
    return (WARNED[said], False) if said in WARNED else None
