# SPDX-License-Identifier: Apache-2.0
"""OperationOutcomes: https://hl7.org/fhir/R4/operationoutcome.html.

No word of them comes from a patient's data: a place, what is wrong there, the mend.
"""

from collections.abc import Iterable
from http import HTTPStatus

import msgspec

from wardkeep.base.outcome import Problem
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.rest.answer import JSON, Answer, Headers
from wardkeep.fhir.store.outcomes import Conflict, Invalid, NotFound
from wardkeep.fhir.store.search_request import TooCostly

_encode = msgspec.json.Encoder().encode
RETRY_SECONDS = b"2"
_SIGNED_OUT = "not-signed-in"
_SPENT = "contract-spent"
_BUSY = frozenset({"busy", "database-unavailable", "ledger-cannot-write"})
_DPOP = b', DPoP realm="wardkeep", algs="ES256 ES384 RS384 EdDSA"'
CHALLENGE = (b"www-authenticate", b'Bearer realm="wardkeep"' + _DPOP)
INVALID_TOKEN = (
    b"www-authenticate",
    b'Bearer realm="wardkeep", error="invalid_token"' + _DPOP,
)
"""For a token that was sent and does not hold (RFC 6750, 3.1)."""


class Issue(msgspec.Struct, frozen=True, omit_defaults=True):
    """One issue; the members are FHIR's own."""

    severity: str
    code: str
    """https://hl7.org/fhir/R4/valueset-issue-type.html"""
    diagnostics: str = ""
    expression: tuple[str, ...] = ()


def outcome_json(issues: Iterable[Issue]) -> bytes:
    return _encode({"resourceType": "OperationOutcome", "issue": tuple(issues)})


def told(
    status: int,
    code: str,
    diagnostics: str,
    *,
    expression: tuple[str, ...] = (),
    headers: Headers = (),
) -> Answer:
    """An answer that is one error."""
    issue = Issue("error", code, diagnostics, expression)
    return Answer(status=status, body=outcome_json([issue]), headers=(JSON, *headers))


def of_problems(
    problems: Iterable[Problem], *, status: int = HTTPStatus.BAD_REQUEST, code: str
) -> Answer:
    """What is wrong with what was sent, each at its place."""
    issues = [issue_of(one, code) for one in problems]
    return Answer(status=status, body=outcome_json(issues), headers=(JSON,))


def issue_of(problem: Problem, code: str) -> Issue:
    is_place = problem.place and " " not in problem.place
    words = f"{problem.wrong[:1].upper()}{problem.wrong[1:]}. {problem.mend}"
    return Issue("error", code, words, (problem.place,) if is_place else ())


def of_refusal(refusal: Refusal) -> Answer:
    """The warden's no: 401, 403, 429 or 503, in its own words."""
    words = f"{refusal.why} {refusal.mend}"
    if refusal.code == _SIGNED_OUT:
        return told(
            HTTPStatus.UNAUTHORIZED,
            "login",
            "The access token is missing, unknown or over. Ask for a new one.",
            headers=(INVALID_TOKEN,),
        )
    if refusal.code == _SPENT:
        retry = (b"retry-after", b"600")
        status = HTTPStatus.TOO_MANY_REQUESTS
        return told(status, "throttled", words, headers=(retry,))
    if refusal.code in _BUSY:
        retry = (b"retry-after", RETRY_SECONDS)
        status = HTTPStatus.SERVICE_UNAVAILABLE
        return told(status, "transient", words, headers=(retry,))
    return told(HTTPStatus.FORBIDDEN, "forbidden", words)


def of_not_found(missing: NotFound) -> Answer:
    if missing.was_deleted:
        return told(HTTPStatus.GONE, "deleted", "The resource was deleted.")
    return told(HTTPStatus.NOT_FOUND, "not-found", "There is no such resource here.")


def of_conflict(conflict: Conflict, *, status: int = HTTPStatus.CONFLICT) -> Answer:
    words = (
        f"{conflict.type}/{conflict.id} is at version {conflict.version} now."
        " Read it again and repeat the change on that version."
    )
    return told(status, "conflict", words)


def of_invalid(invalid: Invalid) -> Answer:
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return of_problems(invalid.problems, status=status, code="business-rule")


def of_costly(costly: TooCostly) -> Answer:
    words = f"{costly.wrong[:1].upper()}{costly.wrong[1:]}. {costly.mend}"
    return told(HTTPStatus.FORBIDDEN, "too-costly", words)
