# SPDX-License-Identifier: Apache-2.0
"""My messages: threads with the newest first, what is unread, and a search in them.

Done means: nothing unread is overlooked, and nobody else's message is shown. A list
names the patient and counts; what was written opens with the thread. A search opens
every thread that it looks through, each in the ledger, and says which it left out.
"""

from collections.abc import Mapping, Sequence

import msgspec
from starlette.responses import Response

from wardkeep.apps.messages.reading import is_of
from wardkeep.care.asked import heard, listens
from wardkeep.care.colleagues import Mine, mine_of
from wardkeep.care.of_patient import WRITERS
from wardkeep.care.opening import opener_of
from wardkeep.care.paging import page_asked
from wardkeep.care.people import banners_in
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.messages.message import TYPE, Message, read_message
from wardkeep.fhir.messages.messages import MOST_THREADS, Messages, Thread, ThreadLine
from wardkeep.fhir.store.listing import Lister
from wardkeep.fhir.store.reading import Reader
from wardkeep.ui.banner import Banner
from wardkeep.web.forms import Form
from wardkeep.web.live import Signal
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

MOST_SEARCHED = 40
FEWEST_LETTERS = 3
TOLD = "messages: name, number of messages and of unread ones"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One thread as the list shows it."""

    thread: ThreadLine
    person: Banner | None
    subject: str
    """Of a thread about nobody; the others' open with them."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the list."""

    lines: tuple[Line, ...]
    page: int
    is_more: bool
    is_cut_off: bool
    """Whether there are still more than can be listed."""
    unread: int
    entry: int


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A message in which the words stand."""

    thread: Message
    message: Message
    person: Banner | None


def _hears(visit: Visit) -> Signal:
    return Signal(heard(visit, "messages"))


@page("/messages/live", gate=WRITERS, hears=_hears)
async def show_messages_part(visit: Visit) -> Response:
    live = visit.live(
        show_messages_part, who=visit.query("who"), page=visit.query("page")
    )
    shown = await _shown(visit, await mine_of(visit))
    if isinstance(shown, Refusal):
        return visit.refuse(shown)
    return visit.part(live, "messages/messages_part.html", shown=shown)


@page("/messages", gate=WRITERS)
async def show_messages(visit: Visit) -> Response:
    return await _page(visit, Form({}))


async def _page(
    visit: Visit, form: Form, *, hits: Sequence[Hit] = (), left_out: int = 0
) -> Response:
    mine = await mine_of(visit)
    live = visit.live(show_messages_part, who=listens(mine), page=visit.query("page"))
    shown = await _shown(visit, mine)
    if isinstance(shown, Refusal):
        return visit.refuse(shown)
    problems = tuple(form.problems.values())
    return visit.render(
        "messages/messages.html",
        status=422 if problems else 200,
        live=live,
        shown=shown,
        is_known=bool(mine.me.reference),
        words=form.values.get("words", ""),
        is_search="words" in form.values and not problems,
        hits=hits,
        left_out=left_out,
        problems=problems,
    )


async def _shown(visit: Visit, mine: Mine) -> Shown | Refusal:
    number = page_asked(visit)
    found = await visit.services[Messages].mine(
        mine.me.reference, mine.teams, opener=opener_of(visit), page=number
    )
    if isinstance(found, Refusal):
        return found
    kept = sorted(found.lines, key=lambda one: not one.unread)
    people = await _people(visit, [one.patient for one in kept if one.patient])
    if isinstance(people, Refusal):
        return people
    banners, entry = people
    subjects = await _subjects(visit, [one.id for one in kept if not one.patient])
    return Shown(
        lines=tuple(
            Line(
                thread=one,
                person=banners.get(one.patient),
                subject=subjects.get(one.id, ""),
            )
            for one in kept
        ),
        page=number,
        is_more=found.total > (number + 1) * MOST_THREADS,
        is_cut_off=found.is_cut_off,
        unread=sum(one.unread for one in kept),
        entry=entry,
    )


async def _people(
    visit: Visit, ids: Sequence[str]
) -> tuple[Mapping[str, Banner], int] | Refusal:
    opener = msgspec.structs.replace(opener_of(visit), request=TOLD)
    found = await visit.services[Lister].people(ids, opener=opener)
    if isinstance(found, Refusal):
        return found
    return banners_in(found.patients, visit.today), found.entry


async def _subjects(visit: Visit, ids: Sequence[str]) -> dict[str, str]:
    """What threads about nobody are about: the organisation's own key opens them."""
    if not ids:
        return {}
    pairs = [(TYPE, one) for one in ids]
    found = await visit.services[Reader].shared(pairs, opener=opener_of(visit))
    if isinstance(found, Refusal):
        return {}
    read = (read_message(one) for one in found.resources)
    return {one.id: one.subject for one in read if one is not None}


@page("/messages/search", gate=WRITERS, methods=("POST",))
async def search_messages(visit: Visit) -> Response:
    """The words are posted, so that no address has them."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    words = form.text("words", called="what to look for", at_most=80)
    if 0 < len(words) < FEWEST_LETTERS:
        form.reject("words", wrong="that is too short", mend="Give three letters.")
    if form.problems:
        return await _page(visit, form)
    found = await _look_through(visit, words.casefold())
    if isinstance(found, Refusal):
        return visit.refuse(found)
    hits, left_out = found
    return await _page(visit, form, hits=hits, left_out=left_out)


async def _look_through(visit: Visit, words: str) -> tuple[list[Hit], int] | Refusal:
    """Messages with the words, and how many threads could not be looked through."""
    mine, messages = await mine_of(visit), visit.services[Messages]
    opener = opener_of(visit)
    threads = await messages.mine(mine.me.reference, mine.teams, opener=opener)
    if isinstance(threads, Refusal):
        return threads
    lines = threads.lines
    people = await _people(visit, [one.patient for one in lines if one.patient])
    if isinstance(people, Refusal):
        return people
    hits: list[Hit] = []
    left_out = threads.total - len(lines[:MOST_SEARCHED])
    for line in lines[:MOST_SEARCHED]:
        opened = await messages.thread(line.id, opener=opener)
        if not isinstance(opened, Thread) or not is_of(opened, mine):
            left_out += 1
            continue
        hits += [
            Hit(thread=opened.head, message=one, person=people[0].get(line.patient))
            for one in opened.messages
            if words in f"{one.subject}\n{one.text}".casefold()
        ]
    return hits, left_out
