# SPDX-License-Identifier: Apache-2.0
"""Writing to colleagues, and answering.

A message explains no opening: whoever is written to about a patient and has no work
with them gives a reason, as for any record. Rejected: a message that lets its reader
in, which anybody could send to anybody about everybody.
"""

from collections.abc import Sequence

from starlette.responses import Response

from wardkeep.apps.messages.reading import (
    LONGEST_TEXT,
    find_thread,
    thread_page,
    told,
)
from wardkeep.base.ids import is_fhir_id, new_uuid
from wardkeep.care.asked import options, whom_to_ask
from wardkeep.care.colleagues import mine_of
from wardkeep.care.of_patient import WRITERS, banner_for
from wardkeep.care.sent_twice import store_once
from wardkeep.fhir.messages.message import ANSWER, THREAD, Message, message_resource
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.change import MUST_NOT_EXIST, Change
from wardkeep.fhir.store.draft import draft_of
from wardkeep.ui.banner import Banner
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import MALFORMED, Trouble
from wardkeep.web.visit import Visit

TO = ("to-1", "to-2", "to-3")
LONGEST_SUBJECT = 120
NOT_KNOWN = Trouble(
    status=403,
    title="You cannot write messages yet",
    why="No administrator has said which practitioner of the record you are, so nobody"
    " could answer you.",
    mend="Ask an administrator to set it under People.",
)


@page("/messages/new", gate=WRITERS)
async def show_new_message(visit: Visit) -> Response:
    return await _form(visit, None, Form({}))


@page("/messages/new", gate=WRITERS, methods=("POST",))
async def send_message(visit: Visit) -> Response:
    return await _send(visit, None)


@page("/patients/{id}/messages/new", gate=WRITERS)
async def show_new_about_patient(visit: Visit) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    return await _form(visit, banner, Form({}))


@page("/patients/{id}/messages/new", gate=WRITERS, methods=("POST",))
async def send_about(visit: Visit) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    return await _send(visit, banner)


async def _form(visit: Visit, banner: Banner | None, form: Form) -> Response:
    mine = await mine_of(visit)
    if not mine.me.reference:
        return visit.tell(NOT_KNOWN)
    problems = tuple(form.problems.values())
    said = form.values
    return visit.render(
        "messages/new.html",
        status=422 if problems else 200,
        id=visit.request.path_params.get("id", ""),
        banner=banner,
        which=said.get("which") or new_uuid(),
        to=[said.get(name, "") for name in TO],
        people=options(await whom_to_ask(visit, mine)),
        subject=said.get("subject", ""),
        text=said.get("text", ""),
        most=LONGEST_TEXT,
        problems=problems,
    )


async def _send(visit: Visit, banner: Banner | None) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    if not is_fhir_id(form.values.get("which", "")):
        return visit.tell(MALFORMED)
    mine = await mine_of(visit)
    if not mine.me.reference:
        return visit.tell(NOT_KNOWN)
    to = _to(form, await whom_to_ask(visit, mine))
    subject = form.text("subject", called="the subject", at_most=LONGEST_SUBJECT)
    text = form.text("text", called="the message", at_most=LONGEST_TEXT)
    if form.problems:
        return await _form(visit, banner, form)
    made = Message(
        id=form.values["which"],
        kind=THREAD,
        thread=form.values["which"],
        patient=visit.request.path_params.get("id", ""),
        sender=mine.me,
        to=to,
        sent=visit.clock.now(),
        subject=subject,
        text=text,
    )
    return await _store(visit, form, made, head=made)


def _to(form: Form, people: Sequence[Person]) -> tuple[Person, ...]:
    """Whom the form names, each once; a problem where it is nobody.

    Nor is it sent to some of them alone, where one can be chosen no longer.
    """
    known = {one.reference: one for one in people}
    named = {form.values.get(name, ""): name for name in reversed(TO)}
    named.pop("", None)
    if not named:
        form.reject(TO[0], wrong="nobody is chosen", mend="Choose who it is to.")
    for one, place in named.items():
        if one not in known:
            wrong, mend = "they can be chosen no longer", "Choose somebody else."
            form.reject(place, wrong=wrong, mend=mend)
    return tuple(known[one] for one in reversed(named) if one in known)


@page("/messages/{thread}/answer", gate=WRITERS, methods=("POST",))
async def answer(visit: Visit) -> Response:
    """To everybody who is in the thread."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    if not is_fhir_id(form.values.get("which", "")):
        return visit.tell(MALFORMED)
    found = await find_thread(visit, form)
    if isinstance(found, Response):
        return found
    thread, mine = found
    if not mine.me.reference:
        return visit.tell(NOT_KNOWN)
    text = form.text("text", called="the answer", at_most=LONGEST_TEXT)
    if form.problems:
        return await thread_page(visit, form)
    head = thread.head
    everybody = dict.fromkeys((head.sender, *head.to))
    made = Message(
        id=form.values["which"],
        kind=ANSWER,
        thread=head.id,
        patient=head.patient,
        sender=mine.me,
        to=tuple(one for one in everybody if one != mine.me),
        sent=visit.clock.now(),
        text=text,
    )
    return await _store(visit, form, made, head=head)


async def _store(visit: Visit, form: Form, made: Message, *, head: Message) -> Response:
    resource = message_resource(made)
    change = Change(
        drafts=[draft_of(resource, made.id)],
        expected=[MUST_NOT_EXIST],
        tells=told(head),
    )
    wrong = await store_once(
        visit, change, [resource.content], form=form, patient=made.patient
    )
    return wrong if wrong is not None else visit.go_to(f"/messages/{head.id}?said=sent")
