# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a message, as an OperationOutcome with the standard's own code."""

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.responses import Response

from wardkeep.fhir.bars.codes import ERRORS, OF_STATUS, STATUS, Error
from wardkeep.fhir.rest.answer import JSON, Answer, Headers
from wardkeep.fhir.rest.asking import Asking

Json = dict[str, Any]
MESSAGE, _TARGET = "$process-message", b"nhsd-target-identifier"


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong; its words never repeat a patient's data."""

    error: Error
    code: str
    """https://hl7.org/fhir/R4/valueset-issue-type.html"""
    words: str
    place: str = ""
    """A FHIRPath expression, or a header's name."""


def missing(words: str, place: str) -> Fault:
    return Fault(error=Error.BAD_REQUEST, code="required", words=words, place=place)


def invalid(words: str, place: str) -> Fault:
    return Fault(error=Error.BAD_REQUEST, code="invalid", words=words, place=place)


def unprocessable(words: str, place: str, code: str = "not-supported") -> Fault:
    return Fault(error=Error.UNPROCESSABLE, code=code, words=words, place=place)


def outcome_of(faults: Iterable[Fault]) -> Json:
    """An OperationOutcome with an issue for each."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "error",
                "code": one.code,
                "details": {"coding": [{"system": ERRORS, "code": str(one.error)}]},
                "diagnostics": one.words,
                **({"expression": [one.place]} if one.place else {}),
            }
            for one in faults
        ],
    }


def answer_of(faults: Sequence[Fault], *, headers: Headers = ()) -> Answer:
    """An answer with the first fault's status; there must be one."""
    return Answer(
        status=STATUS[faults[0].error],
        body=msgspec.json.encode(outcome_of(faults)),
        headers=(JSON, *headers),
    )


def coded(answer: Answer) -> Answer:
    """A refusal of the API, with the standard's code for its status beside each issue.

    So that a sender which looks for these codes finds one whatever refused it.
    """
    error = OF_STATUS.get(int(answer.status))
    if answer.status < HTTPStatus.BAD_REQUEST or error is None:
        return answer
    try:
        said = msgspec.json.decode(answer.body, type=Json)
    except msgspec.DecodeError:
        return answer
    coding = {"coding": [{"system": ERRORS, "code": str(error)}]}
    issues = [{"details": coding, **one} for one in said.get("issue", [])]
    body = msgspec.json.encode({**said, "issue": issues})
    return Answer(status=answer.status, body=body, headers=answer.headers)


def as_partners_expect(asking: Asking, answer: Answer) -> Answer:
    """The standard's codes for whoever asks as the standard says, token or none.

    What is refused before anybody knows whose token it is, as a wrong address, method
    or token, is refused with them too.
    """
    is_message = bool(asking.parts) and asking.parts[0] == MESSAGE
    is_theirs = is_message or _TARGET in asking.headers
    return coded(answer) if is_theirs else answer


def coded_response(response: Response) -> Response:
    """Of what guards the API: too late, too much, down, broken."""
    answer = Answer(status=response.status_code, body=bytes(response.body))
    body = coded(answer).body
    headers = dict(response.headers)
    headers.pop("content-length", None)
    return Response(body, status_code=response.status_code, headers=headers)


class Said(msgspec.Struct, frozen=True):
    """What a receiver's OperationOutcome says of the first thing that was wrong."""

    error: str
    """A code of `http-error-codes`; empty where it names none."""
    code: str


def said_in(content: object) -> Said | None:
    """What an OperationOutcome says; None where it is none."""
    if not isinstance(content, dict):
        return None
    issues = content.get("issue")
    is_outcome = content.get("resourceType") == "OperationOutcome"
    if not is_outcome or not isinstance(issues, list) or not issues:
        return None
    first = issues[0] if isinstance(issues[0], dict) else {}
    details = first.get("details")
    codings = details.get("coding") if isinstance(details, dict) else None
    coding = codings[0] if isinstance(codings, list) and codings else {}
    named = coding.get("code", "") if isinstance(coding, dict) else ""
    return Said(error=str(named), code=str(first.get("code", "")))
