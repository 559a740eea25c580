# SPDX-License-Identifier: Apache-2.0
"""A team as resources name it: by the place where it works, which is its queue.

FHIR R4 lets neither a Task be owned by a Location nor a Communication be sent to one
(https://hl7.org/fhir/R4/task.html, https://hl7.org/fhir/R4/communication.html). So the
place stands as an identifier, and is searched as one.
"""

from wardkeep.base.ids import is_fhir_id

QUEUE = "urn:wardkeep:queue"
PLACE = "Location"


def is_place(reference: str) -> bool:
    """Whether it reads `Location/x`."""
    kind, _, id_ = reference.partition("/")
    return kind == PLACE and is_fhir_id(id_)


def queue_of(place: str) -> dict[str, str]:
    """The Identifier of the queue of a place, given as `Location/x`."""
    return {"system": QUEUE, "value": place}


def topic_key(who: str) -> str:
    """A person or a place, as the key of a topic that live pages hear of."""
    return who.replace("/", ".")
