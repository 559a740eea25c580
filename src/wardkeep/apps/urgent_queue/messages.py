# SPDX-License-Identifier: Apache-2.0
"""Messages to other services that somebody has to know of, on one board without names.

Refused, not answered in time, answered and not read, or not leaving: each with whose
turn it is. A case that was ended since is there too, for an answer may say "no".
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from markupsafe import Markup
from starlette.responses import Response

from wardkeep.apps.urgent_queue.opening import BOARD, STAFF, leads
from wardkeep.base.ids import OrganisationId
from wardkeep.care.message_words import SORTS, WHYS, Meaning, meaning_of
from wardkeep.care.queue_words import number_of
from wardkeep.db.changes import Topic
from wardkeep.fhir.bars.attention import Attention, Watch, Watching
from wardkeep.fhir.bars.outgoing import Sort
from wardkeep.fhir.urgent.dispatching import TOPIC
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.web.live import Ground, Shared
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

_EVERY_SECONDS = 30.0


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What a message means for its case, in words and a colour."""

    words: str
    colour: str
    todo: str


def mark_of(one: Attention) -> Mark:
    """What somebody has to do about it."""
    sort = SORTS.get(one.kind, "Message")
    meant = _meant(one)
    if meant is not None:
        return Mark(words=meant.words, colour=meant.colour, todo=meant.todo)
    if one.state == "unanswered":
        if one.ambulance_at is not None:
            words = "Nobody answered: an ambulance is asked for"
            return Mark(words=words, colour="red", todo="Ring the patient.")
        todo = "Do what the call came to, as if nobody had been asked."
        return Mark(words="Nobody answered in time", colour="red", todo=todo)
    if one.state == "refused":
        why = WHYS.get(one.last_error, "Their system refused it.")
        todo = f"{why} Telephone {one.partner}."
        return Mark(words=f"{sort} refused", colour="red", todo=todo)
    if one.state == "answered":
        return Mark(words="Answered: read it", colour="blue", todo="Read the answer.")
    if one.answer:
        todo = "They say how far they are; the clock runs on."
        return Mark(words="Answered so far: read it", colour="blue", todo=todo)
    todo = f"It does not leave. Telephone {one.partner}; it is sent as soon as it can."
    return Mark(words=f"{sort} not sent yet", colour="orange", todo=todo)


def _meant(one: Attention) -> Meaning | None:
    """What an answer to a request to look again says, where it says it as a code."""
    if not one.answer or (one.kind != Sort.VALIDATION and not one.outcome):
        return None
    return meaning_of(
        one.outcome,
        one.why,
        category=one.category,
        asked=one.ambulance,
        is_full=one.answer == "full" and one.state == "sent",
    )


def marks_in(watch: Watch) -> dict[str, Mark]:
    """By place in a queue, the most pressing first."""
    found: dict[str, Mark] = {}
    for one in watch.listed:
        if one.entry:
            found.setdefault(one.entry, mark_of(one))
    return found


async def watch_of(ground: Ground) -> Watch:
    organisation = OrganisationId(ground.organisation)
    return await ground.services[Watching].now(organisation, ground.clock.now())


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One message on the board."""

    entry: str
    number: str
    partner: str
    sort: str
    words: str
    made_at: datetime
    answer_by: datetime | None
    mark: Mark


def rows_of(listed: Sequence[Attention]) -> list[Row]:
    return [
        Row(
            entry=one.entry,
            number=number_of(one.entry),
            partner=one.partner,
            sort=SORTS.get(one.kind, "Message"),
            words=_words(one),
            made_at=one.made_at,
            answer_by=one.answer_by,
            mark=mark_of(one),
        )
        for one in listed
    ]


def _words(one: Attention) -> str:
    known = DISPOSITIONS.get(one.disposition)
    return known.words if known is not None else "A case that is ended"


async def _facts(ground: Ground) -> Mapping[str, Any]:
    watch = await watch_of(ground)
    return {"rows": rows_of(watch.listed)}


async def show_part(ground: Ground) -> Markup:
    return ground.fill("urgent_queue/messages_part.html", **await _facts(ground))


def _hears(_visit: Visit) -> Shared:
    return Shared((Topic(TOPIC),), show_part, every_seconds=_EVERY_SECONDS)


@page(f"{BOARD}/messages/now", gate=STAFF, hears=_hears)
async def show_messages_now(visit: Visit) -> Response:
    live = visit.live(show_messages_now)
    return visit.answer_part(live, await show_part(visit.ground))


@page(f"{BOARD}/messages", gate=STAFF)
async def show_messages(visit: Visit) -> Response:
    return visit.render(
        "urgent_queue/messages.html",
        **await _facts(visit.ground),
        live=visit.live(show_messages_now),
        leads=leads(visit),
    )
