# SPDX-License-Identifier: Apache-2.0
"""Resources as they are sent to be stored, and what is answered once they are."""

import re

from wardkeep.base.outcome import Problem
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.rest.answer import JSON, Answer, version_headers
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.negotiation import preference, refused_body
from wardkeep.fhir.rest.outcome import (
    Issue,
    of_conflict,
    of_invalid,
    of_problems,
    of_refusal,
    outcome_json,
    told,
)
from wardkeep.fhir.store.change import MUST_EXIST
from wardkeep.fhir.store.draft import is_sealed
from wardkeep.fhir.store.outcomes import (
    AlreadyThere,
    Conflict,
    Invalid,
    Reference,
    Written,
)
from wardkeep.fhir.store.stamping import Stamp, stamped
from wardkeep.fhir.validation import check

NO_VERSION = -1


async def resource_in(asking: Asking, *, type_: str) -> Resource | Answer:
    """The resource in the body, its structure checked."""
    refused = refused_body(asking)
    if refused is not None:
        return refused
    raw = await asking.body()
    if isinstance(raw, Problem):
        return of_problems([raw], status=400, code="structure")
    return checked(with_own_references(raw, asking.base), type_=type_)


def with_own_references(raw: bytes, base: str) -> bytes:
    """References by this server's own address made relative.

    `http://here/fhir/Patient/1` and `Patient/1` are the same resource: whose record
    something belongs to must not depend on which of the two was written.
    """
    own = base.encode() + b"/"
    if own not in raw:
        return raw
    return re.sub(rb'("reference"\s*:\s*")' + re.escape(own), rb"\1", raw)


def checked(raw: bytes, *, type_: str) -> Resource | Answer:
    found = parse(raw)
    if not isinstance(found, Resource):
        return of_problems(found, status=400, code="structure")
    if found.type != type_:
        words = f"The address says {type_} and the resource another type."
        place = ("resourceType",)
        return told(400, "invalid", words, expression=place)
    problems = check(found)
    if problems:
        return of_problems(problems, status=422, code="structure")
    return found


def answered(
    asking: Asking,
    resource: Resource,
    written: Written,
    *,
    place: int = 0,
) -> Answer:
    """201 or 200 with the version that was written (`Prefer: return=`).

    What is sealed is not said again, whatever was preferred.
    """
    reference = written.references[place]
    is_new = (reference.type, reference.id) in written.created
    headers = version_headers(reference.version, written.last_updated)
    if is_new:
        headers = (*headers, (b"location", _location(asking, reference)))
    status = 201 if is_new else 200
    wanted = preference(asking, "return")
    if wanted == "minimal" or is_sealed(resource):
        return Answer(status=status, headers=headers)
    if wanted == "operationoutcome":
        words = "It was created." if is_new else "It was updated."
        body = outcome_json([Issue("information", "informational", words)])
    else:
        body = stamped(resource, _stamp(reference, written))
    return Answer(status=status, body=body, headers=(JSON, *headers))


def _stamp(reference: Reference, written: Written) -> Stamp:
    return Stamp(reference.type, reference.id, reference.version, written.last_updated)


def _location(asking: Asking, one: Reference) -> bytes:
    path = f"{one.type}/{one.id}/_history/{one.version}"
    return f"{asking.base}/{path}".encode()


def not_written(
    found: Refusal | Conflict | Invalid | AlreadyThere, *, has_condition: bool
) -> Answer:
    """Why nothing was; 412 where the caller named the version that it builds on."""
    match found:
        case Refusal():
            return of_refusal(found)
        case Invalid():
            return of_invalid(found)
        case Conflict():
            return of_conflict(found, status=412 if has_condition else 409)
        case AlreadyThere():
            return told(
                409, "conflict", "Another program wrote it just now. Try again."
            )


def expected_version(asking: Asking) -> int | None:
    """What If-Match names; None without it, -1 where no version reads so."""
    return version_in(asking.header(b"if-match"))


def version_in(tag: str) -> int | None:
    """The version of an ETag as `W/"3"`; as `expected_version` tells it.

    `*` holds for whatever there is (RFC 9110, 13.1.1).
    """
    given = tag.strip()
    if not given:
        return None
    if given == "*":
        return MUST_EXIST
    text = given.removeprefix("W/").strip('"')
    is_number = text.isascii() and text.isdigit() and len(text) < 10  # noqa: PLR2004 - versions are 32 bits wide
    return int(text) if is_number else NO_VERSION
