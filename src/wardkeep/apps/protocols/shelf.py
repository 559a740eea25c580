# SPDX-License-Identifier: Apache-2.0
"""Protocols as pages find and store them: the organisation's own, of no patient."""

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from wardkeep.base.ids import is_uuid
from wardkeep.base.outcome import Problem
from wardkeep.care.of_patient import CHANGED
from wardkeep.care.opening import me, opener_of
from wardkeep.care.writing import drafted
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.store.change import Change, Removal
from wardkeep.fhir.store.outcomes import Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.shared_listing import SharedLister
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.triage.protocol import (
    MOST_BYTES,
    SENT_BACK,
    THROWN_AWAY,
    TYPE,
    WRITING,
    Protocol,
    is_too_long,
    protocol_in,
    protocol_library,
    with_author,
)
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

MOST_KEPT = 200
"""Of one organisation; thrown-away ones count, until their term is over."""
STAGE_WORDS = {
    "writing": ("Being written", "blue"),
    "in-review": ("Waits for review", "yellow"),
    "reviewed": ("Reviewed", "green"),
    "sent-back": ("Sent back", "red"),
    "thrown-away": ("Thrown away", "grey"),
}
NOT_WRITTEN_ON = Trouble(
    status=409,
    title="This version does not change any more",
    why="It was sent to review, or thrown away.",
    mend="Begin a new one from it and change that.",
)
FULL = Trouble(
    status=409,
    title="There are too many protocols",
    why=f"An organisation keeps at most {MOST_KEPT} that are being written.",
    mend="Ask for some to be deleted, or go on with one that is there.",
)
TOO_LONG = Problem(
    place="words",
    wrong=f"the protocol would be longer than {MOST_BYTES:,} bytes",
    mend="Split it: one protocol for one complaint.",
)


async def all_protocols(visit: Visit) -> Sequence[Protocol] | Response:
    """Every one, by title and version."""
    listed = await visit.services[SharedLister].all_of(TYPE, opener=opener_of(visit))
    if isinstance(listed, Refusal):
        return visit.refuse(listed)
    found = [protocol_in(one.text, one.version) for one in listed]
    kept = [one for one in found if one is not None]
    return sorted(kept, key=lambda one: (one.title, one.name, one.id))


async def protocol_of(visit: Visit, id_: str = "") -> Protocol | Response:
    """That of the address; the page that says that there is none."""
    named = id_ or visit.path("id")
    if not is_uuid(named):
        return visit.tell(NOT_FOUND)
    opened = await visit.services[Reader].shared(
        [(TYPE, named)], opener=opener_of(visit)
    )
    if isinstance(opened, Refusal):
        return visit.refuse(opened)
    found = [protocol_in(one.text, one.version) for one in opened.resources]
    return found[0] if found and found[0] is not None else visit.tell(NOT_FOUND)


async def being_written(visit: Visit) -> Protocol | Response:
    """That of the address, if it may be changed."""
    found = await protocol_of(visit)
    if isinstance(found, Response) or found.stage == WRITING:
        return found
    return visit.tell(NOT_WRITTEN_ON)


async def changed(
    visit: Visit, protocol: Protocol, plan: Resource, asked: Resource, version: int
) -> Protocol | Problem | Response:
    """The protocol with other content, stored; whoever changes it is an author.

    A Problem where it is too long. `version` is what the page was drawn from: whoever
    was overtaken is told, and nothing of anybody is lost.
    """
    if is_too_long(plan, asked):
        return TOO_LONG
    found = msgspec.structs.replace(
        with_author(protocol, visit.session.account), plan=plan, asked=asked
    )
    return await stored(visit, found, version)


async def stored(
    visit: Visit, protocol: Protocol, expected: int, *, removals: Sequence[Removal] = ()
) -> Protocol | Response:
    """Write it over the version that is expected; 0: it must be new."""
    named = msgspec.structs.replace(protocol, by=await me(visit))
    change = Change(
        drafts=[drafted(protocol_library(named))],
        expected=[expected],
        removals=removals,
    )
    written = await visit.services[Writer].write(change, opener=opener_of(visit))
    if isinstance(written, Refusal):
        return visit.refuse(written)
    if not isinstance(written, Written):
        return visit.tell(CHANGED)
    return msgspec.structs.replace(named, version=written.references[0].version)


def is_shown_below(protocol: Protocol) -> bool:
    """Whether it is over: listed apart."""
    return protocol.stage in (THROWN_AWAY, SENT_BACK)
