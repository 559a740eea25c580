# SPDX-License-Identifier: Apache-2.0
"""One task: taken by one person, done with a word, handed on, called off, undone.

Each button carries the version that it was drawn beside. Of two who take one task the
database takes the first; the second is told who has it. Who may do what is whose task
it is: its owner, its team, or whoever asked.
"""

from collections.abc import Collection

import msgspec
from starlette.responses import Response

from wardkeep.apps.tasks.making import for_whom, is_late, tells
from wardkeep.base.ids import is_fhir_id
from wardkeep.care.asked import chosen, options, whom_to_ask
from wardkeep.care.colleagues import Mine, mine_of
from wardkeep.care.of_patient import (
    CHANGED,
    WRITERS,
    refused,
    who_is_it,
    whole_number,
)
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.store.outcomes import NotFound, Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.tasks.tasks import Tasks
from wardkeep.fhir.tasks.to_do import (
    ACCEPTED,
    CANCELLED,
    DONE,
    KINDS,
    PRIORITIES,
    REQUESTED,
    TYPE,
    Said,
    ToDo,
    instant_of,
    read_to_do,
    task_resource,
)
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

_ONE = "/tasks/{task}"
LONGEST_WORD = 300
_FIELDS = ("who", "done-word", "on-word", "off-word")
CLAIM, FINISH, HAND_ON, CALL_OFF, UNDO = "claim", "done", "hand-on", "call-off", "undo"
_ENDED = {DONE: "Done", CANCELLED: "Called off"}
_LINES = {
    CLAIM: "Taken",
    FINISH: "Done: ",
    CALL_OFF: "Called off: ",
    HAND_ON: "Handed on to ",
    UNDO: "Undone",
}
"""How the line of each begins."""
_WORD_OF = {FINISH: "done-word", CALL_OFF: "off-word", HAND_ON: "on-word"}
_SAID = {CLAIM: "claimed", HAND_ON: "handed", UNDO: "undone"} | {
    one: one for one in (FINISH, CALL_OFF)
}
"""What the page says once it is done."""
_NOT_YOURS = Trouble(
    status=403,
    title="That is not for you to do with this task",
    why="It is somebody else’s, or it is over.",
    mend="Look at the task again: it says whose it is.",
)
_PLACES = {
    "Composition": ("notes", "The note"),
    "DiagnosticReport": ("results", "The result"),
    "DocumentReference": ("letters", "The letter"),
}


def acts_of(one: ToDo, mine: Mine) -> frozenset[str]:
    """What the visitor may do with it."""
    me = mine.me.reference
    is_owner = one.owner.reference == me != ""
    is_of_team = one.team.reference in mine.teams
    is_asker = one.requester.reference == me != ""
    acts: set[str] = set()
    if one.is_open:
        acts |= {FINISH, HAND_ON} if is_owner else set()
        acts |= {CALL_OFF, HAND_ON} if is_asker else set()
        acts |= {CLAIM, HAND_ON} if one.is_free and is_of_team and me else set()
    if len(one.said) > 0 and one.said[-1].author_reference.reference == me != "":
        acts.add(UNDO)
    return frozenset(acts)


def _may_see(one: ToDo, mine: Mine) -> bool:
    """Of a task about nobody: those whom it concerns. Others are the record's."""
    whose = (one.owner.reference, one.requester.reference)
    is_of_team = one.team.reference in mine.teams
    return bool(one.patient) or is_of_team or mine.me.reference in filter(None, whose)


async def _find(visit: Visit, form: Form | None = None) -> ToDo | Response:
    id_ = visit.path("task")
    if not is_fhir_id(id_):
        return visit.tell(NOT_FOUND)
    opener = opener_of(visit)
    found = await visit.services[Reader].one(TYPE, id_, opener=opener)
    if isinstance(found, Refusal):
        whose = await visit.services[Tasks].whose(id_, opener=opener)
        return refused(visit, found, form, patient=whose[0] if whose else "none")
    one = None if isinstance(found, NotFound) else read_to_do(found.resources[0])
    return one if one is not None and one.kind in KINDS else visit.tell(NOT_FOUND)


@page(_ONE, gate=WRITERS)
async def show_task(visit: Visit) -> Response:
    return await _show(visit, Form({}))


async def _show(visit: Visit, form: Form) -> Response:
    one, mine = await _find(visit), await mine_of(visit)
    if isinstance(one, Response):
        return one
    if not _may_see(one, mine):
        return visit.tell(NOT_FOUND)
    who = await who_is_it(visit, one.patient) if one.patient else None
    if isinstance(who, Response):
        return who
    problems = tuple(form.problems.values())
    people = await whom_to_ask(visit, mine)
    return visit.render(
        "tasks/task.html",
        status=422 if problems else 200,
        task=one,
        kind=KINDS[one.kind],
        priority=PRIORITIES.get(one.priority, one.priority),
        banner=who[0] if who else None,
        acts=acts_of(one, mine),
        people=options([it for it in people if it.reference != one.owner.reference]),
        from_=_from(one),
        is_late=is_late(one, visit.clock.now()),
        said=visit.query("said"),
        values={name: form.values.get(name, "") for name in _FIELDS},
        problems=problems,
        most=LONGEST_WORD,
    )


def _from(one: ToDo) -> tuple[str, str] | None:
    """Where it came from: address and words."""
    kind, _, id_ = one.about.partition("/")
    if kind == "Communication":
        return f"/messages/{id_}", "The message"
    if kind == "Goal" and one.patient:
        return f"/patients/{one.patient}/plans#talk-{id_}", "What was agreed"
    if kind not in _PLACES or not one.patient:
        return None
    section, words = _PLACES[kind]
    end = "" if section == "results" else f"/{id_}"
    return f"/patients/{one.patient}/{section}{end}", words


@page(f"{_ONE}/claim", gate=WRITERS, methods=("POST",))
async def claim(visit: Visit) -> Response:
    """Take it out of the team's queue; two never get one."""
    found = await _to_act(visit, CLAIM)
    if isinstance(found, Response):
        return found
    one, mine, _ = found
    taken = msgspec.structs.replace(one, owner=mine.me, status=ACCEPTED)
    return await _store(visit, one, taken, mine, word="Taken", said="claimed")


@page(f"{_ONE}/done", gate=WRITERS, methods=("POST",))
async def finish(visit: Visit) -> Response:
    return await _end(visit, FINISH, DONE, field="done-word", called="what came of it")


@page(f"{_ONE}/call-off", gate=WRITERS, methods=("POST",))
async def call_off(visit: Visit) -> Response:
    return await _end(visit, CALL_OFF, CANCELLED, field="off-word", called="why")


async def _end(
    visit: Visit, act: str, status: str, *, field: str, called: str
) -> Response:
    """It is over, with a word."""
    found = await _to_act(visit, act)
    if isinstance(found, Response):
        return found
    one, mine, form = found
    word = form.text(field, called=called, at_most=LONGEST_WORD)
    if form.problems:
        return await _show(visit, form)
    over = msgspec.structs.replace(one, status=status)
    words = f"{_ENDED[status]}: {word}"
    return await _store(visit, one, over, mine, word=words, said=act)


@page(f"{_ONE}/hand-on", gate=WRITERS, methods=("POST",))
async def hand_on(visit: Visit) -> Response:
    found = await _to_act(visit, HAND_ON)
    if isinstance(found, Response):
        return found
    one, mine, form = found
    who = chosen(form, "who", await whom_to_ask(visit, mine))
    word = form.optional_text("on-word", called="the word", at_most=LONGEST_WORD)
    if form.problems or who is None:
        return await _show(visit, form)
    team, owner = for_whom(who)
    handed = msgspec.structs.replace(one, status=REQUESTED, team=team, owner=owner)
    words = f"Handed on to {who.display}" + (f": {word}" if word else "")
    return await _store(visit, one, handed, mine, word=words, said="handed")


@page(f"{_ONE}/undo", gate=WRITERS, methods=("POST",))
async def undo(visit: Visit) -> Response:
    """What one did last is written as it was before; both stay in the history."""
    found = await _to_act(visit, UNDO)
    if isinstance(found, Response):
        return found
    one, mine, _ = found
    opened = await visit.services[Reader].one(
        TYPE, one.id, opener=opener_of(visit), version=one.version - 1
    )
    if isinstance(opened, Refusal):
        return refused(visit, opened, patient=one.patient)
    before = None if isinstance(opened, NotFound) else read_to_do(opened.resources[0])
    if before is None:
        return visit.tell(NOT_FOUND)
    again = msgspec.structs.replace(before, said=one.said)
    return await _store(visit, one, again, mine, word="Undone", said="undone")


async def _to_act(visit: Visit, act: str) -> tuple[ToDo, Mine, Form] | Response:
    """The task at the version that was shown, where the visitor may do this."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    one, mine = await _find(visit, form), await mine_of(visit)
    if isinstance(one, Response):
        return one
    if not _may_see(one, mine):
        return visit.tell(NOT_FOUND)
    version = whole_number(form.values.get("version", ""))
    if version != one.version:
        if is_sent_twice(one, mine, act, form, version):
            return _told(visit, one, _SAID[act])
        return _told(visit, one, "taken" if act == CLAIM else "changed")
    if act not in acts_of(one, mine):
        return visit.tell(_NOT_YOURS)
    return one, mine, form


def is_sent_twice(one: ToDo, mine: Mine, act: str, form: Form, version: int) -> bool:
    """Whether the version that followed is this very press, whose answer was lost."""
    me = mine.me.reference
    if one.version != version + 1 or not me or not one.said:
        return False
    last, words = one.said[-1], form.values.get(_WORD_OF.get(act, ""), "").strip()
    is_so = last.text.startswith(_LINES[act]) and last.text.endswith(words)
    has_it = (one.owner.reference, one.team.reference)
    is_for_them = act != HAND_ON or form.values.get("who", "") in has_it
    return is_so and is_for_them and last.author_reference.reference == me


def _told(visit: Visit, one: ToDo, said: str) -> Response:
    return visit.go_to(f"/tasks/{one.id}?said={said}")


async def _store(
    visit: Visit, before: ToDo, after: ToDo, mine: Mine, *, word: str, said: str
) -> Response:
    now = visit.clock.now()
    line = _line(mine, instant_of(now), word)
    after = msgspec.structs.replace(after, changed=now, said=(*after.said, line))
    others: Collection[str] = (before.owner.reference, before.team.reference)
    change = msgspec.structs.replace(
        tells(after, *others),
        drafts=[draft_of(task_resource(after), after.id)],
        expected=[before.version],
    )
    written = await visit.services[Writer].write(change, opener=opener_of(visit))
    if isinstance(written, Refusal):
        return refused(visit, written, patient=after.patient)
    if isinstance(written, Written):
        return _told(visit, after, said)
    if said == "claimed":
        return _told(visit, after, "taken")
    return visit.tell(CHANGED)


def _line(mine: Mine, time: str, text: str) -> Said:
    if mine.me.reference:
        return Said(author_reference=mine.me, time=time, text=text)
    return Said(author_string=mine.me.display, time=time, text=text)
