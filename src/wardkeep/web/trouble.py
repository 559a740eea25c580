# SPDX-License-Identifier: Apache-2.0
"""What went wrong with a request, in plain words: the matter of every error page.

No word here comes from an exception's text: it may quote what somebody typed.
"""

from http import HTTPStatus

import msgspec

from wardkeep.db.errors import DatabaseBusyError, DatabaseUnavailableError
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenBusyError, WardenUnavailableError

RETRY_SECONDS = 2


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """One error, as the person reads it."""

    status: int
    title: str
    why: str
    mend: str
    retry_after_seconds: int | None = None
    headers: tuple[tuple[str, str], ...] = ()


class BodyTooLargeError(Exception):
    """More bytes came than this place takes."""


class BodyTooSlowError(Exception):
    """The body did not arrive in time."""


class ClientGoneError(Exception):
    """Nobody waits for the answer any more."""


MALFORMED = Trouble(
    status=HTTPStatus.BAD_REQUEST,
    title="That request could not be read",
    why="Your browser sent something that this page does not understand.",
    mend="Go back, reload the page and try again.",
)
NOT_FROM_HERE = Trouble(
    status=HTTPStatus.FORBIDDEN,
    title="That did not come from a Wardkeep page",
    why="Something other than a page of ours asked for this, so it was not done.",
    mend="Open Wardkeep itself and do it there.",
)
SIGNED_OUT = Trouble(
    status=HTTPStatus.FORBIDDEN,
    title="You have been signed out",
    why="Your session has ended, so what you sent was not saved.",
    mend="Sign in again, then repeat it.",
)
NOT_YOUR_WORK = Trouble(
    status=HTTPStatus.FORBIDDEN,
    title="Your role does not include this page",
    why="This page is for people with another role.",
    mend="Ask a colleague whose work it is.",
)
NOT_FOUND = Trouble(
    status=HTTPStatus.NOT_FOUND,
    title="There is no such page",
    why="The address may be mistyped, or the page may have moved.",
    mend="Check the address, or start again from the first page.",
)
TOO_SLOW = Trouble(
    status=HTTPStatus.REQUEST_TIMEOUT,
    title="Your request took too long to arrive",
    why="The connection was too slow, so nothing was done.",
    mend="Try again.",
)
TOO_LARGE = Trouble(
    status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    title="That is more than this page takes",
    why="What was sent is too large, so nothing was done.",
    mend="Send less at once.",
)
NOT_A_FORM = Trouble(
    status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    title="That request could not be read",
    why="This page takes forms of another kind.",
    mend="Go back, reload the page and try again.",
)
WRONG_HOST = Trouble(
    status=HTTPStatus.MISDIRECTED_REQUEST,
    title="Wardkeep does not answer to this address",
    why="The name in the address bar is not the one this Wardkeep is set up for.",
    mend="Use the address that your organisation gave you.",
)
TOO_MANY = Trouble(
    status=HTTPStatus.TOO_MANY_REQUESTS,
    title="Too many tries",
    why="Too many requests came from your network in a short time.",
    mend="Wait a few seconds and try again.",
    retry_after_seconds=RETRY_SECONDS,
)
BROKEN = Trouble(
    status=HTTPStatus.INTERNAL_SERVER_ERROR,
    title="Something went wrong on our side",
    why="It is not something you did. It may not have been saved.",
    mend="Try again. If it stays so, tell whoever runs Wardkeep the reference below.",
)
BUSY = Trouble(
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    title="Wardkeep is very busy",
    why="More is asked of it just now than it can do.",
    mend="Try again in a few seconds.",
    retry_after_seconds=RETRY_SECONDS,
)
WARDEN_AWAY = Trouble(
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    title="Records cannot be opened just now",
    why="The part of Wardkeep that holds the keys does not answer.",
    mend="Try again in a few seconds. If it stays so, use your outage pack or paper,"
    " and tell whoever runs Wardkeep.",
    retry_after_seconds=RETRY_SECONDS,
)
DATABASE_AWAY = Trouble(
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    title="The database does not answer just now",
    why="Nothing can be read or saved until it does.",
    mend="Try again in a few seconds. If it stays so, tell whoever runs Wardkeep.",
    retry_after_seconds=RETRY_SECONDS,
)

_BY_EXCEPTION: tuple[tuple[type[BaseException], Trouble], ...] = (
    (BodyTooLargeError, TOO_LARGE),
    (BodyTooSlowError, TOO_SLOW),
    (WardenUnavailableError, WARDEN_AWAY),
    (WardenBusyError, BUSY),
    (DatabaseUnavailableError, DATABASE_AWAY),
    (DatabaseBusyError, BUSY),
    (TimeoutError, BUSY),
)
_FROZEN = "frozen"
_RETRYABLE_CODES = frozenset({"busy", "database-unavailable", "ledger-cannot-write"})


def not_allowed(methods: frozenset[str]) -> Trouble:
    """405, with the Allow header that RFC 9110 (15.5.6) asks for."""
    return Trouble(
        status=HTTPStatus.METHOD_NOT_ALLOWED,
        title="That cannot be done at this address",
        why="The page exists, but not for this kind of request.",
        mend="Start again from the first page.",
        headers=(("Allow", ", ".join(sorted(methods))),),
    )


def of_exception(error: BaseException) -> Trouble:
    """What to say of an exception; what we did not foresee is our own fault."""
    for kind, trouble in _BY_EXCEPTION:
        if isinstance(error, kind):
            return trouble
    return BROKEN


def of_refusal(refusal: Refusal) -> Trouble:
    """A refusal of the warden as a page: its own words, and whether to come back."""
    is_retryable = refusal.code in _RETRYABLE_CODES
    status = HTTPStatus.SERVICE_UNAVAILABLE if is_retryable else HTTPStatus.FORBIDDEN
    return Trouble(
        status=status,
        title=_title(refusal.code, is_retryable=is_retryable),
        why=refusal.why,
        mend=refusal.mend,
        retry_after_seconds=RETRY_SECONDS if is_retryable else None,
    )


def _title(code: str, *, is_retryable: bool) -> str:
    if code == _FROZEN:
        return "Your account is frozen"
    return "That cannot be done just now" if is_retryable else "Refused"
