# SPDX-License-Identifier: Apache-2.0
"""What a receiver's answer means to whoever sent: done, try again, or never.

The standard: 409 with `duplicate` is success, for an answer of before was lost. 408,
429 and 503 are tried again, and so is whatever comes without an OperationOutcome, for
then something between the two answered.
"""

from enum import StrEnum
from http import HTTPStatus

import msgspec

from wardkeep.base.ids import is_fhir_id
from wardkeep.fhir.bars.errors import said_in

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


class Judged(msgspec.Struct, frozen=True):
    """An answer, judged."""

    verdict: Verdict
    code: str = ""
    """What went wrong, as a code alone: an answer's words may repeat a person's."""
    there: str = ""
    """The id that what was sent has there."""


def judged(status: int, body: bytes) -> Judged:
    """`status` 0 where nobody answered."""
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Judged(Verdict.DONE, there=_id_in(body))
    try:
        said = said_in(msgspec.json.decode(body))
    except (msgspec.DecodeError, RecursionError):
        said = None
    code = f"{status} {said.error[:40]} {said.code[:40]}" if said else str(status)
    if status == HTTPStatus.CONFLICT and said is not None and said.code == "duplicate":
        return Judged(Verdict.DONE, code)
    if status in _AGAIN or said is None or said.code in _PASSING:
        return Judged(Verdict.AGAIN, code)
    return Judged(Verdict.NEVER, code)


class _About(msgspec.Struct, frozen=True):
    resourceType: str = ""  # noqa: N815 - FHIR's own names
    id: str = ""


class _Entry(msgspec.Struct, frozen=True):
    resource: _About = _About()


class _Answer(msgspec.Struct, frozen=True):
    entry: tuple[_Entry, ...] = ()


def _id_in(body: bytes) -> str:
    """Of what the message was about, where the answer says it."""
    try:
        said = msgspec.json.decode(body, type=_Answer)
    except (msgspec.DecodeError, RecursionError):
        return ""
    kinds = ("ServiceRequest", "Appointment")
    found = [one.resource for one in said.entry if one.resource.resourceType in kinds]
    return found[0].id if found and is_fhir_id(found[0].id) else ""
