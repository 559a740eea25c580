# SPDX-License-Identifier: Apache-2.0
"""`$process-message`: takes a message to whatever handles its event.

https://hl7.org/fhir/R4/messageheader-operation-process-message.html. Apps register
handlers by the event's system and code; an event that nobody handles is refused.
"""

from collections.abc import Mapping

from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.interaction import Interaction
from wardkeep.fhir.rest.outcome import told
from wardkeep.fhir.rest.rights import session_of
from wardkeep.fhir.rest.store import Store
from wardkeep.fhir.rest.written import resource_in

Event = tuple[str, str]
"""(system, code); the system is empty where the event is a URI."""


async def process_message(asking: Asking, store: Store) -> Answer:
    sent = await resource_in(asking, type_="Bundle")
    if isinstance(sent, Answer):
        return sent
    session = await session_of(asking, store)
    if isinstance(session, Answer):
        return session
    event = _event(sent)
    if event is None:
        words = (
            "A message is a Bundle of type message that begins with a MessageHeader."
        )
        return told(400, "structure", words, expression=("Bundle.entry[0].resource",))
    handler = store.messages.get(event)
    if handler is None:
        words = "Nothing here handles messages of this event."
        place = "Bundle.entry[0].resource.event"
        return told(422, "not-supported", words, expression=(place,))
    return await handler(asking, sent)


def _event(message: Resource) -> Event | None:
    entries = message.content.get("entry")
    if message.content.get("type") != "message" or not isinstance(entries, list):
        return None
    header = entries[0].get("resource")
    if not isinstance(header, dict) or header.get("resourceType") != "MessageHeader":
        return None
    coding = header.get("eventCoding")
    if isinstance(coding, Mapping):
        return str(coding.get("system", "")), str(coding.get("code", ""))
    return "", str(header.get("eventUri", ""))


INTERACTIONS = (
    Interaction(
        name="$process-message",
        method="POST",
        path=("$process-message",),
        scope="c",
        handler=process_message,
    ),
)
