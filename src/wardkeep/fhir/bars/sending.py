# SPDX-License-Identifier: Apache-2.0
"""Sends what waits, as a program of the organisation's own, until it is answered.

Messages of booking and referral go to a partner's `$process-message`; a surgery's
document is created at its server, and what the repeat caller service is told at that,
both under a condition by which a second copy of one creates nothing.

Each sending is an opening at the door, by that program's account, with an entry. Killed
at any moment it sends again, with the same ids, and a duplicate is success. So it comes
at least once, and is taken once.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Protocol, cast
from urllib.parse import quote

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.ids import OrganisationId
from wardkeep.db.changes import Topic, tell
from wardkeep.db.connection import Connection, Database
from wardkeep.disclosure.answers import Refusal, SignedIn
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.questions import ClientSignIn
from wardkeep.fhir.bars.beginning import begins
from wardkeep.fhir.bars.headers import REQUEST, Sent, headers_for
from wardkeep.fhir.bars.judging import Judged, Verdict, judged
from wardkeep.fhir.bars.outgoing import (
    DOCUMENT,
    MESSAGE,
    REPEAT_CALL,
    SEND,
    SYSTEMS,
    TYPE,
    UNANSWERED,
    bundle_in,
    identity_of,
)
from wardkeep.fhir.store.outcomes import NotFound, Opener
from wardkeep.fhir.store.program_reading import ProgramReader
from wardkeep.jobs.job import Job, JobConnection, JobKind

log = logging.getLogger(__name__)
TOPIC = "message"
"""Whoever shows a referral hears of it, by the ServiceRequest's id."""
ATTEMPTS = 400
"""Two weeks, at an hour between two in the end."""
Json = dict[str, Any]
_WAITING = """
select o.message, o.request, o.communication, o.about, o.kind, o.sent_at, o.refused_at,
       o.unanswered_at, o.begun_at, o.held_at, o.dropped_at, o.useless_at,
       w.system, w.service, w.endpoint, w.token_url, w.client
  from bars.outgoing as o
  left join bars.partner as w
    on w.organisation = o.organisation and w.service = o.partner
   and (o.kind = 'message' or w.kind = 'surgery' and w.is_active)
 where o.organisation = $1 and o.message = $2
"""
_TRIED = """
update bars.outgoing set attempts = attempts + 1, last_error = $3
 where organisation = $1 and message = $2
"""
_DONE = """
update bars.outgoing set sent_at = coalesce(sent_at, $3), last_error = $4, there = $5
 where organisation = $1 and message = $2
"""
_NEVER = """
update bars.outgoing
   set refused_at = $3, last_error = $4,
       unanswered_at = case when answer_by is null then unanswered_at
                            else coalesce(unanswered_at, $3) end
 where organisation = $1 and message = $2
"""
_LATE = """
update bars.outgoing set unanswered_at = $3
 where organisation = $1 and message = $2
   and answered_at is null and unanswered_at is null
returning about
"""


_OVER = ("sent_at", "refused_at", "held_at", "dropped_at")
"""Of what has one of these nothing is sent."""


class NotSentError(Exception):
    """It has to be sent again later."""


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """One request to somebody else's server."""

    url: str
    body: bytes
    headers: dict[str, str]


class Reply(msgspec.Struct, frozen=True):
    """What came back; status 0: nothing did."""

    status: int
    body: bytes = b""


class Keys(Protocol):
    """Signs as the organisation's own sending program."""

    def own(self, organisation: OrganisationId) -> str | None:
        """An assertion for our own door; None where nothing is set up."""

    def at(self, organisation: OrganisationId, *, client: str, url: str) -> str | None:
        """An assertion for a partner's token endpoint."""


Ask = Callable[[Post], Reply]
"""Asks a server and waits; never raises."""


class Sending:
    """The jobs that send, and that notice what nobody answered."""

    def __init__(
        self,
        database: Database,
        warden: WardenClient,
        *,
        keys: Keys,
        ask: Ask,
        clock: Clock,
        repeat_callers: str = "",
    ) -> None:
        """`repeat_callers` is where the repeat caller service answers."""
        self._database = database
        self._warden = warden
        self._reader = ProgramReader(database, warden)
        self._keys = keys
        self._ask = ask
        self._clock = clock
        self._repeat_callers = repeat_callers

    @property
    def kinds(self) -> tuple[JobKind, ...]:
        """For a worker of their own: a slow partner holds up no other work."""
        lease = timedelta(seconds=60)
        return (
            JobKind(
                name=UNANSWERED,
                work=self.notice,
                most_attempts=ATTEMPTS,
                lease=lease,
                every=None,
            ),
            JobKind(
                name=SEND,
                work=self.send,
                most_attempts=ATTEMPTS,
                lease=lease,
                every=None,
            ),
        )

    async def notice(self, job: Job, connection: JobConnection) -> None:
        """The deadline passed: whoever asked acts as if nobody had been asked."""
        values = (job.organisation, job.argument, self._clock.now())
        row = await connection.fetch_row(_LATE, *values)
        if row is not None:
            await _tell(connection, job.organisation, row["about"])

    async def send(self, job: Job, connection: JobConnection) -> None:
        """Send one message, and mark what came of it with the job's own end.

        Raises:
            NotSentError: it waits for another turn.
        """
        organisation, now = job.organisation, self._clock.now()
        row = await connection.fetch_row(_WAITING, organisation, job.argument)
        if row is None or any(row[one] for one in _OVER):
            return
        useless = row["useless_at"]
        if row["unanswered_at"] or (useless is not None and useless <= now):
            # Somebody acted for themselves: it must not be acted on twice.
            values = (organisation, job.argument, now, "overdue")
            await connection.execute(_NEVER, *values)
            return
        if row["kind"] == DOCUMENT and not row["begun_at"]:
            async with self._database.transaction(organisation) as own:
                is_begun = await begins(own, organisation, job.argument, now)
            if not is_begun:
                await _tell(connection, organisation, row["about"])
                return
        found = await self._sent(organisation, row)
        match found.verdict:
            case Verdict.DONE:
                values = (organisation, job.argument, self._clock.now(), found.code)
                await connection.execute(_DONE, *values, found.there)
            case Verdict.NEVER:
                log.warning("a message was refused: %s", found.code)
                values = (organisation, job.argument, self._clock.now(), found.code)
                await connection.execute(_NEVER, *values)
            case Verdict.AGAIN:
                await self._tried(organisation, job.argument, found.code)
                raise NotSentError(found.code)
        await _tell(connection, organisation, row["about"])

    async def _sent(self, organisation: OrganisationId, row: Any) -> Judged:
        body = await self._opened(organisation, row["communication"])
        if isinstance(body, Judged):
            return body
        post = await self._addressed(organisation, row, body)
        if isinstance(post, Judged):
            return post
        reply = await asyncio.to_thread(self._ask, post)
        found = judged(reply.status, reply.body)
        # Of a copy that came back nothing is an id of a referral.
        return found if row["kind"] == MESSAGE else Judged(found.verdict, found.code)

    async def _addressed(
        self, organisation: OrganisationId, row: Any, body: bytes
    ) -> Post | Judged:
        """The request, to whom it goes; or why it cannot go yet."""
        if row["kind"] == REPEAT_CALL:
            if not self._repeat_callers:
                return Judged(Verdict.AGAIN, "no address")
            return _created(self._repeat_callers, row, body)
        if row["endpoint"] is None:
            return Judged(Verdict.AGAIN, "no address")
        token = await self._token(organisation, row)
        if not token:
            return Judged(Verdict.AGAIN, "no token")
        if row["kind"] == DOCUMENT:
            return _created(row["endpoint"], row, body, token=token)
        sent = Sent(
            request=row["request"],
            correlation=row["message"],
            system=row["system"],
            service=row["service"],
        )
        named = {"resourceType": "Organization", "name": "Wardkeep"}
        headers = {
            **headers_for(sent, organisation=named, software="Wardkeep"),
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/fhir+json",
        }
        url = f"{row['endpoint'].rstrip('/')}/$process-message"
        return Post(url=url, body=body, headers=headers)

    async def _opened(
        self, organisation: OrganisationId, communication: str
    ) -> bytes | Judged:
        """The message, opened at the door by the organisation's own program."""
        assertion = self._keys.own(organisation)
        if assertion is None:
            return Judged(Verdict.AGAIN, "no key")
        session = await self._warden.ask(ClientSignIn(assertion), SignedIn)
        if isinstance(session, Refusal):
            return Judged(Verdict.AGAIN, session.code)
        opener = Opener(
            session=session.token, organisation=organisation, request="send message"
        )
        found = await self._reader.one(TYPE, communication, opener=opener)
        if isinstance(found, Refusal):
            return Judged(Verdict.AGAIN, found.code)
        if isinstance(found, NotFound):
            return Judged(Verdict.NEVER, "message gone")
        return bundle_in(msgspec.json.decode(found.text, type=Json))

    async def _token(self, organisation: OrganisationId, row: Any) -> str:
        """For the partner's server; empty where it gives none."""
        url = row["token_url"]
        assertion = self._keys.at(organisation, client=row["client"], url=url)
        if assertion is None:
            return ""
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        fields = f"grant_type=client_credentials&client_assertion_type={kind}"
        post = Post(
            url=url,
            body=f"{fields}&client_assertion={assertion}".encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        reply = await asyncio.to_thread(self._ask, post)
        if reply.status != HTTPStatus.OK:
            return ""
        try:
            token = msgspec.json.decode(reply.body, type=Json).get("access_token")
        except msgspec.DecodeError:
            return ""
        return token if isinstance(token, str) else ""

    async def _tried(
        self, organisation: OrganisationId, message: str, code: str
    ) -> None:
        """In a transaction of its own: the job's is undone with its failure."""
        async with self._database.transaction(organisation) as connection:
            await connection.execute(_TRIED, organisation, message, code)


def _created(endpoint: str, row: Any, body: bytes, *, token: str = "") -> Post:
    """A conditional create (FHIR R4, 3.1.0.8.1): who has it creates no second one."""
    identity = identity_of(row["kind"], row["about"])
    identifier = f"{SYSTEMS[row['kind']]}|{identity}"
    headers = {
        "Content-Type": "application/fhir+json",
        "If-None-Exist": f"identifier={quote(identifier, safe='')}",
        REQUEST: row["request"],
    }
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return Post(url=f"{endpoint.rstrip('/')}/Bundle", body=body, headers=headers)


async def _tell(
    connection: JobConnection, organisation: OrganisationId, about: str
) -> None:
    """With the mark, in the job's own transaction."""
    # A job's connection is the database's; its protocol names less than `tell` asks.
    await tell(cast("Connection", connection), organisation, [Topic(TOPIC, about)])
