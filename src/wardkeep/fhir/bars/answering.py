# SPDX-License-Identifier: Apache-2.0
"""What a message is answered with at once: that it was taken, and what it is here.

No more than the sender said, with the ids by which it asks and changes it later.
"""

from datetime import datetime
from typing import Any

from wardkeep.base.ids import new_uuid
from wardkeep.fhir.bars.codes import ANSWERED_BY, EVENTS, REASONS, Reason
from wardkeep.fhir.bars.message import Message
from wardkeep.fhir.clinics.resources import instant

Json = dict[str, Any]


def answer_to(message: Message, *, focus: Json, moment: datetime) -> Json:
    """A Bundle: a header that names the message, and what it was about."""
    header = message.header
    url = f"{focus['resourceType']}/{focus['id']}"
    event = ANSWERED_BY.get(message.event, message.event)
    made: Json = {
        "resourceType": "MessageHeader",
        "id": new_uuid(),
        "eventCoding": {"system": EVENTS, "code": str(event)},
        "source": {"name": "Wardkeep", "endpoint": _endpoint(header)},
        "reason": {"coding": [{"system": REASONS, "code": str(Reason.NEW)}]},
        "response": {"identifier": message.id, "code": "ok"},
        "focus": [{"reference": url}],
    }
    return {
        "resourceType": "Bundle",
        "id": new_uuid(),
        "type": "message",
        "timestamp": instant(moment),
        "entry": [
            {"fullUrl": f"urn:uuid:{made['id']}", "resource": made},
            {"fullUrl": url, "resource": focus},
        ],
    }


def _endpoint(header: Json) -> str:
    """By which the sender named us."""
    for one in header.get("destination", []):
        if one.get("endpoint"):
            return str(one["endpoint"])
    return "urn:wardkeep"
