# SPDX-License-Identifier: Apache-2.0
"""The guard around everything: what is not plainly well is turned away before a page.

Pure ASGI, one for the pages and one for `/fhir`: the same host allow-list, limits and
reference; pages add the check of where a request comes from, and their headers.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Mapping

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from wardkeep.base.clock import Clock
from wardkeep.web.answer_log import AnswerLog
from wardkeep.web.exchange import (
    NO_PATTERN,
    PATTERN,
    REFERENCE,
    Exchange,
    RepeatedHeaderError,
    method_word,
    single_headers,
)
from wardkeep.web.headers import RawHeaders
from wardkeep.web.metrics import Metrics
from wardkeep.web.pieces import AnswerEndedError
from wardkeep.web.same_origin import Provenance, is_allowed
from wardkeep.web.site import Site
from wardkeep.web.trouble import (
    BROKEN,
    BUSY,
    MALFORMED,
    NOT_FROM_HERE,
    TOO_LARGE,
    WRONG_HOST,
    ClientGoneError,
    Trouble,
    of_exception,
)

HEALTH_PREFIX = "/health/"
"""Probes name a machine by its address, so the host allow-list leaves these out."""

# No vowels and nothing that looks like something else: it is read out on telephones.
_REFERENCE_LETTERS = "23456789BCDFGHJKMNPQRSTVWXZ"
_HALF = 4
_LETTER_OF = bytes(
    [ord(_REFERENCE_LETTERS[byte % len(_REFERENCE_LETTERS)]) for byte in range(256)]
)
"""Some letters come a little more often than others: it need not be unguessable."""

log = logging.getLogger("wardkeep.web")

Check = Callable[[Scope, Mapping[bytes, str]], Trouble | None]
Tell = Callable[[Trouble, str], Response]
"""Makes the answer that tells of a trouble, with the reference."""


def new_reference() -> str:
    """What a person reads out and an operator finds in the log: BKQ4-7TXM."""
    letters = os.urandom(2 * _HALF).translate(_LETTER_OF).decode()
    return f"{letters[:_HALF]}-{letters[_HALF:]}"


def host_check(hosts: frozenset[str]) -> Check:
    """Refuses every Host but our own: DNS rebinding."""

    def check(scope: Scope, headers: Mapping[bytes, str]) -> Trouble | None:
        is_ours = headers.get(b"host", "").lower() in hosts
        is_probe = scope["path"].startswith(HEALTH_PREFIX)
        return None if is_ours or is_probe else WRONG_HOST

    return check


def origin_check(site: Site) -> Check:
    """Refuses what other sites' pages ask for: cross-site request forgery."""

    def check(scope: Scope, headers: Mapping[bytes, str]) -> Trouble | None:
        said = Provenance(
            site=headers.get(b"sec-fetch-site"),
            mode=headers.get(b"sec-fetch-mode"),
            dest=headers.get(b"sec-fetch-dest"),
            origin=headers.get(b"origin"),
        )
        allowed = is_allowed(scope["method"], said, origin=site.origin)
        return None if allowed else NOT_FROM_HERE

    return check


def length_check(site: Site) -> Check:
    """Refuses an announced body that is too large before a byte of it is read."""
    most = site.limits.body_bytes

    def check(_scope: Scope, headers: Mapping[bytes, str]) -> Trouble | None:
        announced = headers.get(b"content-length", "0")
        if not (announced.isascii() and announced.isdigit()):
            return MALFORMED
        return TOO_LARGE if int(announced[:20]) > most else None

    return check


class AnswerBrokenError(Exception):
    """The answer stopped half way; the log has the cause under the reference."""


class Guard:
    """Stands in front of an ASGI application."""

    def __init__(  # noqa: PLR0913 - each part is named where the guard is made
        self,
        inside: ASGIApp,
        *,
        site: Site,
        checks: tuple[Check, ...],
        headers: RawHeaders,
        tell: Tell,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._inside = inside
        self._limits = site.limits
        self._checks = checks
        self._headers = headers
        self._tell = tell
        self._metrics = metrics
        self._clock = clock
        self._answers = AnswerLog(clock)
        self._under_way = 0
        metrics.watch_under_way(lambda: self._under_way)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await _refuse_websocket(scope, receive, send)
            return
        started = self._clock.monotonic_seconds()
        reference = scope[REFERENCE] = new_reference()
        exchange = Exchange(
            receive,
            send,
            limits=self._limits,
            headers=self._headers,
            reference=reference,
        )
        trouble = self._turn_away(scope)
        if trouble is None:
            await self._let_in(scope, exchange)
        else:
            await self._say(trouble, scope, exchange)
        self._write_down(scope, exchange, started)

    def _turn_away(self, scope: Scope) -> Trouble | None:
        """The first thing that is wrong with the request as it stands."""
        try:
            headers = single_headers(scope)
        except RepeatedHeaderError:
            trouble: Trouble | None = MALFORMED
        else:
            trouble = None
            for check in self._checks:
                trouble = check(scope, headers)
                if trouble is not None:
                    break
        if trouble is None and self._under_way >= self._limits.at_once:
            trouble = BUSY
        if trouble is not None:
            self._metrics.turned_away.labels(str(int(trouble.status))).inc()
        return trouble

    async def _let_in(self, scope: Scope, exchange: Exchange) -> None:
        self._under_way += 1
        try:
            async with asyncio.timeout(self._limits.answer_seconds) as timeout:
                exchange.hold(timeout)
                await self._inside(scope, exchange.receive, exchange.send)
        except ClientGoneError:
            log.info("the client went away", extra={"reference": exchange.reference})
        except AnswerEndedError:
            log.info("an answer was ended", extra={"reference": exchange.reference})
            exchange.hold(None)
            raise AnswerBrokenError from None
        except Exception as error:  # noqa: BLE001 - the last place that can answer
            await self._mend(error, scope, exchange)
        finally:
            self._under_way -= 1

    async def _mend(self, error: Exception, scope: Scope, exchange: Exchange) -> None:
        """Log what broke; answer in words if no answer has begun."""
        exchange.hold(None)
        trouble = of_exception(error)
        if trouble is BROKEN:
            log.error(
                "a page broke", exc_info=error, extra={"reference": exchange.reference}
            )
        if exchange.status:
            # Half an answer must not look like a whole one: the server cuts it off.
            # Raised without its cause, whose text may quote what somebody typed.
            raise AnswerBrokenError from None
        await self._say(trouble, scope, exchange)

    async def _say(self, trouble: Trouble, scope: Scope, exchange: Exchange) -> None:
        response = self._tell(trouble, exchange.reference)
        try:
            async with asyncio.timeout(self._limits.send_seconds):
                await response(scope, exchange.receive, exchange.send)
        except (ClientGoneError, TimeoutError):
            log.info("the client went away", extra={"reference": exchange.reference})

    def _write_down(self, scope: Scope, exchange: Exchange, started: float) -> None:
        seconds = self._clock.monotonic_seconds() - started
        method, pattern = method_word(scope), scope.get(PATTERN, NO_PATTERN)
        self._metrics.answered(
            method=method, pattern=pattern, status=exchange.status, seconds=seconds
        )
        if log.isEnabledFor(logging.INFO):
            self._answers.write(
                exchange.reference,
                method=method,
                pattern=pattern,
                status=exchange.status,
                seconds=seconds,
            )


async def _refuse_websocket(scope: Scope, receive: Receive, send: Send) -> None:
    """No page speaks WebSocket; boards use server-sent events."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
