# SPDX-License-Identifier: Apache-2.0
"""Saving a line, by itself or by its button, and taking a patient over.

Two people have a line each, so neither overwrites the other. One person's two windows
meet at the version: what comes second is kept as a line beside the first, and shown.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
from starlette.responses import Response

from wardkeep.apps.handover.listing import BETWEEN
from wardkeep.apps.handover.one import (
    ONE,
    TOLD,
    author_key,
    one_page,
    others_of,
    then_of,
)
from wardkeep.apps.handover.person import open_person
from wardkeep.apps.handover.places import Place, place_of
from wardkeep.base.clock import microseconds_since_epoch
from wardkeep.base.ids import is_fhir_id
from wardkeep.care.of_patient import WRITERS, refused, whole_number
from wardkeep.care.opening import opener_of
from wardkeep.db.changes import Topic
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.handover.handovers import Handovers
from wardkeep.fhir.handover.line import (
    LONGEST,
    TYPE,
    Line,
    Taken,
    beside,
    line_id,
    line_resource,
    read_handover,
    taken_resource,
)
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.store.change import MUST_NOT_EXIST, Change, Guard
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.store.outcomes import AlreadyThere, Conflict, NotFound, Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.ui.format import show_microseconds
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import MALFORMED, NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

_STAMPED = 4
"""How often a line is stamped anew where somebody takes over at the same time."""
_MOST_LINES = 80
"""As many as a page has."""
Versions = tuple[tuple[str, int], ...]
"""Ids of lines, each with its version."""


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """What a page that saves by itself is told."""

    seed: str
    version: int
    at: str
    is_beside: bool = False
    """Whether another window had gone on: these words are a line of their own now."""
    problem: str = ""


@page(f"{ONE}/line", gate=WRITERS, methods=("POST",))
async def save_line(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    place = await place_of(visit)
    if isinstance(place, Response):
        return place
    seed = form.values.get("seed", "")
    if not (is_fhir_id(seed) and is_fhir_id(visit.path("id"))):
        return visit.tell(MALFORMED)
    is_by_itself = form.values.get("by-itself") == "1"
    text = form.optional_text("text", called="the line", at_most=LONGEST)
    if form.problems:
        return _wrong(visit, form) if is_by_itself else await one_page(visit, form)
    version = whole_number(form.values.get("version", ""))
    saved = await _save(visit, place, seed, version, text)
    if isinstance(saved, Refusal):
        return refused(visit, saved, form)
    if saved is None:
        return visit.tell(NOT_FOUND)
    return visit.answer_json(saved) if is_by_itself else _back(visit, "saved")


def _wrong(visit: Visit, form: Form) -> Response:
    [problem] = form.problems.values()
    words = f"{problem.wrong[:1].upper()}{problem.wrong[1:]}. {problem.mend}"
    said = Saved(seed="", version=0, at="", problem=words)
    return visit.answer_json(said, status=422)


def _back(visit: Visit, said: str, patient: str = "", then: str = "") -> Response:
    here = f"/handover/{visit.path('place')}/patients/{patient or visit.path('id')}"
    then = then or BETWEEN.join(then_of(visit))
    return visit.go_to(f"{here}?said={said}" + (f"&then={then}" if then else ""))


async def _save(
    visit: Visit, place: Place, seed: str, version: int, text: str
) -> Saved | Refusal | None:
    """Write the line; where it went on elsewhere, beside it. None: it cannot be."""
    line, written = await _store(visit, place, seed, version, text)
    if isinstance(written, Conflict):
        return await _met(visit, place, line, version)
    return _saved(visit, seed, written)


async def _store(
    visit: Visit, place: Place, seed: str, version: int | None, text: str
) -> tuple[Line, object]:
    """The line as it was stamped, and what came of it.

    Where somebody took over in this very moment it is stamped anew, so that the ward's
    sheet says that it waits. Words are never lost for that: the last time it is stored
    in any case.
    """
    patient = visit.path("id")
    is_new = version in {MUST_NOT_EXIST, None}
    left = _STAMPED
    while True:
        left -= 1
        line = _line(visit, place, seed, text)
        guard = await visit.services[Handovers].unless_taken(
            patient, written=line.written, opener=opener_of(visit)
        )
        if isinstance(guard, Refusal):
            return line, guard
        written = await _write(
            visit,
            line_resource(line, patient=patient),
            version,
            tells=_topics(visit, is_new=is_new),
            guards=[guard] if left else (),
        )
        if not isinstance(written, AlreadyThere):
            return line, written


async def _met(
    visit: Visit, place: Place, line: Line, version: int
) -> Saved | Refusal | None:
    """The line is another than the page knew: its own words, sent twice, or others."""
    found = await visit.services[Reader].one(TYPE, line.id, opener=opener_of(visit))
    if isinstance(found, Refusal):
        return found
    now = None if isinstance(found, NotFound) else read_handover(found.resources[0])
    if isinstance(now, Line) and now.text == line.text:
        at = show_microseconds(microseconds_since_epoch(now.written))
        return Saved(seed=line.seed, version=now.version, at=at)
    seed = beside(line.seed, version, line.text)
    _, written = await _store(visit, place, seed, None, line.text)
    saved = _saved(visit, seed, written)
    if isinstance(saved, Saved):
        return msgspec.structs.replace(saved, is_beside=True)
    return saved


def _line(visit: Visit, place: Place, seed: str, text: str) -> Line:
    author = author_key(visit.session.account, place)
    return Line(
        id=line_id(visit.path("id"), author, seed),
        seed=seed,
        author=place.mine.me,
        written=visit.clock.now(),
        text=text,
    )


def _topics(visit: Visit, *, is_new: bool) -> tuple[Topic, ...]:
    """The patient's own page hears each save, the ward's sheet that there is a line."""
    own = Topic("handover-of", visit.path("id"))
    return (own, Topic("handover", visit.path("place"))) if is_new else (own,)


async def _write(
    visit: Visit,
    made: Resource,
    expected: int | None,
    *,
    tells: Iterable[Topic],
    guards: Sequence[Guard] = (),
) -> object:
    change = Change(
        drafts=[draft_of(made, made.id or "")],
        expected=[expected],
        tells=tuple(tells),
        guards=guards,
    )
    return await visit.services[Writer].write(change, opener=opener_of(visit))


def _saved(visit: Visit, seed: str, written: object) -> Saved | Refusal | None:
    if isinstance(written, Written):
        at = show_microseconds(microseconds_since_epoch(visit.clock.now()))
        return Saved(seed=seed, version=written.references[0].version, at=at)
    return written if isinstance(written, Refusal) else None


@page(f"{ONE}/taken", gate=WRITERS, methods=("POST",))
async def take_over(visit: Visit) -> Response:
    """What was shown is taken over, in the versions that were shown.

    Where a colleague has gone on since, nothing is: the ward's sheet knows by times
    alone, and would call a line taken over that nobody has read.
    """
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    place = await place_of(visit)
    if isinstance(place, Response):
        return place
    which = form.values.get("which", "")
    if not (is_fhir_id(which) and is_fhir_id(visit.path("id"))):
        return visit.tell(MALFORMED)
    lines = _lines(form.values.get("read", ""))
    guard = await _unless_read(visit, place, lines, form)
    if isinstance(guard, Response):
        return guard
    wrong = await _take(visit, place, Reading(which, lines, guard), form)
    if wrong is not None:
        return wrong
    following = _following(form)
    if form.values.get("on") != "1" or not following:
        return _back(visit, "taken", then=BETWEEN.join(following))
    return _back(visit, "next", following[0], BETWEEN.join(following[1:]))


def _following(form: Form) -> list[str]:
    then = form.values.get("then", "").split(BETWEEN)
    return [one for one in then if is_fhir_id(one)]


class Reading(NamedTuple):
    """What somebody takes over: the id that it gets, what they read, what must hold."""

    id: str
    lines: Versions
    guard: Guard


async def _take(
    visit: Visit, place: Place, reading: Reading, form: Form
) -> Response | None:
    """Write it; None once it is there."""
    now = visit.clock.now()
    taken = Taken(id=reading.id, by=place.mine.me, at=now, lines=reading.lines)
    written = await _write(
        visit,
        taken_resource(taken, patient=visit.path("id")),
        MUST_NOT_EXIST,
        tells=_topics(visit, is_new=True),
        guards=[reading.guard],
    )
    if isinstance(written, Refusal):
        return refused(visit, written, form)
    if isinstance(written, AlreadyThere):
        return _changed(visit, form)
    # Pressed twice, it is there once.
    is_there = isinstance(written, Written | Conflict)
    return None if is_there else visit.tell(NOT_FOUND)


async def _unless_read(
    visit: Visit, place: Place, read: Versions, form: Form
) -> Response | Guard:
    """The page again, where a colleague wrote or changed a line after it was drawn.

    Else what holds it so until the taking over is stored.
    """
    since = visit.clock.now()
    opener = msgspec.structs.replace(opener_of(visit), request=TOLD)
    person = await open_person(visit, visit.path("id"), opener)
    if isinstance(person, Refusal):
        return refused(visit, person, form)
    if isinstance(person, NotFound):
        return visit.tell(NOT_FOUND)
    others = others_of(person, place)
    if not all((one.id, one.version) in read for one in others):
        return _changed(visit, form)
    guard = await visit.services[Handovers].unless_unseen(
        person.id, seen=person.handed.seen, since=since, opener=opener
    )
    return refused(visit, guard, form) if isinstance(guard, Refusal) else guard


def _changed(visit: Visit, form: Form) -> Response:
    return _back(visit, "changed", then=BETWEEN.join(_following(form)))


def _lines(said: str) -> Versions:
    """Ids and versions, as a page's button says them."""
    pairs = (one.partition(":") for one in said.split()[:_MOST_LINES])
    return tuple(
        (id_, whole_number(version))
        for id_, _, version in pairs
        if is_fhir_id(id_) and whole_number(version)
    )
