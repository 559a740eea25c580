# SPDX-License-Identifier: Apache-2.0
"""What a receiver's answer means to whoever sent: done, try again, or never.

The standard: 409 with `duplicate` is success, for an answer of before was lost. 408,
429 and 503 are tried again, and so is whatever comes without an OperationOutcome, for
then something between the two answered. That holds of a 200 too: a firewall's page of
refusal is sent with that status, and a patient would be thought referred.
"""

import contextlib
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from http import HTTPStatus

import msgspec

from wardkeep.base.ids import is_fhir_id
from wardkeep.fhir.bars.errors import Said, said_in

UNREACHABLE = 0
"""In the place of a status: nobody answered."""
_AGAIN = frozenset(
    {
        *(UNREACHABLE, HTTPStatus.UNAUTHORIZED, HTTPStatus.REQUEST_TIMEOUT),
        *(HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE),
        *(HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT),
    }
)
_PASSING = frozenset({"transient", "timeout", "throttled", "lock-error", "no-store"})


class Verdict(StrEnum):
    """What follows."""

    DONE = "done"
    AGAIN = "again"
    NEVER = "never"


_CODE = re.compile(r"[A-Za-z_-]{1,40}")
"""The longest of the standard has 24; whatever else stands there is looked at once."""
_ENDED = {"transient-error": Verdict.AGAIN, "fatal-error": Verdict.NEVER}
NOT_THEIRS = "not FHIR"
"""Their system did not answer: something between us did."""


class Judged(msgspec.Struct, frozen=True):
    """An answer, judged."""

    verdict: Verdict
    code: str = ""
    """What went wrong, as a code alone: an answer's words may repeat a person's."""
    there: str = ""
    """The id that what was sent has there."""


def judged(status: int, body: bytes) -> Judged:
    """`status` 0 where nobody answered."""
    content = _decoded(body)
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        is_theirs = not body.strip() or "resourceType" in content
        return _taken(status, content) if is_theirs else _not_theirs(status)
    said = said_in(content)
    code = _code(status, said) if said else str(status)
    if status == HTTPStatus.CONFLICT and said is not None and said.code == "duplicate":
        return Judged(Verdict.DONE, code)
    if status in _AGAIN or said is None or said.code in _PASSING:
        return Judged(Verdict.AGAIN, code)
    return Judged(Verdict.NEVER, code)


def _decoded(body: bytes) -> Mapping[str, object]:
    """A JSON object; empty where it is none."""
    try:
        return msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.DecodeError, RecursionError):
        return {}


def _not_theirs(status: int) -> Judged:
    """Sent again: where it did arrive, the next answer says that it is a duplicate."""
    return Judged(Verdict.AGAIN, f"{status} {NOT_THEIRS}")


def _taken(status: int, content: Mapping[str, object]) -> Judged:
    """What a receiver says that has it, or an error that came as a success.

    Of a message the header says how it went
    (https://hl7.org/fhir/R4/messageheader-definitions.html#MessageHeader.response.code).
    """
    said = said_in(content)
    if said is not None and _is_error(content):
        code = _code(status, said)
        is_passing = said.code in _PASSING
        return Judged(Verdict.AGAIN if is_passing else Verdict.NEVER, code)
    answer = _read(content)
    for response in (one.response.code for one in answer):
        if response in _ENDED:
            return Judged(_ENDED[response], f"{status} {response}")
    return Judged(Verdict.DONE, there=_id_in(answer))


def _code(status: int, said: Said) -> str:
    """Codes alone: it lies in a row in the clear, and whoever answers may say more."""
    words = (said.error, said.code)
    return " ".join(
        [str(status), *(one if _CODE.fullmatch(one) else "" for one in words)]
    )


def _is_error(outcome: Mapping[str, object]) -> bool:
    issues = outcome.get("issue")
    severities = [
        one.get("severity")
        for one in (issues if isinstance(issues, list) else [])
        if isinstance(one, dict)
    ]
    return any(one in ("error", "fatal") for one in severities)


class _Response(msgspec.Struct, frozen=True):
    code: str = ""


class _About(msgspec.Struct, frozen=True):
    resourceType: str = ""  # noqa: N815 - FHIR's own names
    id: str = ""
    response: _Response = _Response()


def _read(content: Mapping[str, object]) -> list[_About]:
    """What stands in it, one by one: a receiver answers what it likes.

    What cannot be read is left out alone, or it would take along the header that says
    that nothing was taken.
    """
    entries = content.get("entry")
    found = [
        one.get("resource")
        for one in (entries if isinstance(entries, list) else [])
        if isinstance(one, dict)
    ]
    return [_about(one) for one in found]


def _about(resource: object) -> _About:
    with contextlib.suppress(msgspec.ValidationError):
        return msgspec.convert(resource, type=_About)
    # Of a header that says more than it may the code counts all the same.
    said = resource.get("response") if isinstance(resource, dict) else None
    code = said.get("code") if isinstance(said, dict) else None
    return _About(response=_Response(code if isinstance(code, str) else ""))


def _id_in(said: Sequence[_About]) -> str:
    """Of what the message was about, where the answer says it."""
    kinds = ("ServiceRequest", "Appointment")
    found = [one for one in said if one.resourceType in kinds]
    return found[0].id if found and is_fhir_id(found[0].id) else ""
