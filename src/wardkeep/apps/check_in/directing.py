# SPDX-License-Identifier: Apache-2.0
"""A clinic says how to find it, and a desk prints a slip for who has no phone.

Done means, to a receptionist: the lift is broken, I write it, and the next person at
the kiosk reads it in the words that I wrote; I take it back with one press. To whoever
stole my session: each change is a version with my name in the ledger, it holds plain
words that lead nowhere, and a slip names nobody.
"""

import re

from starlette.responses import Response

from wardkeep.apps.check_in.one_resource import read_one
from wardkeep.apps.check_in.reviewing import desk_opener
from wardkeep.apps.check_in.visiting import waiting
from wardkeep.apps.check_in.where import where_of
from wardkeep.apps.check_in.words import language, languages
from wardkeep.base.clock import LONDON
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.clinics.clinic import Clinic
from wardkeep.fhir.clinics.directions import (
    ENGLISH,
    LONGEST,
    PARTS,
    Directions,
    with_directions,
)
from wardkeep.fhir.clinics.places import Place, place_of
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.outcomes import OpenedResource, Written
from wardkeep.fhir.store.writing import Writer
from wardkeep.web.forms import Form
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

TYPE = "Location"
CLINIC_DESK = Gate.SIGNED_IN.only("receptionist", "shift_lead")
CALLED = {
    "area": "Where to wait",
    "way": "The way there",
    "step-free": "The way without steps",
}
LEADS_ELSEWHERE = re.compile(r"://|\bwww\.|@|\d[\d\s()-]{8,}\d", re.IGNORECASE)
"""An address, an e-mail, a telephone number: no way to a waiting area has one, and
whoever stole a desk would send people to theirs."""


@page("/check-in/directions/{place}", gate=CLINIC_DESK)
async def show_directions(visit: Visit) -> Response:
    found = await _read(visit)
    if not isinstance(found, OpenedResource):
        return found
    return _edit(visit, found, None)


async def _read(visit: Visit, version: int | None = None) -> OpenedResource | Response:
    return await read_one(
        visit, TYPE, visit.path("place"), opener=desk_opener(visit), version=version
    )


def _edit(visit: Visit, found: OpenedResource, form: Form | None) -> Response:
    place = place_of(found.id, found.text)
    problems = () if form is None else tuple(form.problems.values())
    return visit.render(
        "check_in/directions.html",
        status=422 if problems else 200,
        place=place,
        stored=found.version,
        parts=[(part, CALLED[part], LONGEST[part]) for part in PARTS],
        english=languages()[ENGLISH],
        others=[one for one in languages().values() if one.code != ENGLISH],
        typed=_typed(place) if form is None else form.values,
        problems=problems,
        where=where_of(place, languages()[ENGLISH]),
        is_saved=visit.query("said") == "saved",
    )


def _typed(place: Place) -> dict[str, str]:
    texts = place.directions.texts
    return {
        f"{part}-{code}": text
        for part, said in texts.items()
        for code, text in said.items()
    }


@page("/check-in/directions/{place}", gate=CLINIC_DESK, methods=("POST",))
async def write_directions(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await _read(visit)
    if not isinstance(found, OpenedResource):
        return found
    directions = _written(form)
    if form.problems:
        return _edit(visit, found, form)
    return await _store(visit, found, directions, form)


@page("/check-in/directions/{place}/undo", gate=CLINIC_DESK, methods=("POST",))
async def undo_directions(visit: Visit) -> Response:
    """What the version before said of them, as a version; the rest stays."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await _read(visit)
    if not isinstance(found, OpenedResource):
        return found
    before = await _read(visit, max(1, found.version - 1))
    if not isinstance(before, OpenedResource):
        return before
    was = place_of(before.id, before.text)
    form.values.update(_typed(was))
    return await _store(visit, found, was.directions, form)


async def _store(
    visit: Visit, found: OpenedResource, directions: Directions, form: Form
) -> Response:
    """A version of the Location, if the page was drawn from the newest one."""
    if form.values.get("stored") != str(found.version):
        return _changed_meanwhile(visit, found, form)
    draft = with_directions(found.text, directions, found.id)
    done = await visit.services[Writer].write(
        Change(drafts=[draft], expected=[found.version]), opener=desk_opener(visit)
    )
    if isinstance(done, Refusal):
        return visit.refuse(done, form)
    if isinstance(done, Written):
        return visit.go_to(f"/check-in/directions/{found.id}?said=saved")
    newest = await _read(visit)
    if not isinstance(newest, OpenedResource):
        return newest
    return _changed_meanwhile(visit, newest, form)


def _changed_meanwhile(visit: Visit, found: OpenedResource, form: Form) -> Response:
    """Theirs is shown, and what was typed here stays in the fields."""
    form.reject(
        f"area-{ENGLISH}",
        wrong="Somebody else changed the directions while you wrote",
        mend="Theirs stand under “As people read it now”. Save again to have yours.",
    )
    return _edit(visit, found, form)


def _written(form: Form) -> Directions:
    texts = {part: _texts(form, part) for part in PARTS}
    return Directions(texts={part: said for part, said in texts.items() if said})


def _texts(form: Form, part: str) -> dict[str, str]:
    """In each language; English first, because it stands where another is missing."""
    said = {}
    for one in languages().values():
        name = f"{part}-{one.code}"
        called = f"{CALLED[part]} ({one.name})"
        text = form.optional_text(name, called=called, at_most=LONGEST[part])
        text = " ".join(text.split())
        if LEADS_ELSEWHERE.search(text):
            form.reject(
                name,
                wrong=f"{called} has a telephone number or an address of the web in it",
                mend="Describe the way in words.",
            )
        if text and one.code != ENGLISH and ENGLISH not in said:
            form.reject(
                f"{part}-{ENGLISH}",
                wrong=f"{CALLED[part]} is missing in English",
                mend="Write it in English too: who reads another language sees that.",
            )
        if text:
            said[one.code] = text
    return said


@page("/check-in/slips/{appointment}", gate=CLINIC_DESK)
async def show_slip(visit: Visit) -> Response:
    """A number, a clinic and the way there, on paper, in a language: nobody's name."""
    opener = desk_opener(visit)
    words = language(visit.query("in"))
    places = await visit.services[Clinic].places.all(opener=opener)
    if isinstance(places, Refusal):
        return visit.refuse(places)
    found = await waiting(visit, opener.organisation, visit.path("appointment"))
    if found is None or found.line.standing.is_over:
        return visit.tell(NOT_FOUND)
    line = found.line
    return visit.render(
        "check_in/slip.html",
        words=words,
        at="phone",
        languages=tuple(languages().values()),
        wait=found if line.standing.is_open else None,
        number=line.ticket if line.standing.is_open else 0,
        time=f"{line.starts_at.astimezone(LONDON):%H:%M}",
        where=where_of(places.get(line.place), words),
        back=f"/clinics/{line.place}#a-{line.appointment}",
        printed=f"{visit.clock.now().astimezone(LONDON):%H:%M}",
    )
