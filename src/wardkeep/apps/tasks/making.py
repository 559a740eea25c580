# SPDX-License-Identifier: Apache-2.0
"""Making a task: about a patient or nobody, for a person or a team, until when.

Sent twice, it is made once: the form carries the task's id. Rejected: a task for
several people, which each of them takes for another's.
"""

from datetime import datetime, timedelta

import msgspec
from starlette.responses import Response

from wardkeep.base.clock import LONDON
from wardkeep.base.ids import is_fhir_id, new_uuid
from wardkeep.care.asked import (
    chosen,
    options,
    topics_for,
    typed_moment,
    whom_to_ask,
)
from wardkeep.care.colleagues import Mine, mine_of
from wardkeep.care.of_patient import WRITERS, banner_for
from wardkeep.care.sent_twice import store_once
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.team import is_place
from wardkeep.fhir.store.change import MUST_NOT_EXIST, Change
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.tasks.to_do import KINDS, PRIORITIES, ToDo, task_resource
from wardkeep.ui.banner import Banner
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import MALFORMED, Trouble
from wardkeep.web.visit import Visit

LONGEST_WORDS = 500
_ABOUT = ("Composition", "DiagnosticReport", "DocumentReference", "Communication")
"""What a task may come from."""
_USUAL_HOURS = 4


@page("/tasks/new", gate=WRITERS)
async def show_new(visit: Visit) -> Response:
    return await _form(visit, None, Form({}))


@page("/patients/{id}/tasks/new", gate=WRITERS)
async def show_new_about(visit: Visit) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    return await _form(visit, banner, Form({}))


@page("/tasks/new", gate=WRITERS, methods=("POST",))
async def make_task(visit: Visit) -> Response:
    return await _make(visit, None)


@page("/patients/{id}/tasks/new", gate=WRITERS, methods=("POST",))
async def make_about(visit: Visit) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    return await _make(visit, banner)


async def _form(visit: Visit, banner: Banner | None, form: Form) -> Response:
    mine = await mine_of(visit)
    people = await whom_to_ask(visit, mine, with_me=True)
    usual = visit.clock.now().astimezone(LONDON) + timedelta(hours=_USUAL_HOURS)
    said = {
        "which": new_uuid(),
        "about": _about(visit.query("about")),
        "kind": visit.query("kind"),
        "who": mine.me.reference,
        "priority": "routine",
        "due": f"{usual:%Y-%m-%dT%H:00}",
        "words": "",
    }
    problems = tuple(form.problems.values())
    return visit.render(
        "tasks/new.html",
        status=422 if problems else 200,
        id=visit.request.path_params.get("id", ""),
        banner=banner,
        values={name: form.values.get(name, usual) for name, usual in said.items()},
        people=options(people),
        kinds=tuple(KINDS.items()),
        priorities=tuple(PRIORITIES.items()),
        most=LONGEST_WORDS,
        problems=problems,
    )


def _about(reference: str) -> str:
    """As `Composition/x`; empty where a task comes from no such thing."""
    kind, _, id_ = reference.partition("/")
    return reference if kind in _ABOUT and is_fhir_id(id_) else ""


async def _make(visit: Visit, banner: Banner | None) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    if not is_fhir_id(form.values.get("which", "")):
        return visit.tell(MALFORMED)
    mine = await mine_of(visit)
    made = await _read(visit, form, mine)
    if made is None:
        return await _form(visit, banner, form)
    return await _store(visit, form, made)


async def _read(visit: Visit, form: Form, mine: Mine) -> ToDo | None:
    """What was typed; None where something is wrong with it."""
    people = await whom_to_ask(visit, mine, with_me=True)
    words = form.text("words", called="what is to be done", at_most=LONGEST_WORDS)
    kind = form.choice("kind", called="what kind of task", among=tuple(KINDS))
    priority = form.choice("priority", called="how urgent", among=tuple(PRIORITIES))
    due = typed_moment(form, "due", called="when it is due")
    who = chosen(form, "who", people)
    if form.problems or due is None or who is None:
        return None
    now = visit.clock.now()
    team, owner = for_whom(who)
    return ToDo(
        id=form.values["which"],
        kind=kind,
        words=words,
        due=due,
        patient=visit.request.path_params.get("id", ""),
        about=_about(form.values.get("about", "")),
        priority=priority,
        requester=mine.me,
        asked=now,
        changed=now,
        team=team,
        owner=owner,
    )


def for_whom(who: Person) -> tuple[Person, Person]:
    """The team whose queue it lies in, and who has it: one of both is nobody."""
    return (who, Person()) if is_place(who.reference) else (Person(), who)


def tells(one: ToDo, *others: str) -> Change:
    """An empty change that tells whose lists it is on."""
    who = (one.owner.reference, one.team.reference, one.requester.reference, *others)
    return Change(tells=topics_for("tasks", who))


async def _store(visit: Visit, form: Form, made: ToDo) -> Response:
    resource = task_resource(made)
    change = msgspec.structs.replace(
        tells(made), drafts=[draft_of(resource, made.id)], expected=[MUST_NOT_EXIST]
    )
    wrong = await store_once(
        visit, change, [resource.content], form=form, patient=made.patient
    )
    return wrong if wrong is not None else visit.go_to(f"/tasks/{made.id}?said=made")


def is_late(one: ToDo, now: datetime) -> bool:
    return one.is_open and one.due < now
