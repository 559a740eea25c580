# SPDX-License-Identifier: Apache-2.0
"""What is sent of a case to another service, and taken back: for every page that sends.

A referral and a booking are two messages, so that who loses the race for a time is
referred all the same. Whatever is sent is written with the step that sends it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from starlette.responses import Response

from wardkeep.care.opening import opener_of
from wardkeep.care.stored import stored
from wardkeep.fhir.bars.building import (
    Content,
    Party,
    booking_message,
    referral_message,
)
from wardkeep.fhir.bars.codes import Reason
from wardkeep.fhir.bars.directory import Directory, Neighbour, is_validation, taking
from wardkeep.fhir.bars.outgoing import (
    Queued,
    Sort,
    Standing,
    bundle_in,
    queued,
    standing_booking,
    standing_referral,
)
from wardkeep.fhir.bars.times import FreeTime, time_in
from wardkeep.fhir.bars.validation import DX
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent.disposition import SYSTEM, Disposition
from wardkeep.fhir.urgent.flags import SYSTEM as FLAGS
from wardkeep.fhir.urgent.outcome import Outcome, outcome_content
from wardkeep.ui.format import years_old
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

Json = dict[str, Any]
LONGEST_WORDS, LONGEST_WHY = 2000, 300


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Whom and what it is about, as the record has it."""

    patient: Json
    case: Json
    """Its Encounter."""
    outcome: Outcome
    """What the call came to."""
    along: Sequence[Json] = ()
    """What else of the record goes along, as it is put into the message."""


class Referring(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody chose and wrote."""

    disposition: Disposition
    to: Neighbour
    summary: str
    passed: Mapping[str, str]
    """Why not to others, by their names."""
    time: FreeTime | None = None

    @property
    def is_validation(self) -> bool:
        return is_validation(self.disposition)


async def who_takes(
    visit: Visit, patient: Json, disposition: Disposition
) -> tuple[Neighbour, ...]:
    """Services of partners to which somebody can be sent with it."""
    every = await visit.services[Directory].all(opener_of(visit).organisation)
    age = years_old(str(patient.get("birthDate", "")), visit.today)
    return taking(every, disposition, age=age)


def us(visit: Visit) -> Party:
    session = visit.session
    return Party(name=session.organisation_name, service=session.organisation_slug)


def them(one: Neighbour) -> Party:
    return Party(name=one.name, service=one.service)


def referral_of(visit: Visit, about: About, said: Referring, now: datetime) -> Json:
    """The message that goes out."""
    content = Content(
        request=request_of(about.outcome),
        patient=about.patient,
        encounter=about.case,
        summary=said.summary,
        codes=codes_of(said.disposition),
        more=[*(_flag(name, why) for name, why in said.passed.items()), *about.along],
        author={"name": [{"text": visit.session.display_name}]},
    )
    return referral_message(
        content,
        sender=us(visit),
        receiver=them(said.to),
        is_validation=said.is_validation,
        now=now,
    )


def booking_of(
    visit: Visit, patient: Json, to: Party, time: FreeTime, *, back: Standing | None
) -> Json:
    """A booking; or one that is given back."""
    return booking_message(
        time,
        patient=patient,
        sender=us(visit),
        receiver=to,
        is_over=back is not None,
        there=back.there if back else "",
        first=back.message if back else "",
        now=visit.clock.now(),
    )


def messages_of(
    visit: Visit,
    about: About,
    said: Referring,
    *,
    author: Person,
    answer_by: datetime,
    now: datetime,
) -> list[Queued]:
    """The referral, and the booking of a time where one was chosen.

    `answer_by` is by when a request to look again is answered, or it is done as if
    nobody had been asked.
    """
    both: dict[str, Any] = {
        "organisation": opener_of(visit).organisation,
        "patient": about.outcome.patient,
        "about": about.outcome.id,
        "partner": said.to.service,
        "author": author,
        "now": now,
    }
    made = [
        queued(
            referral_of(visit, about, said, now),
            kind=Sort.VALIDATION if said.is_validation else Sort.REFERRAL,
            answer_by=answer_by if said.is_validation else None,
            **both,
        )
    ]
    if said.time is not None:
        bundle = booking_of(visit, about.patient, them(said.to), said.time, back=None)
        made.append(queued(bundle, kind=Sort.BOOKING, time=said.time, **both))
    return made


async def taking_back(
    visit: Visit,
    about: About,
    sent: Sequence[Standing],
    *,
    author: Person,
    why: str,
) -> list[Queued] | Response:
    """What takes back all that stands of what was sent; nothing where nothing does."""
    messages = list[Queued]()
    referral, booking = standing_referral(sent), standing_booking(sent)
    if referral is not None:
        bundle = _withdrawal(visit, about, referral, why=why)
        messages.append(_back(visit, about, referral, bundle, author=author))
    if booking is not None:
        time = await _time_of(visit, booking, about.outcome.patient)
        if isinstance(time, Response):
            return time
        to = Party(name=booking.partner, service=booking.service)
        bundle = booking_of(visit, about.patient, to, time, back=booking)
        messages.append(_back(visit, about, booking, bundle, author=author))
    return messages


def _withdrawal(visit: Visit, about: About, sent: Standing, *, why: str) -> Json:
    """The same said anew, and taken back."""
    request = {
        **request_of(about.outcome),
        "status": "revoked",
        "note": [{"text": why}],
    }
    content = Content(
        request=request,
        patient=about.patient,
        encounter=about.case,
        summary=f"Taken back: {why}",
        author={"name": [{"text": visit.session.display_name}]},
    )
    return referral_message(
        content,
        sender=us(visit),
        receiver=Party(name=sent.partner, service=sent.service),
        reason=Reason.UPDATE,
        is_validation=sent.kind == Sort.VALIDATION,
        there=sent.there,
        first=sent.message,
        now=visit.clock.now(),
    )


def _back(
    visit: Visit, about: About, sent: Standing, bundle: Json, *, author: Person
) -> Queued:
    is_booking = sent.kind == Sort.BOOKING
    return queued(
        bundle,
        organisation=opener_of(visit).organisation,
        patient=about.outcome.patient,
        about=sent.about,
        partner=sent.service,
        author=author,
        now=visit.clock.now(),
        kind=Sort.CANCELLATION if is_booking else Sort.WITHDRAWAL,
        follows=sent.message,
    )


async def _time_of(
    visit: Visit, booking: Standing, patient: str
) -> FreeTime | Response:
    """What was booked, as the message said it."""
    found = await stored(visit, "Communication", booking.communication, patient=patient)
    if isinstance(found, Response):
        return found
    raw = bundle_in(found.content)
    bundle = msgspec.json.decode(raw, type=Json) if raw else {}
    slots = [
        one["resource"]
        for one in bundle.get("entry", [])
        if one["resource"]["resourceType"] == "Slot"
    ]
    said = slots[0] if slots else {}
    parts = (said.get("id", ""), "", said.get("start", ""), said.get("end", ""))
    time = time_in("|".join(map(str, parts)))
    return visit.tell(NOT_FOUND) if time is None else time


def request_of(outcome: Outcome) -> Json:
    """What the call came to, without what only concerns us."""
    kept = (
        *("resourceType", "status", "priority", "code", "occurrencePeriod"),
        *("authoredOn", "reasonCode"),
    )
    content = outcome_content(outcome)
    found = {name: content[name] for name in kept if name in content}
    return {**found, "status": "active"}


def codes_of(disposition: Disposition) -> list[Json]:
    ours = {
        "system": SYSTEM,
        "code": disposition.code,
        "display": disposition.words,
    }
    return [ours, *({"system": DX, "code": one} for one in disposition.dx)]


def _flag(name: str, why: str) -> Json:
    """A service that was passed over, as the standard's category RS."""
    coding = {"system": FLAGS, "code": "RS", "display": "Rejected services"}
    return {
        "resourceType": "Flag",
        "status": "active",
        "category": [{"coding": [coding]}],
        "code": {"text": f"Not sent to {name}: {why}"},
    }
