# SPDX-License-Identifier: Apache-2.0
"""Takes messages in: each once, in one transaction with all that it brings, answered.

https://hl7.org/fhir/R4/messageheader-operation-process-message.html. Its sender learns
nothing of who is known here: a patient who is matched and one who is made are answered
alike.
"""

import asyncio
from collections.abc import Mapping

import msgspec

from wardkeep.disclosure.answers import SessionView
from wardkeep.fhir.bars.answering import answer_to
from wardkeep.fhir.bars.booking import BookingDesk
from wardkeep.fhir.bars.codes import EVENT_SYSTEMS, Error, Event
from wardkeep.fhir.bars.errors import Fault, answer_of, coded, invalid, unprocessable
from wardkeep.fhir.bars.headers import TARGET, Sent, read_headers
from wardkeep.fhir.bars.message import Message, faults_in, read_message
from wardkeep.fhir.bars.referring import ReferralDesk
from wardkeep.fhir.bars.rows import Arrivals, Sender
from wardkeep.fhir.bars.writing import Arriving, Desk
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.rights import beyond, session_of
from wardkeep.fhir.rest.store import MessageHandler, Store

SECONDS = 5.0
"""Within which the standard wants every answer."""
MOST_AN_HOUR = 2_000
"""Of one partner: many times what a call centre of a million people sends. A contract
counts people who are known here; this bounds those whom a thief makes up."""
MOST_BYTES = 4 * 1024 * 1024
_DUPLICATE = Fault(
    error=Error.CONFLICT,
    code="duplicate",
    words="This message was taken in before. Nothing was done again.",
)
_TOO_MANY = Fault(
    error=Error.TOO_MANY,
    code="throttled",
    words="More messages came within an hour than anybody sends. Send it again later.",
)
_LATE = Fault(
    error=Error.TIMEOUT,
    code="timeout",
    words="It took too long. Send the same message again, with the same ids.",
)


class Receiver:
    """Handles the events of the standard."""

    def __init__(self, store: Store, arrivals: Arrivals) -> None:
        self._store = store
        self._arrivals = arrivals
        referrals = ReferralDesk(store, arrivals)
        bookings = BookingDesk(store, arrivals)
        self._desks: Mapping[Event, Desk] = {
            Event.REFERRAL: referrals.take,
            Event.REFERRAL_ANSWER: referrals.take_answer,
            Event.BOOKING: bookings.take,
        }

    @property
    def handlers(self) -> dict[tuple[str, str], MessageHandler]:
        """By the system and code of each event."""
        return {
            (system, str(event)): self.take
            for system in EVENT_SYSTEMS
            for event in Event
        }

    async def take(self, asking: Asking, sent: Resource) -> Answer:
        """Answered within five seconds, or told that it was not."""
        session = await session_of(asking, self._store)
        if isinstance(session, Answer):
            return coded(session)
        refused = beyond(session, "c", ["MessageHeader"])
        if refused is not None:
            return coded(refused)
        try:
            async with asyncio.timeout(SECONDS):
                return coded(await self._taken(asking, sent, session))
        except TimeoutError:
            return answer_of((_LATE,))

    async def _taken(
        self, asking: Asking, sent: Resource, session: SessionView
    ) -> Answer:
        read = _read(asking, sent)
        if not isinstance(read, tuple):
            return read
        message, headers = read
        sender = Sender(asking.opener.organisation, session.account)
        if await self._arrivals.has_come(
            sender, message=message.id, request=headers.request
        ):
            return answer_of((_DUPLICATE,))
        now = self._store.clock.now()
        if await self._arrivals.lately(sender, now=now) >= MOST_AN_HOUR:
            return answer_of((_TOO_MANY,), headers=((b"retry-after", b"600"),))
        arriving = Arriving(
            asking=asking,
            session=session,
            sender=sender,
            message=message,
            headers=headers,
            now=now,
        )
        return await self._at_desk(arriving)

    async def _at_desk(self, arriving: Arriving) -> Answer:
        message = arriving.message
        faults = (*_elsewhere(message, arriving.headers), *faults_in(message))
        if faults:
            return answer_of(faults)
        desk = self._desks.get(message.event)
        if desk is None:
            words = "Nobody here waits for an answer of this kind."
            return answer_of((unprocessable(words, "Bundle.entry[0].resource.event"),))
        done = await desk(arriving)
        if isinstance(done, Answer):
            return done
        if done.is_duplicate:
            return answer_of((_DUPLICATE,))
        body = answer_to(message, focus=done.focus, moment=arriving.now)
        return Answer(body=msgspec.json.encode(body))


def _read(asking: Asking, sent: Resource) -> tuple[Message, Sent] | Answer:
    headers = read_headers(asking.headers)
    if not isinstance(headers, Sent):
        return answer_of(headers)
    if len(sent.compact) > MOST_BYTES:
        words = f"A message has at most {MOST_BYTES:,} bytes."
        return answer_of((unprocessable(words, "Bundle", "too-costly"),))
    message = read_message(sent.content)
    return (message, headers) if isinstance(message, Message) else answer_of(message)


def _elsewhere(message: Message, headers: Sent) -> tuple[Fault, ...]:
    """Where the header of the request and that of the message name two services."""
    for one in message.header.get("destination", []):
        system, bar, value = str(one.get("endpoint", "")).partition("|")
        if bar and system == headers.system and value != headers.service:
            words = "The message's destination is another service than the header's."
            return (invalid(words, TARGET),)
    return ()
