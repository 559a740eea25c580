# SPDX-License-Identifier: Apache-2.0
"""One subject gone through together, in four steps, and what is agreed about it.

Done means: we understand it, look forward, look at what could be done and agree who
does what until when; mine is on my list of tasks, the person's stands in their plan,
and next time we begin with it. What is typed is kept meanwhile. Two who write it at
once both keep their words: the second sees what the first one stored. Rejected: all
subjects on one page (a tablet between two people shows one), and a Task for the person
(they have no list here; a task nobody can see is a promise nobody keeps).
"""

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from wardkeep.apps.assessments.agreed import (
    LONGEST_STEP,
    read_actions,
    read_steps,
    reject_days_gone,
    rows_of,
    tasks_of,
    typed_of,
    who_may,
)
from wardkeep.apps.assessments.opening import Shelved, Whole, assessment_in
from wardkeep.care.asked import topics_for, whom_to_ask
from wardkeep.care.colleagues import Mine, mine_of
from wardkeep.care.keeping import Keeping, finish, go_on, overtaken, resume
from wardkeep.care.kept_forms import TALK
from wardkeep.care.of_patient import (
    CHANGED,
    WRITERS,
    banner_for,
    refused,
    whole_number,
)
from wardkeep.care.opening import instant, me, opener_of
from wardkeep.care.talks import talks_with
from wardkeep.care.writing import drafted
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.assessments.talks import (
    ACTIVE,
    ENDINGS,
    HINTS,
    MOST_ACTIONS,
    STEPS,
    TYPE,
    Action,
    Talk,
    parts_of,
    read_talk,
    talk_content,
    talk_id,
)
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.questionnaires.scale import subjects_of, talks_of
from wardkeep.fhir.store.change import MUST_NOT_EXIST, Change
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.store.outcomes import NotFound, Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.tasks.to_do import ToDo, task_resource
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

_ENOUGH = Trouble(
    status=409,
    title="Enough was gone through this time",
    why="As many subjects were talked about as one meeting carries.",
    mend="Go on with one of those, or take this one next time.",
)
_OVER = Trouble(
    status=409,
    title="This is over",
    why="It was reached, given up, or entered in error.",
    mend="Open it again on the page of the ratings, or begin another next time.",
)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A subject of an assessment, with what is stored about it."""

    id: str
    whole: Whole
    subject: str
    rated: str
    talk: Talk | None
    """None: nothing is stored yet."""

    @property
    def version(self) -> int:
        return self.talk.version if self.talk else 0

    @property
    def on_lists(self) -> tuple[Action, ...]:
        """What is on colleagues' lists already: it is changed there."""
        actions = self.talk.actions if self.talk else ()
        return tuple(one for one in actions if one.task)


@page("/patients/{id}/talks/{talk}", gate=WRITERS)
async def show_talk_form(visit: Visit) -> Response:
    found = await _find(visit)
    if isinstance(found, Response):
        return found
    if found.talk is not None and not found.talk.is_active:
        return visit.tell(_OVER)
    keeping = await resume(visit, TALK, note=found.id, based_on=found.version)
    if isinstance(keeping, Response):
        return keeping
    form = Form(typed_of(found.talk) | keeping.values)
    is_second = await overtaken(visit, keeping, found.version)
    return await _show(visit, found, form, keeping, is_second=is_second)


async def _find(visit: Visit) -> Found | Response:
    """Of the patient in the address, opened at the door."""
    id_ = visit.path("talk")
    assessment, link = parts_of(id_)
    if not talk_id(assessment, link):
        return visit.tell(NOT_FOUND)
    one = await assessment_in(visit, assessment)
    if isinstance(one, Response):
        return one
    whole = await Shelved(visit).whole(one)
    asked = whole.questionnaire
    most = talks_of(asked) if asked is not None else 0
    subjects = subjects_of(asked) if asked is not None and most else ()
    subject = next((it for it in subjects if it.link_id == link), None)
    stored = await _stored(visit, id_)
    if isinstance(stored, Response):
        return stored
    if subject is None or (stored is None and one.is_wrong):
        return visit.tell(NOT_FOUND)
    if stored is None and not await _has_room(visit, assessment, most):
        return visit.tell(_ENOUGH)
    rated = next((it.answer for it in whole.parts if it.link == link), "")
    return Found(id=id_, whole=whole, subject=subject.words(), rated=rated, talk=stored)


async def _stored(visit: Visit, id_: str) -> Talk | Response | None:
    opened = await visit.services[Reader].one(TYPE, id_, opener=opener_of(visit))
    if isinstance(opened, NotFound):
        return None
    if isinstance(opened, Refusal):
        return refused(visit, opened)
    talk = read_talk(opened.resources[0])
    if talk is None or talk.patient != visit.path("id"):
        return visit.tell(NOT_FOUND)
    return talk


async def _has_room(visit: Visit, assessment: str, most: int) -> bool:
    talks = await talks_with(visit)
    if isinstance(talks, Response):
        return False
    of_it = [one for one in talks if one.assessment == assessment]
    return sum(not one.is_wrong for one in of_it) < most


@page("/patients/{id}/talks/{talk}", gate=WRITERS, methods=("POST",))
async def write_talk(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await _find(visit)
    if isinstance(found, Response):
        return found
    mine = await mine_of(visit)
    people = await whom_to_ask(visit, mine, with_me=True)
    made = await _read(visit, found, form, people)
    if made is None:
        return await _again(visit, found, form)
    if found.talk is not None and _says_the_same(found.talk, made):
        return await _done(visit, form, made)
    if found.talk is not None and not found.talk.is_active:
        return visit.tell(_OVER)
    if whole_number(form.values.get("version", "")) != found.version:
        return await _again(visit, found, form, is_second=True)
    return await _write(visit, found, form, made, mine)


async def _read(
    visit: Visit, found: Found, form: Form, people: Sequence[Person]
) -> Talk | None:
    """What was typed, beside what is on lists already; None: it is to be mended."""
    fixed = found.on_lists
    steps = read_steps(form)
    typed = read_actions(form, talk=found.id, patient=visit.path("id"), people=people)
    reject_days_gone(form, today=visit.today)
    known = {one.task for one in fixed}
    actions = (*fixed, *(one for one in typed if one.task not in known))
    if not steps and not actions and not form.problems:
        first = next(iter(STEPS))
        form.reject(first, wrong="Nothing is written", mend="Write one of the steps.")
    if len(actions) > MOST_ACTIONS:
        mend = f"Agree on {MOST_ACTIONS} at most; empty the others."
        form.reject("what-1", wrong="that is more than can be held", mend=mend)
    if form.problems:
        return None
    return Talk(
        id=found.id,
        patient=visit.path("id"),
        subject=found.subject,
        steps=steps,
        actions=actions,
        author=await me(visit),
        when=instant(visit),
    )


def _says_the_same(one: Talk, other: Talk) -> bool:
    """Whether it is one form sent twice: all but who wrote it, and when."""
    return one.steps == other.steps and set(one.actions) == set(other.actions)


async def _write(
    visit: Visit, found: Found, form: Form, made: Talk, mine: Mine
) -> Response:
    known = {one.task for one in found.on_lists}
    tasks = tasks_of(made, me=mine.me, now=visit.clock.now(), known=known)
    written = await visit.services[Writer].write(
        _change(made, tasks, found.version), opener=opener_of(visit)
    )
    if isinstance(written, Refusal):
        return refused(visit, written, form)
    if isinstance(written, Written):
        return await _done(visit, form, made)
    return await _met(visit, form, made)


def _change(made: Talk, tasks: Sequence[ToDo], version: int) -> Change:
    """The talk, and what colleagues get by it: all of it or nothing."""
    resources = [task_resource(one) for one in tasks]
    whose = [who for one in tasks for who in (one.owner, one.team, one.requester)]
    return Change(
        drafts=[
            drafted(talk_content(made)),
            *(draft_of(it, one.id) for it, one in zip(resources, tasks, strict=True)),
        ],
        expected=[version, *(MUST_NOT_EXIST for _ in tasks)],
        tells=topics_for("tasks", [who.reference for who in whose]),
    )


async def _done(visit: Visit, form: Form, made: Talk) -> Response:
    await finish(visit, form)
    return visit.go_to(f"{_page_of(visit, made)}?saved={made.id}#talked")


def _page_of(visit: Visit, made: Talk) -> str:
    return f"/patients/{visit.path('id')}/assessments/{made.assessment}/together"


async def _met(visit: Visit, form: Form, made: Talk) -> Response:
    """Somebody was faster: oneself with the same form, or a colleague."""
    found = await _find(visit)
    if isinstance(found, Response):
        return found
    if found.talk is not None and _says_the_same(found.talk, made):
        return await _done(visit, form, made)
    return await _again(visit, found, form, is_second=True)


async def _again(
    visit: Visit, found: Found, form: Form, *, is_second: bool = False
) -> Response:
    keeping = await go_on(visit, TALK, form, note=found.id, built_on=found.version)
    if isinstance(keeping, Response):
        return keeping
    return await _show(visit, found, form, keeping, is_second=is_second)


async def _show(
    visit: Visit, found: Found, form: Form, keeping: Keeping, *, is_second: bool
) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    problems = tuple(form.problems.values())
    is_met = is_second and not keeping.is_resumed
    people = await whom_to_ask(visit, await mine_of(visit), with_me=True)
    return visit.render(
        "assessments/talk.html",
        status=422 if problems else 409 if is_met else 200,
        id=visit.path("id"),
        banner=banner,
        found=found,
        steps=[(code, title, HINTS[code]) for code, title in STEPS.items()],
        rows=rows_of(found.on_lists, form.values),
        who=who_may(people),
        typed=form.values,
        problems=problems,
        stored=found.talk if is_second else None,
        keeping=keeping,
        longest=LONGEST_STEP,
    )


@page("/patients/{id}/talks/{talk}/state", gate=WRITERS, methods=("POST",))
async def end_talk(visit: Visit) -> Response:
    """Reached, given up or an error; or open again, which undoes it."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    how = form.values.get("how", "")
    stored = await _stored(visit, visit.path("talk"))
    if isinstance(stored, Response):
        return stored
    if stored is None or how not in (ACTIVE, *ENDINGS):
        return visit.tell(NOT_FOUND)
    if stored.status == how:
        return visit.go_to(f"{_page_of(visit, stored)}#talked")
    if whole_number(form.values.get("version", "")) != stored.version:
        return visit.tell(CHANGED)
    return await _turn(visit, form, stored, how)


async def _turn(visit: Visit, form: Form, stored: Talk, how: str) -> Response:
    now = msgspec.structs.replace(
        stored, status=how, author=await me(visit), when=instant(visit)
    )
    written = await visit.services[Writer].write(
        _change(now, (), stored.version), opener=opener_of(visit)
    )
    if isinstance(written, Refusal):
        return refused(visit, written, form)
    if not isinstance(written, Written):
        return visit.tell(CHANGED)
    return visit.go_to(f"{_page_of(visit, now)}#talked")
