# SPDX-License-Identifier: Apache-2.0
"""One patient of a handover: what to tell, the lines of colleagues, and one's own.

The page opens with what is told; one's own line is below and saves itself. Whoever
takes over presses once, and goes on to the next of the list.
"""

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from wardkeep.apps.handover.listing import BETWEEN, MOST_SHOWN
from wardkeep.apps.handover.person import Person, open_person
from wardkeep.apps.handover.places import Place, place_of
from wardkeep.base.ids import is_fhir_id, new_uuid
from wardkeep.care.of_patient import WRITERS, refused
from wardkeep.care.opening import opener_of
from wardkeep.db.changes import Topic
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.handover.line import LONGEST, Line
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.tasks.to_do import KINDS
from wardkeep.web.forms import Form
from wardkeep.web.live import Signal
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

ONE = "/handover/{place}/patients/{id}"
TOLD = "handover of one patient"


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """The visitor's own line, as its field is filled."""

    seed: str
    version: int
    text: str


def _hears(visit: Visit) -> Signal:
    id_ = visit.path("id")
    return Signal((Topic("handover-of", id_),) if is_fhir_id(id_) else ())


@page(f"{ONE}/lines", gate=WRITERS, hears=_hears)
async def show_lines_part(visit: Visit) -> Response:
    live = visit.live(show_lines_part)
    found = await opened(visit)
    if isinstance(found, Response):
        return found
    place, person = found
    return visit.part(
        live,
        "handover/lines_part.html",
        person=person,
        others=others_of(person, place),
        taking=_taking(person),
        which=new_uuid(),
        place=place,
        then=then_of(visit),
    )


@page(ONE, gate=WRITERS)
async def show_one(visit: Visit) -> Response:
    return await one_page(visit, Form({}))


async def one_page(visit: Visit, form: Form) -> Response:
    if not is_fhir_id(visit.path("id")):
        return visit.tell(NOT_FOUND)
    then = then_of(visit)
    live = visit.live(show_lines_part, then=BETWEEN.join(then))
    found = await opened(visit)
    if isinstance(found, Response):
        return found
    place, person = found
    problems = tuple(form.problems.values())
    own = own_of(person, place)
    return visit.render(
        "handover/one.html",
        status=422 if problems else 200,
        live=live,
        place=place,
        person=person,
        banner=person.banner,
        others=others_of(person, place),
        own=msgspec.structs.replace(own, text=form.values.get("text", own.text)),
        taking=_taking(person),
        which=new_uuid(),
        then=then,
        kinds=KINDS,
        most=LONGEST,
        said=visit.query("said"),
        problems=problems,
    )


async def opened(visit: Visit) -> tuple[Place, Person] | Response:
    """The place and the patient of the address, the patient through the door."""
    place = await place_of(visit)
    if isinstance(place, Response):
        return place
    opener = msgspec.structs.replace(opener_of(visit), request=TOLD)
    person = await open_person(visit, visit.path("id"), opener)
    if isinstance(person, Refusal):
        return refused(visit, person)
    return visit.tell(NOT_FOUND) if isinstance(person, NotFound) else (place, person)


def author_key(visit_account: str, place: Place) -> str:
    """Whom lines are told apart by, where nobody has said who somebody is as well."""
    return place.mine.me.reference or visit_account


def _is_mine(line: Line, place: Place) -> bool:
    me = place.mine.me
    if me.reference:
        return line.author.reference == me.reference
    return not line.author.reference and line.author.display == me.display


def own_of(person: Person, place: Place) -> Own:
    """The visitor's newest line that nobody has taken over, or a new one."""
    mine = [one for one in person.handed.now if _is_mine(one, place) and one.seed]
    if not mine:
        return Own(seed=new_uuid(), version=0, text="")
    return Own(seed=mine[0].seed, version=mine[0].version, text=mine[0].text)


def others_of(person: Person, place: Place) -> list[Line]:
    """Lines besides the one in the visitor's own field."""
    own = own_of(person, place).seed
    return [one for one in person.handed.now if one.seed != own]


def _taking(person: Person) -> str:
    """What is read now, as the button says it: ids and versions."""
    return " ".join(f"{one.id}:{one.version}" for one in person.handed.now)


def then_of(visit: Visit) -> Sequence[str]:
    """Who follows in the list that one came from."""
    found = visit.query("then").split(BETWEEN)[:MOST_SHOWN]
    return [one for one in found if is_fhir_id(one)]
