# SPDX-License-Identifier: Apache-2.0
"""What is done with one call that waits: taken, rung, given on, pinned, taken back.

Each press carries the version that it was drawn beside. Of two who press the database
takes the first; the second is told. A press whose answer was lost does nothing twice.
"""

from collections.abc import Mapping

import msgspec
from starlette.responses import Response

from wardkeep.apps.urgent_queue.case import LONGEST, show
from wardkeep.apps.urgent_queue.opening import (
    BOARD,
    DONE,
    NOBODY_YET,
    STAFF,
    TAKEN,
    Here,
    find,
    leads,
    organisation_of,
    path_of,
    workers_in,
    write,
)
from wardkeep.care.asked import chosen
from wardkeep.care.colleagues import Mine, mine_of
from wardkeep.care.of_patient import whole_number
from wardkeep.care.stored import stored
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.change import Beside
from wardkeep.fhir.urgent.dispatching import CALL_OFF
from wardkeep.fhir.urgent.moving import (
    ALREADY_TAKEN,
    NOT_YOURS,
    Cannot,
    advance,
    take_back,
)
from wardkeep.fhir.urgent.queueing import (
    TYPE,
    Did,
    Entry,
    entry_content,
    entry_in,
)
from wardkeep.fhir.urgent.steps import Step
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

_NEEDS_WORDS: Mapping[Step, str] = {
    Step.HAND_BACK: "why you hand it back",
    Step.AWAIT: "what it waits for",
    Step.PIN: "why it goes first",
    Step.UNPIN: "why it goes back to its place",
}
_MAY_HAVE_WORDS = frozenset({Step.NO_ANSWER, Step.COMFORT, Step.ASSIGN})
_ONE_PRESS = frozenset({Step.TAKE, Step.REACH, Step.SEE})
_STEPS = {*_NEEDS_WORDS, *_MAY_HAVE_WORDS, *_ONE_PRESS}


class Pressed(msgspec.Struct, frozen=True, kw_only=True):
    """A form about one case, at the version that it was drawn beside."""

    here: Here
    mine: Mine
    form: Form


@page(f"{BOARD}/cases/{{entry}}/do/{{step}}", gate=STAFF, methods=("POST",))
async def take_step(visit: Visit) -> Response:
    said = visit.path("step")
    step = next((one for one in _STEPS if one == said), None)
    if step is None:
        return visit.tell(NOT_FOUND)
    found = await pressed(visit, step)
    if isinstance(found, Response):
        return found
    did = await _did(visit, step, found)
    if did is None:
        return await show(visit, found.form, act=said)
    after = advance(found.here.entry, did, leads=leads(visit))
    if isinstance(after, Cannot):
        return visit.go_to(path_of(found.here.entry.id, _why(after)))
    return await _store(visit, found.here, after, _told(after, step))


async def _did(visit: Visit, step: Step, found: Pressed) -> Did | None:
    """What was done, as it was typed; None where something is wrong with it."""
    form, words, to = found.form, "", Person()
    if step in _NEEDS_WORDS:
        words = form.text("word", called=_NEEDS_WORDS[step], at_most=LONGEST)
    elif step in _MAY_HAVE_WORDS:
        words = form.optional_text("word", called="the word", at_most=LONGEST)
    if step is Step.ASSIGN:
        there = await workers_in(visit, found.here.entry.skill, found.mine.me)
        to = chosen(form, "who", there) or to
    if form.problems:
        return None
    return Did(step=step, at=visit.clock.now(), by=found.mine.me, words=words, to=to)


def _why(cannot: Cannot) -> str:
    return {NOT_YOURS: "not-yours", ALREADY_TAKEN: "taken"}.get(cannot, "changed")


def _told(after: Entry, step: Step) -> str:
    if step is Step.TAKE:
        return "took"
    return "escalated" if step is Step.NO_ANSWER and after.is_escalated else str(step)


async def _store(visit: Visit, here: Here, after: Entry, said: str) -> Response:
    done = await write(
        visit,
        [(entry_content(after, here.content), here.version)],
        patient=after.patient,
    )
    if isinstance(done, Response):
        return done
    if done != DONE:
        return visit.go_to(path_of(after.id, done))
    if said == Step.HAND_BACK:
        return visit.go_to(f"{BOARD}?said=handed-back")
    return visit.go_to(path_of(after.id, said))


@page(f"{BOARD}/cases/{{entry}}/undo", gate=STAFF, methods=("POST",))
async def undo(visit: Visit) -> Response:
    """What one did last is written as it was before; both stay in its history."""
    found = await pressed(visit, Step.UNDO)
    if isinstance(found, Response):
        return found
    here, me = found.here, found.mine.me
    was = await stored(
        visit,
        TYPE,
        here.entry.id,
        patient=here.entry.patient,
        version=here.version - 1,
    )
    if isinstance(was, Response):
        return was
    before = entry_in(was.content)
    did = Did(step=Step.UNDO, at=visit.clock.now(), by=me)
    again = None if before is None else take_back(here.entry, before, did)
    if not isinstance(again, Entry):
        return visit.go_to(path_of(here.entry.id, "too-late"))
    return await _store(visit, here, again, str(Step.UNDO))


@page(f"{BOARD}/cases/{{entry}}/call-off", gate=STAFF, methods=("POST",))
async def call_off(visit: Visit) -> Response:
    """Stop an ambulance within five seconds: whoever does has the case."""
    found = await pressed(visit, Step.TAKE)
    if isinstance(found, Response):
        return found
    here, now = found.here, visit.clock.now()
    did = Did(step=Step.TAKE, at=now, by=found.mine.me, words="Ambulance stopped")
    after = advance(here.entry, did, leads=leads(visit))
    if isinstance(after, Cannot):
        return visit.go_to(path_of(here.entry.id, _why(after)))
    values = (organisation_of(visit), here.entry.id, now)
    done = await write(
        visit,
        [(entry_content(after, here.content), here.version)],
        beside=[Beside(sql=CALL_OFF, values=values)],
        patient=after.patient,
    )
    if isinstance(done, Response):
        return done
    said = {DONE: "stopped", TAKEN: "sent"}.get(done, done)
    return visit.go_to(path_of(after.id, said))


async def pressed(visit: Visit, step: Step) -> Pressed | Response:
    """The case at the version that was shown; else the page that says how it is."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    here = await find(visit, visit.path("entry"))
    if isinstance(here, Response):
        return here
    mine = await mine_of(visit)
    if not mine.me.reference:
        return visit.tell(NOBODY_YET)
    version = whole_number(form.values.get("version", ""))
    if version != here.version:
        return visit.go_to(path_of(here.entry.id, _since(here, mine, step, version)))
    return Pressed(here=here, mine=mine, form=form)


def _since(here: Here, mine: Mine, step: Step, version: int) -> str:
    """What to say of a version that is not the one shown: this very press, or not."""
    did = here.entry.did
    is_next = here.version == version + 1 and bool(did)
    if is_next and did[-1].step is step and did[-1].by.reference == mine.me.reference:
        return _told(here.entry, step)
    return "taken" if step is Step.TAKE else "changed"
