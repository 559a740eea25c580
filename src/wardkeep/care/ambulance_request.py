# SPDX-License-Identifier: Apache-2.0
"""The message that asks an ambulance service, made with the act that asks for one.

Done means: whoever reaches the disposition has asked, and what the ambulance service
needs is sealed in the same change; nothing more is pressed, and nothing that keeps it
from being made keeps the request from being written: that one is then red, and the
shift lead's, as where no service is named.
"""

import logging
from collections.abc import Sequence
from datetime import datetime

import msgspec
from starlette.responses import Response

from wardkeep.care.case_messages import (
    About,
    Referring,
    codes_of,
    request_of,
    them,
    us,
)
from wardkeep.care.opening import me, opener_of
from wardkeep.care.stored import Json, stored
from wardkeep.fhir.bars.ambulance_queue import made_ready
from wardkeep.fhir.bars.ambulance_request import (
    BY_CATEGORY,
    NO_CASE,
    ambulance_message,
    short_of,
)
from wardkeep.fhir.bars.building import Content
from wardkeep.fhir.bars.directory import (
    VALIDATES,
    Directory,
    Neighbour,
    ambulance_service,
)
from wardkeep.fhir.bars.outgoing import NoMessageError, Outbox, Queued, Sort
from wardkeep.fhir.bars.validation import DEFAULT_CATEGORY
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent.case import TYPE as CASE
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, Disposition, Kind
from wardkeep.fhir.urgent.outcome import Outcome, outcome_in
from wardkeep.fhir.urgent.queueing import Entry, entry_in
from wardkeep.fhir.urgent.ringing import ringing_in
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

log = logging.getLogger(__name__)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is just being written: a call that came to an ambulance."""

    entry: Entry
    outcome: Outcome
    disposition: Disposition


async def asked_by_message(
    visit: Visit,
    contents: Sequence[Json],
    *,
    patient: Json | None = None,
    words: str = "",
) -> list[Queued]:
    """What goes into the change that writes `contents`; nothing where none asks.

    `patient` is the Patient, where the page has them open; `words` what was said.
    """
    asked = _asked_in(contents)
    to = None if asked is None else ambulance_service(await _neighbours(visit))
    if asked is None or to is None:
        return []
    about = await _about(visit, asked, contents, patient)
    if about is None:
        return []
    complaint = ringing_in(about.case).complaint
    instead = await _instead(visit, asked.outcome)
    said = [asked.outcome.why, complaint, words, instead]
    summary = "\n".join(dict.fromkeys(filter(None, said)))
    return _ready(
        visit,
        about,
        asked.disposition,
        summary,
        to=to,
        entry=asked.entry.id,
        author=await me(visit),
        now=visit.clock.now(),
    )


def in_reserve(  # noqa: PLR0913 - a message is made of this much
    visit: Visit,
    about: About,
    said: Referring,
    *,
    neighbours: Sequence[Neighbour],
    entry: str,
    author: Person,
    now: datetime,
) -> list[Queued]:
    """With a request to look again: what goes if nobody does, or says that one goes.

    The worker that notices has no case open, so it cannot write it then.
    """
    to = ambulance_service(neighbours)
    if to is None or not said.is_validation:
        return []
    instead = DISPOSITIONS.get(VALIDATES[said.disposition.code])
    if instead is None or instead.kind is not Kind.AMBULANCE:
        instead = BY_CATEGORY[DEFAULT_CATEGORY]
    came_to = msgspec.structs.replace(
        about.outcome,
        code=instead.code,
        words=instead.words,
        due=instead.deadline(now),
    )
    reserve = msgspec.structs.replace(about, outcome=came_to)
    return _ready(
        visit,
        reserve,
        instead,
        said.summary,
        to=to,
        entry=entry,
        author=author,
        now=now,
    )


def _ready(  # noqa: PLR0913 - a message is made of this much
    visit: Visit,
    about: About,
    disposition: Disposition,
    summary: str,
    *,
    to: Neighbour,
    entry: str,
    author: Person,
    now: datetime,
) -> list[Queued]:
    content = Content(
        request=request_of(about.outcome),
        patient=about.patient,
        encounter=about.case,
        summary=summary or disposition.words,
        codes=codes_of(disposition),
        author={"name": [{"text": visit.session.display_name}]},
    )
    bundle = ambulance_message(
        content,
        category=disposition.category,
        sender=us(visit),
        receiver=them(to),
        now=now,
    )
    try:
        made = made_ready(
            bundle,
            organisation=opener_of(visit).organisation,
            patient=about.outcome.patient,
            about=about.outcome.id,
            entry=entry,
            partner=to.service,
            author=author,
            now=now,
        )
    except NoMessageError as wrong:
        # Places of a message's parts, and no word of anybody.
        log.error("no message asks for an ambulance: %s", wrong)  # noqa: TRY400
        return []
    return [made]


def _asked_in(contents: Sequence[Json]) -> Asked | None:
    """The place in a queue that asks for one, with what the call came to."""
    outcomes = {one.id: one for one in map(outcome_in, contents) if one is not None}
    for entry in map(entry_in, contents):
        if entry is None or not entry.is_open:
            continue
        found, outcome = DISPOSITIONS.get(entry.code), outcomes.get(entry.outcome)
        if found is not None and found.kind is Kind.AMBULANCE and outcome is not None:
            return Asked(entry=entry, outcome=outcome, disposition=found)
    return None


async def _neighbours(visit: Visit) -> tuple[Neighbour, ...]:
    return await visit.services[Directory].all(opener_of(visit).organisation)


async def _about(
    visit: Visit, asked: Asked, contents: Sequence[Json], patient: Json | None
) -> About | None:
    """The case as it is being written, else as it is stored; None: it does not open."""
    outcome = asked.outcome
    if patient is None:
        found = await stored(visit, "Patient", outcome.patient, patient=outcome.patient)
        if isinstance(found, Response):
            return None
        patient = found.content
    case = next((one for one in contents if _is_case(one, outcome.case)), None)
    if case is None and outcome.case:
        kept = await stored(visit, CASE, outcome.case, patient=outcome.patient)
        if isinstance(kept, Response) and kept.status_code != NOT_FOUND.status:
            return None
        case = None if isinstance(kept, Response) else kept.content
    # A case that is not there keeps nobody from being sent for.
    case = case or NO_CASE
    return About(patient=patient, case=case, outcome=outcome)


def _is_case(content: Json, id_: str) -> bool:
    return content.get("resourceType") == CASE and content.get("id") == id_


async def _instead(visit: Visit, outcome: Outcome) -> str:
    """That another request of ours, which is there, is for the same person."""
    if not outcome.replaces:
        return ""
    organisation = opener_of(visit).organisation
    sent = await visit.services[Outbox].standing(organisation, outcome.replaces)
    numbers = [
        short_of(one.there or one.message)
        for one in sent
        if one.kind == Sort.AMBULANCE and one.state in ("sent", "answered")
    ]
    if not numbers:
        return ""
    return f"For the same person as our request {numbers[-1]}, in its place."
