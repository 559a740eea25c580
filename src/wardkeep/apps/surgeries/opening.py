# SPDX-License-Identifier: Apache-2.0
"""What pages about messages to surgeries share: who may, and how one stands."""

from datetime import datetime

import msgspec
from starlette.responses import Response

from wardkeep.base.ids import is_fhir_id
from wardkeep.care.of_patient import WRITERS, refused
from wardkeep.care.opening import opener_of
from wardkeep.care.telling import ground_of
from wardkeep.care.writing import content_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.bars.outgoing import TYPE
from wardkeep.fhir.post.rows import Post
from wardkeep.fhir.post.telling import Ground
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.work.expects import Content
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

STAFF = WRITERS.only("urgent_care_clinician", "shift_lead")
"""Who reads and decides what a surgery is told: not whoever answers calls, for it has
what clinicians wrote. The door decides all the same."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A Communication, as it is stored."""

    content: Content
    version: int


class Here(msgspec.Struct, frozen=True, kw_only=True):
    """A journey of the address, and its message as far as there is one."""

    ground: Ground
    kept: Kept | None


def path_of(visit: Visit, said: str = "") -> str:
    path = f"/patients/{visit.path('id')}/calls/{visit.path('case')}/surgery"
    return f"{path}?said={said}" if said else path


async def find(visit: Visit) -> Here | Response:
    """All of it, opened at the door."""
    patient, case = visit.path("id"), visit.path("case")
    if not is_fhir_id(case):
        return visit.tell(NOT_FOUND)
    found = await ground_of(visit, patient, case)
    if isinstance(found, Refusal):
        return refused(visit, found)
    if isinstance(found, NotFound):
        return visit.tell(NOT_FOUND)
    kept = await _kept(visit, found.post)
    return kept if isinstance(kept, Response) else Here(ground=found, kept=kept)


async def _kept(visit: Visit, post: Post | None) -> Kept | Response | None:
    if post is None or not post.communication:
        return None
    opened = await visit.services[Reader].one(
        TYPE, post.communication, opener=opener_of(visit)
    )
    if isinstance(opened, Refusal):
        return refused(visit, opened)
    if isinstance(opened, NotFound):
        return None
    [one] = opened.resources
    if one.patient != visit.path("id"):
        return visit.tell(NOT_FOUND)
    return Kept(content=content_of(one.text), version=one.version)


class Standing(msgspec.Struct, frozen=True):
    """How a message stands, in words and a colour."""

    words: str
    colour: str
    more: str = ""
    when: datetime | None = None


def standing_of(post: Post) -> Standing:
    """Of what stands; what was dropped is told by why."""
    match post.state:
        case "acknowledged":
            return Standing("Acknowledged", "green", "by its system", post.sent_at)
        case "refused":
            more = f"its system answered {post.last_error or 'nothing'}"
            return Standing("Refused", "red", more, post.refused_at)
        case "held":
            return Standing("Held back", "yellow", "nothing goes", post.held_at)
        case "sending" if not post.name:
            more = "nobody said where this surgery takes messages; it waits"
            return Standing("Has no way to go", "red", more, post.begun_at)
        case "sending":
            tried = f", {post.last_error}" if post.last_error else ""
            more = f"attempts: {post.attempts}{tried}"
            return Standing("Being sent", "blue", more, post.begun_at)
        case "dropped":
            return Standing("Nothing goes", "grey")
        case _:
            return Standing("Goes", "blue", "unless it is held back", post.send_after)
