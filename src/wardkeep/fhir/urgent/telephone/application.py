# SPDX-License-Identifier: Apache-2.0
"""The way in for telephone systems: `POST /telephone/events`, and nothing else.

A token of the scope `telephone` and no other is taken here, and is taken nowhere else.
What comes back is how many events were new; nothing is read here
(docs/formats/telephone.md).
"""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.base.ids import OrganisationId
from wardkeep.disclosure.answers import Done, Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.telephone import (
    CheckTelephone,
    HeldNumber,
    HoldNumbers,
    TelephoneSystem,
)
from wardkeep.fhir.model.moments import moment_in
from wardkeep.fhir.urgent.telephone.events import (
    MOST_EVENTS,
    NO_MOMENT,
    Batch,
    Refused,
    read_event,
)
from wardkeep.fhir.urgent.telephone.taking import Taken, TelephoneEvents, TooMany
from wardkeep.web.exchange import PATTERN

PREFIX = "/telephone"
EVENTS = f"{PREFIX}/events"
_STATUS = {"not-signed-in": 401, "not-your-work": 403}
_decoder = msgspec.json.Decoder(Batch)


class TelephoneApplication:
    """Answers below `/telephone`."""

    def __init__(
        self, warden: WardenClient, events: TelephoneEvents, *, clock: Clock
    ) -> None:
        self._warden = warden
        self._events = events
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        # A body that nobody reads would break the connection for the next request.
        body = await request.body()
        is_here = request.url.path == EVENTS
        request.scope[PATTERN] = EVENTS if is_here else f"{PREFIX}/…"
        if not is_here:
            return _error(404, "There is nothing here.")
        if request.method != "POST":
            return _error(405, "Events are posted.")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return _error(401, "Send an access token of the scope telephone.")
        return await self._taken(token.strip(), body)

    async def _taken(self, token: str, body: bytes) -> Response:
        system = await self._warden.ask(CheckTelephone(token), TelephoneSystem)
        if isinstance(system, Refusal):
            return _refused(system)
        try:
            batch = _decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return _error(400, "Send {sent_at, events: [{id, call, event, at, …}]}.")
        sent_at = moment_in(batch.sent_at)
        if sent_at is None:
            return _error(400, NO_MOMENT.replace("`at`", "`sent_at`"))
        if len(batch.events) > MOST_EVENTS:
            return _error(413, f"Send at most {MOST_EVENTS:,} events at once.")
        now = self._clock.now()
        read = [read_event(one, system=system.account, now=now) for one in batch.events]
        refused = [one for one in read if isinstance(one, Refused)]
        taken = await self._events.take(
            OrganisationId(system.organisation),
            system.account,
            [one for one in read if not isinstance(one, Refused)],
            now=now,
            clock_off=sent_at - now,
        )
        if isinstance(taken, TooMany):
            return _too_many(taken)
        return await self._told(token, taken, refused)

    async def _told(self, token: str, taken: Taken, refused: list[Refused]) -> Response:
        """Numbers go to the warden, and are forgotten here."""
        if taken.numbers:
            held = tuple(
                HeldNumber(
                    account=account,
                    call=one.call,
                    number=one.number,
                    answered_at=microseconds_since_epoch(one.at),
                )
                for account, one in taken.numbers
            )
            # What is refused now was held by nobody: the number is typed.
            await self._warden.ask(HoldNumbers(token, held), Done)
        told = {
            "new": taken.new,
            "known": taken.known,
            "refused": [{"id": one.id, "why": one.why} for one in refused],
        }
        return _json(told)


def _too_many(found: TooMany) -> Response:
    response = _error(429, "That is more than a telephone system sends.")
    response.headers["Retry-After"] = str(found.seconds)
    return response


def _refused(given: Refusal) -> Response:
    return _error(_STATUS.get(given.code, 503), f"{given.why} {given.mend}")


def _error(status: int, detail: str) -> Response:
    response = _json({"detail": detail}, status=status)
    if status == 401:  # noqa: PLR2004 - RFC 6750, 3
        challenge = 'Bearer realm="wardkeep", scope="telephone"'
        response.headers["WWW-Authenticate"] = challenge
    return response


def _json(told: dict[str, object], *, status: int = 200) -> Response:
    return Response(
        msgspec.json.encode(told),
        status,
        headers={"Cache-Control": "no-store"},
        media_type="application/json",
    )
