# SPDX-License-Identifier: Apache-2.0
"""What passes between a page's script and us while an authenticator is asked.

The script posts JSON and gets JSON: options for `navigator.credentials`, then where to
go, or words to show. The warden makes the options and judges the answer; these pages
carry both and understand neither.
"""

from http import HTTPStatus

import msgspec
from starlette.responses import Response

from wardkeep.disclosure.answers import CeremonyOptions, Refusal
from wardkeep.web.trouble import TOO_MANY, Trouble, of_refusal
from wardkeep.web.visit import PublicVisit


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What the script shows where the ceremony cannot go on."""

    code: str
    why: str
    mend: str


class GoOn(msgspec.Struct, frozen=True, kw_only=True):
    """Where the script sends the browser."""

    next: str


def answer_options(visit: PublicVisit, given: CeremonyOptions | Refusal) -> Response:
    """The options as they came from the warden, or why there are none."""
    if isinstance(given, Refusal):
        return answer_refusal(visit, given)
    return Response(given.options, media_type="application/json")


def answer_refusal(visit: PublicVisit, refusal: Refusal) -> Response:
    trouble = of_refusal(refusal)
    words = Words(code=refusal.code, why=refusal.why, mend=refusal.mend)
    response = visit.answer_json(words, status=trouble.status)
    return _with_pause(response, trouble)


def answer_trouble(visit: PublicVisit, trouble: Trouble) -> Response:
    """A trouble as words for the script."""
    code = HTTPStatus(trouble.status).phrase.lower().replace(" ", "-")
    words = Words(code=code, why=trouble.why, mend=trouble.mend)
    response = visit.answer_json(words, status=trouble.status)
    return _with_pause(response, trouble)


def answer_too_many(visit: PublicVisit) -> Response:
    return answer_trouble(visit, TOO_MANY)


def _with_pause(response: Response, trouble: Trouble) -> Response:
    if trouble.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(trouble.retry_after_seconds)
    return response
