# SPDX-License-Identifier: Apache-2.0
"""One thread: what was written, who has read it, and an answer below.

Done means: whoever wrote sees who has read it, and when. A message counts as read once
its page says so by itself, up to the last one that it showed: what came meanwhile stays
unread. Rejected: read by being fetched (a browser that looks ahead would read for me).
"""

import msgspec
from starlette.responses import Response

from wardkeep.base.ids import is_fhir_id, new_uuid
from wardkeep.care.asked import topics_for
from wardkeep.care.colleagues import Mine, mine_of
from wardkeep.care.of_patient import WRITERS, refused, who_is_it
from wardkeep.care.opening import opener_of
from wardkeep.db.changes import Topic
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.messages.message import (
    RECEIPT,
    Message,
    message_resource,
    receipt_id,
)
from wardkeep.fhir.messages.messages import Messages, Thread
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.writing import Writer
from wardkeep.web.forms import Form
from wardkeep.web.live import Signal
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

LONGEST_TEXT = 2_000


class Bubble(msgspec.Struct, frozen=True, kw_only=True):
    """One message as the page shows it."""

    message: Message
    is_mine: bool
    read_by: tuple[Message, ...]
    """Receipts."""


def is_of(thread: Thread, mine: Mine) -> bool:
    """Whether the visitor is in it: began it, or it is to them or their team."""
    named = {thread.head.sender.reference, *(one.reference for one in thread.head.to)}
    return bool({mine.me.reference, *mine.teams} & named - {""})


def told(thread: Message) -> tuple[Topic, ...]:
    """What hears of a change in it."""
    who = [thread.sender.reference, *(one.reference for one in thread.to)]
    return (*topics_for("messages", who), Topic("thread", thread.id))


async def find_thread(
    visit: Visit, form: Form | None = None
) -> tuple[Thread, Mine] | Response:
    """The thread of the address, for those who are in it."""
    id_ = visit.path("thread")
    if not is_fhir_id(id_):
        return visit.tell(NOT_FOUND)
    messages, opener = visit.services[Messages], opener_of(visit)
    found, mine = await messages.thread(id_, opener=opener), await mine_of(visit)
    if isinstance(found, Refusal):
        patient = await messages.patient_of(id_, opener=opener)
        return refused(visit, found, form, patient=patient or "none")
    if isinstance(found, NotFound) or not is_of(found, mine):
        return visit.tell(NOT_FOUND)
    return found, mine


def _hears(visit: Visit) -> Signal:
    id_ = visit.path("thread")
    return Signal((Topic("thread", id_),) if is_fhir_id(id_) else ())


@page("/messages/{thread}/live", gate=WRITERS, hears=_hears)
async def show_thread_part(visit: Visit) -> Response:
    live = visit.live(show_thread_part)
    found = await find_thread(visit)
    if isinstance(found, Response):
        return found
    thread, mine = found
    return visit.part(
        live,
        "messages/thread_part.html",
        thread=thread,
        bubbles=bubbles(thread, mine),
        unread=unread_of(thread, mine),
    )


@page("/messages/{thread}", gate=WRITERS)
async def show_thread(visit: Visit) -> Response:
    return await thread_page(visit, Form({}))


async def thread_page(visit: Visit, form: Form) -> Response:
    if not is_fhir_id(visit.path("thread")):
        return visit.tell(NOT_FOUND)
    live = visit.live(show_thread_part)
    found = await find_thread(visit, form)
    if isinstance(found, Response):
        return found
    thread, mine = found
    patient = thread.head.patient
    who = await who_is_it(visit, patient) if patient else None
    if isinstance(who, Response):
        return who
    problems = tuple(form.problems.values())
    return visit.render(
        "messages/thread.html",
        status=422 if problems else 200,
        live=live,
        thread=thread,
        bubbles=bubbles(thread, mine),
        unread=unread_of(thread, mine),
        banner=who[0] if who else None,
        which=form.values.get("which") or new_uuid(),
        text=form.values.get("text", ""),
        most=LONGEST_TEXT,
        said=visit.query("said"),
        problems=problems,
    )


def bubbles(thread: Thread, mine: Mine) -> list[Bubble]:
    return [
        Bubble(
            message=one,
            is_mine=one.sender.reference == mine.me.reference,
            read_by=tuple(thread.read_by(one.id)),
        )
        for one in thread.messages
    ]


def unread_of(thread: Thread, mine: Mine) -> list[Message]:
    me = mine.me.reference
    return [
        one
        for one in thread.messages
        if one.sender.reference != me and not thread.has_read(one.id, me)
    ]


@page("/messages/{thread}/read", gate=WRITERS, methods=("POST",))
async def mark_read(visit: Visit) -> Response:
    """What the page showed was read, up to the last message that it names."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await find_thread(visit, form)
    if isinstance(found, Response):
        return found
    thread, mine = found
    shown = [one.id for one in thread.messages]
    last = form.values.get("last", "")
    upto = shown[: shown.index(last) + 1] if last in shown else []
    unread = [one for one in unread_of(thread, mine) if one.id in upto]
    if unread and mine.me.reference:
        made = [_receipt(visit, thread.head, one, mine) for one in unread]
        change = Change(
            drafts=[draft_of(message_resource(one), one.id) for one in made],
            expected=[None] * len(made),
            tells=told(thread.head),
        )
        done = await visit.services[Writer].write(change, opener=opener_of(visit))
        if isinstance(done, Refusal):
            return refused(visit, done, form, patient=thread.head.patient)
    return visit.go_to(f"/messages/{thread.head.id}")


def _receipt(visit: Visit, head: Message, one: Message, mine: Mine) -> Message:
    return Message(
        id=receipt_id(one.id, mine.me.reference),
        kind=RECEIPT,
        thread=head.id,
        patient=head.patient,
        sender=mine.me,
        sent=visit.clock.now(),
        of=one.id,
    )
