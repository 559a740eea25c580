# SPDX-License-Identifier: Apache-2.0
"""The surgery is told, once, what came of a journey: what goes with the act that ends.

Whoever ends a call takes `told_at_end` along in the same change: the document, its row
and its job are written with the end, or none of them is. An end never waits for it and
never fails by it; where the record cannot be read, nothing is made, and the list of
what surgeries are told says so.
"""

from collections.abc import Sequence

from wardkeep.care.opening import me, opener_of
from wardkeep.care.writing import content_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.bars.outgoing import Outbox, Sort
from wardkeep.fhir.post.document import Sender, post_event_document
from wardkeep.fhir.post.journey import (
    TYPES,
    Journey,
    Silence,
    Surgery,
    journey_of,
    ods_in,
    surgery_in,
)
from wardkeep.fhir.post.rows import PostRows
from wardkeep.fhir.post.telling import By, Ground, Told, telling
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.parts import Part, PartReader
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.work.expects import Content
from wardkeep.web.visit import Visit

_PARTS = (Part(types=("Patient",), at_most=1), Part(types=TYPES, at_most=400))


async def ground_of(
    visit: Visit, patient: str, case: str, *, changed: Sequence[Content] = ()
) -> Ground | Refusal | NotFound:
    """All of it in one opening; `changed` is what is just being written."""
    opener = opener_of(visit)
    given = await visit.services[PartReader].of_patient(patient, _PARTS, opener=opener)
    if isinstance(given, (Refusal, NotFound)):
        return given
    stored = [content_of(one.text) for part in given.parts for one in part]
    journey = journey_of(case, stored, changed=changed)
    if journey is None:
        return NotFound(type="Encounter", id=case)
    sent = [
        one
        for request in journey.requests
        for one in await visit.services[Outbox].standing(opener.organisation, request)
    ]
    back = {one.follows for one in sent if one.follows}
    services = [
        one.partner
        for one in sent
        if one.kind in ("", Sort.REFERRAL)
        and one.message not in back
        and one.state not in ("refused", "taken-back")
    ]
    return Ground(
        journey=journey,
        surgery=await _surgery(visit, journey),
        services=tuple(services),
        post=await visit.services[PostRows].of_case(opener.organisation, case),
    )


async def told_at_end(
    visit: Visit, patient: str, case: str, changed: Sequence[Content]
) -> Told:
    """What goes with a change that may end a journey."""
    found = await ground_of(visit, patient, case, changed=changed)
    if isinstance(found, (Refusal, NotFound)):
        return Told()
    if found.silence is Silence.GOES_ON:
        return Told()
    return await told(visit, found)


async def told(
    visit: Visit,
    found: Ground,
    *,
    at_once: bool = False,
    notes: Sequence[Content] = (),
) -> Told:
    """The message of a journey that is over; nothing where it goes already."""
    by = By(
        organisation=opener_of(visit).organisation,
        author=await me(visit),
        sender=_sender(visit),
        now=visit.clock.now(),
    )
    return telling(found, by, at_once=at_once, notes=notes)


def document_of(visit: Visit, found: Ground) -> Content:
    """Exactly what goes, or would."""
    return post_event_document(
        found.journey,
        sender=_sender(visit),
        surgery=found.surgery,
        services=found.services,
        now=visit.clock.now(),
    )


def _sender(visit: Visit) -> Sender:
    return Sender(name=visit.session.organisation_name)


async def _surgery(visit: Visit, journey: Journey) -> Surgery:
    said, id_ = surgery_in(journey.patient)
    if not id_:
        return said
    named = [("Organization", id_)]
    shared = await visit.services[Reader].shared(named, opener=opener_of(visit))
    if isinstance(shared, Refusal) or not shared.resources:
        return said
    content = content_of(shared.resources[0].text)
    name = content.get("name")
    return Surgery(
        code=ods_in(content.get("identifier")),
        name=name if isinstance(name, str) else said.name,
    )
