# SPDX-License-Identifier: Apache-2.0
"""Each error code of the standard, where it arises: docs/formats/bars.md has the table.

Over the application itself and what guards it, without a server; what needs a record is
in the drill of receiving. No code of the code system is without a line here.
"""

import asyncio
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from support.partners import booking, headers, referral
from wardkeep.fhir.bars.codes import STATUS, Error, Reason
from wardkeep.fhir.bars.errors import (
    Fault,
    answer_of,
    as_partners_expect,
    coded_response,
)
from wardkeep.fhir.bars.headers import Sent, read_headers
from wardkeep.fhir.bars.message import Message, faults_in, read_message
from wardkeep.fhir.bars.receiving import _DUPLICATE, _LATE, _TOO_MANY
from wardkeep.fhir.bars.writing import conflict, not_found
from wardkeep.fhir.rest import interactions
from wardkeep.fhir.rest.application import FhirApplication, tell
from wardkeep.fhir.rest.interaction import find_interactions
from wardkeep.fhir.rest.outcome import told
from wardkeep.web.trouble import (
    BROKEN,
    BUSY,
    DATABASE_AWAY,
    TOO_MANY,
    TOO_SLOW,
    WARDEN_AWAY,
    Trouble,
)

Json = dict[str, Any]
Said = tuple[int, str]
_API = FhirApplication(
    find_interactions(interactions),
    cast("Any", SimpleNamespace()),
    base="https://here.example/fhir",
    afterwards=as_partners_expect,
)


def asks(method: str, path: str, **more: str) -> Said:
    """What the API itself answers to whoever has no token."""
    sent: list[Json] = []
    raw = {**headers(), **more}
    scope = {
        "type": "http",
        "method": method,
        "path": f"/fhir/{path}",
        "raw_path": f"/fhir/{path}".encode(),
        "root_path": "/fhir",
        "query_string": b"",
        "headers": [
            (name.lower().encode(), text.encode()) for name, text in raw.items()
        ],
    }

    async def receive() -> Json:
        return {"type": "http.request", "body": b"{}"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(_API(scope, receive, send))
    return sent[0]["status"], first(sent[1]["body"])


def first(body: bytes) -> str:
    coding = json.loads(body)["issue"][0]["details"]["coding"][0]
    assert coding["system"] == "https://fhir.nhs.uk/Codesystem/http-error-codes"
    return str(coding["code"])


def guards(trouble: Trouble) -> Said:
    """What is said where the API never came to answer."""
    response = coded_response(tell(trouble, "1234"))
    assert int(response.headers["content-length"]) == len(response.body)
    return response.status_code, first(bytes(response.body))


def faulty(bundle: Json) -> Said:
    message = read_message(bundle)
    faults = faults_in(message) if isinstance(message, Message) else message
    answer = answer_of(cast("Any", faults))
    return answer.status, first(answer.body)


def answers(*faults: Fault) -> Said:
    answer = answer_of(faults)
    return answer.status, first(answer.body)


def without_ids() -> Said:
    faults = read_headers({})
    assert not isinstance(faults, Sent)
    return answers(*faults)


def too_few() -> Said:
    bundle = booking("s", "2026-12-01T09:00:00Z", "2026-12-01T09:15:00Z")
    bundle["entry"].append(
        {"fullUrl": "urn:uuid:x", "resource": {"resourceType": "Observation"}}
    )
    return faulty(bundle)


def of(answer: Any) -> Said:
    return answer.status, first(answer.body)


def beyond() -> Said:
    refused = told(403, "forbidden", "The scopes of this program do not include it.")
    asked = cast("Any", SimpleNamespace(parts=["$process-message"], headers={}))
    return of(as_partners_expect(asked, refused))


def answer_deleted() -> Said:
    bundle = referral(reason=Reason.DELETE)
    header = bundle["entry"][0]["resource"]
    header["eventCoding"]["code"] = "servicerequest-response"
    header["response"] = {"identifier": "m", "code": "ok"}
    message = read_message(bundle)
    assert isinstance(message, Message)
    found = [one for one in faults_in(message) if one.error is Error.NOT_IMPLEMENTED]
    return answers(*found)


ARISE: dict[Error, tuple[Callable[[], Said], ...]] = {
    Error.BAD_REQUEST: (
        without_ids,
        lambda: faulty({**referral(), "type": "batch"}),
        lambda: faulty(referral(status="revoked")),
    ),
    Error.UNAUTHORIZED: (
        lambda: asks("POST", "$process-message"),
        lambda: asks("GET", "Slot"),
        lambda: asks("GET", "ServiceRequest/1"),
    ),
    Error.FORBIDDEN: (beyond,),
    Error.NOT_FOUND: (
        lambda: asks("GET", "no-such-address"),
        lambda: of(not_found("No service here has this identifier.")),
    ),
    Error.METHOD_NOT_ALLOWED: (lambda: asks("DELETE", "$process-message"),),
    Error.NOT_ACCEPTABLE: (
        lambda: asks("POST", "$process-message", Accept="application/fhir+xml"),
    ),
    Error.TIMEOUT: (lambda: answers(_LATE), lambda: guards(TOO_SLOW)),
    Error.CONFLICT: (
        lambda: answers(_DUPLICATE),
        lambda: of(conflict("Somebody else has booked this slot.")),
    ),
    Error.UNPROCESSABLE: (
        too_few,
        lambda: faulty(referral_of_event("something-else")),
    ),
    Error.TOO_MANY: (lambda: answers(_TOO_MANY), lambda: guards(TOO_MANY)),
    Error.SERVER_ERROR: (lambda: guards(BROKEN),),
    Error.NOT_IMPLEMENTED: (answer_deleted,),
    Error.UNAVAILABLE: (
        lambda: guards(BUSY),
        lambda: guards(WARDEN_AWAY),
        lambda: guards(DATABASE_AWAY),
    ),
}


def referral_of_event(code: str) -> Json:
    bundle = referral()
    bundle["entry"][0]["resource"]["eventCoding"]["code"] = code
    return bundle


@pytest.mark.parametrize("error", tuple(Error))
def test_each_code_of_the_standard_arises_with_its_status(error: Error) -> None:
    for arises in ARISE[error]:
        assert arises() == (int(STATUS[error]), str(error))


def test_whoever_does_not_speak_the_standard_is_answered_without_its_codes() -> None:
    asked = cast("Any", SimpleNamespace(parts=["Patient"], headers={}))
    answer = told(404, "not-found", "There is none.")
    assert as_partners_expect(asked, answer) == answer
