# SPDX-License-Identifier: Apache-2.0
"""What goes with the act that ends a journey: its one message, or why there is none.

Pure: what is known of the journey and of its message so far goes in, what is to be
written comes out. What has begun to go stays, and so does what somebody holds back;
anything else is dropped for what is said now.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from wardkeep.base.ids import OrganisationId, new_uuid
from wardkeep.fhir.bars.outgoing import communication
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.post.document import KIND, Sender, post_event_document
from wardkeep.fhir.post.journey import Journey, Silence, Surgery, silence_of
from wardkeep.fhir.post.rows import About, Post, drop, queue_document, say_silence
from wardkeep.fhir.store.change import Beside
from wardkeep.fhir.work.expects import Content


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What goes with a change; empty where nothing does."""

    contents: tuple[Content, ...] = ()
    """Of new resources."""
    beside: tuple[Beside, ...] = ()

    def and_also(self, other: "Told") -> "Told":
        """Both."""
        return Told(
            contents=(*self.contents, *other.contents),
            beside=(*self.beside, *other.beside),
        )


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """A journey as the record has it, and who would be told of it."""

    journey: Journey
    surgery: Surgery
    services: tuple[str, ...]
    """To which it was referred by message."""
    post: Post | None
    """How far its message is; None: nothing was made yet."""

    @property
    def silence(self) -> Silence | None:
        return silence_of(self.journey, self.surgery)


class By(msgspec.Struct, frozen=True, kw_only=True):
    """Who ends it, and when."""

    organisation: OrganisationId
    author: Person
    sender: Sender
    now: datetime


def telling(
    found: Ground, by: By, *, at_once: bool = False, notes: Sequence[Content] = ()
) -> Told:
    """`at_once` where somebody who read it says that it goes, held back or not."""
    before, case = found.post, found.journey.case
    beside: list[Beside] = []
    if before is not None and before.is_standing:
        if not before.can_be_dropped or (before.held_at is not None and not at_once):
            return Told()
        beside.append(drop(by.organisation, before.message, now=by.now))
    about = About(organisation=by.organisation, patient=case.patient, case=case.id)
    if found.silence is not None:
        beside.append(say_silence(about, found.silence, now=by.now))
        return Told(beside=tuple(beside))
    bundle = post_event_document(
        found.journey,
        sender=by.sender,
        surgery=found.surgery,
        services=found.services,
        now=by.now,
    )
    content = communication(
        bundle,
        new_uuid(),
        patient=case.patient,
        about=f"Encounter/{case.id}",
        kind=KIND,
        author=by.author,
        now=by.now,
    )
    if notes:
        content["note"] = list(notes)
    beside += queue_document(
        about,
        communication=str(content["id"]),
        surgery=found.surgery.code,
        requests=found.journey.requests,
        now=by.now,
        at_once=at_once,
    )
    return Told(contents=(content,), beside=tuple(beside))
