# SPDX-License-Identifier: Apache-2.0
"""Sends what waits, as a program of the organisation's own, until it is answered.

Each sending is an opening at the door, by that program's account, with an entry. Killed
at any moment it sends again, with the same ids, and a duplicate is success. So it comes
at least once, and is taken once.
"""

import logging
from datetime import datetime, timedelta
from typing import Any, cast
from urllib.parse import quote

from wardkeep.base.clock import Clock
from wardkeep.base.ids import OrganisationId
from wardkeep.db.changes import Topic, tell
from wardkeep.db.connection import Connection, Database
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.bars.beginning import begins
from wardkeep.fhir.bars.directory import VALIDATES
from wardkeep.fhir.bars.headers import REQUEST
from wardkeep.fhir.bars.judging import Judged, Verdict, judged
from wardkeep.fhir.bars.outgoing import (
    DOCUMENT,
    MESSAGE,
    REPEAT_CALL,
    REPEAT_CALL_BACK,
    SEND,
    SYSTEMS,
    TAKEN_BACK,
    TOPIC,
    UNANSWERED,
    identity_of,
)
from wardkeep.fhir.bars.posting import OwnMessages, message_post, receiver_in
from wardkeep.fhir.bars.rows import ANSWERED
from wardkeep.fhir.bars.tokens import Ask, Keys, Post, beside, token_at
from wardkeep.fhir.bars.validation import Means
from wardkeep.fhir.urgent import dispatching
from wardkeep.fhir.urgent.dispatching import ask_for_one
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.jobs.job import Job, JobConnection, JobKind

log = logging.getLogger(__name__)
ATTEMPTS = 400
"""Two weeks, at an hour between two in the end."""
AT_ONCE = 8
"""Requests under way; each ends by itself."""
Json = dict[str, Any]
_WAITING = """
select o.message, o.request, o.communication, o.about, o.kind, o.sent_at, o.refused_at,
       o.unanswered_at, o.begun_at, o.held_at, o.dropped_at, o.useless_at, o.follows,
       w.name, w.system, w.service, w.endpoint, w.token_url, w.client,
       f.sent_at is null and o.follows <> '' as follows_nothing,
       exists (select from bars.outgoing as t
                where t.organisation = o.organisation and t.follows = o.message)
         as is_taken_back
  from bars.outgoing as o
  left join bars.partner as w
    on w.organisation = o.organisation and w.service = o.partner
   and (o.kind = 'message' or w.kind = 'surgery' and w.is_active)
  left join bars.outgoing as f
    on f.organisation = o.organisation and f.message = o.follows
 where o.organisation = $1 and o.message = $2
"""
_FOLLOWS = "select follows from bars.outgoing where organisation = $1 and message = $2"
# A message and what takes it back are sent one after the other, whichever worker has
# them: what is taken back must not arrive behind its withdrawal.
_ALONE = "select pg_advisory_xact_lock(hashtextextended($1, 63))"
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
returning about, unanswered_at is not null as is_unanswered
"""
_TAKEN_BACK = """
update bars.outgoing set refused_at = $3, last_error = $4
 where organisation = $1 and message = $2
"""
_LATE = """
update bars.outgoing as o set unanswered_at = $3
 where o.organisation = $1 and o.message = $2
   and o.answered_at is null and o.unanswered_at is null
   and not exists (select from bars.outgoing as t
                    where t.organisation = o.organisation and t.follows = o.message)
returning about
"""
_MEANT = """
select about, outcome, category from bars.outgoing as o
 where o.organisation = $1 and o.message = $2 and o.sort = 'validation'
   and not exists (select from bars.outgoing as t
                    where t.organisation = o.organisation and t.follows = o.message)
"""
_RAISE = """
update urgent.dispatch set category = $3
 where organisation = $1 and entry = $2 and sent_at is null and begun_at is null
   and category > $3
"""
_PLACE = """
select entry, patient, disposition from urgent.entry
 where organisation = $1 and request = $2 and is_open
"""


_REPEAT_CALLERS = "the repeat caller service"
_OVER = ("sent_at", "refused_at", "held_at", "dropped_at")
"""Of what has one of these nothing is sent."""


class NotSentError(Exception):
    """It has to be sent again later."""


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
        self._own = OwnMessages(database, warden, keys)
        self._keys = keys
        self._ask = beside(ask, at_once=AT_ONCE, name="send")
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
                name=ANSWERED,
                work=self.act_on_answer,
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
            await self._act(connection, job.organisation, row["about"])
            await _tell(connection, job.organisation, row["about"])

    async def act_on_answer(self, job: Job, connection: JobConnection) -> None:
        """What somebody who looked again says is done, whoever reads it or does not."""
        organisation = job.organisation
        row = await connection.fetch_row(_MEANT, organisation, job.argument)
        if row is None:
            return
        about = row["about"]
        match row["outcome"]:
            case Means.REJECTED:
                values = (organisation, job.argument, self._clock.now())
                if await connection.fetch_row(_LATE, *values) is not None:
                    await self._act(connection, organisation, about)
            case Means.UP | Means.UNCHANGED | Means.DOWN if row["category"]:
                category = row["category"]
                await self._act(connection, organisation, about, category=category)
        await _tell(connection, organisation, about)

    async def _act(
        self,
        connection: JobConnection,
        organisation: OrganisationId,
        about: str,
        *,
        category: str = "",
    ) -> None:
        """Nobody answered: what the call came to is done as if nobody had been asked.

        An ambulance is asked for here and now; what is a person's to do stands red on
        the boards until somebody has read it. `category`: of the ambulance that an
        answer asks for; of one that was asked for before and has not gone it is raised.
        """
        row = await connection.fetch_row(_PLACE, organisation, about)
        if row is None:
            return
        instead = DISPOSITIONS.get(VALIDATES.get(row["disposition"], ""))
        if not category and instead is not None:
            category = instead.category
        if not category:
            return
        await connection.execute(_RAISE, organisation, row["entry"], category)
        await ask_for_one(
            cast("Connection", connection),
            organisation,
            entry=row["entry"],
            patient=row["patient"],
            category=category,
            now=self._clock.now(),
        )

    async def send(self, job: Job, connection: JobConnection) -> None:
        """Send one message, and mark what came of it with the job's own end.

        Raises:
            NotSentError: it waits for another turn.
        """
        organisation, now = job.organisation, self._clock.now()
        follows = await connection.fetch_value(_FOLLOWS, organisation, job.argument)
        await connection.execute(_ALONE, follows or job.argument)
        row = await connection.fetch_row(_WAITING, organisation, job.argument)
        if row is None or any(row[one] for one in _OVER):
            return
        never = _never(row, now)
        if never is not None:
            sql, why = never
            await connection.execute(sql, organisation, job.argument, now, why)
            return
        if row["kind"] == DOCUMENT and not await self._begins(organisation, row, now):
            await _tell(connection, organisation, row["about"])
            return
        found = _as_follows(await self._sent(organisation, row), row)
        match found.verdict:
            case Verdict.DONE:
                values = (organisation, job.argument, self._clock.now(), found.code)
                await connection.execute(_DONE, *values, found.there)
            case Verdict.NEVER:
                log.warning("a message was refused: %s", found.code)
                values = (organisation, job.argument, self._clock.now(), found.code)
                row = await connection.fetch_row(_NEVER, *values) or row
                if row.get("is_unanswered"):
                    await self._act(connection, organisation, row["about"])
            case Verdict.AGAIN:
                await self._tried(organisation, job.argument, found.code)
                raise NotSentError(found.code)
        await _tell(connection, organisation, row["about"])

    async def _begins(
        self, organisation: OrganisationId, row: Any, now: datetime
    ) -> bool:
        """Whether a document goes now; committed before anything of it does."""
        if row["begun_at"]:
            return True
        async with self._database.transaction(organisation) as own:
            return await begins(own, organisation, row["message"], now)

    async def _sent(self, organisation: OrganisationId, row: Any) -> Judged:
        is_repeat_call = row["kind"] in (REPEAT_CALL, REPEAT_CALL_BACK)
        to = _REPEAT_CALLERS if is_repeat_call else receiver_in(row)
        body = await self._own.opened(organisation, row["communication"], to=to)
        if isinstance(body, Judged):
            return body
        post = await self._addressed(organisation, row, body)
        if isinstance(post, Judged):
            return post
        reply = await self._ask(post)
        found = judged(reply.status, reply.body)
        # Of a copy that came back nothing is an id of a referral.
        return found if row["kind"] == MESSAGE else Judged(found.verdict, found.code)

    async def _addressed(
        self, organisation: OrganisationId, row: Any, body: bytes
    ) -> Post | Judged:
        """The request, to whom it goes; or why it cannot go yet."""
        if row["kind"] in (REPEAT_CALL, REPEAT_CALL_BACK):
            if not self._repeat_callers:
                return Judged(Verdict.AGAIN, "no address")
            return _created(self._repeat_callers, row, body)
        if row["endpoint"] is None:
            return Judged(Verdict.AGAIN, "no address")
        client, url = row["client"], row["token_url"]
        token = await token_at(
            self._keys, self._ask, organisation, client=client, url=url
        )
        if not token:
            return Judged(Verdict.AGAIN, "no token")
        if row["kind"] == DOCUMENT:
            return _created(row["endpoint"], row, body, token=token)
        return message_post(row, body, token=token)

    async def _tried(
        self, organisation: OrganisationId, message: str, code: str
    ) -> None:
        """In a transaction of its own: the job's is undone with its failure."""
        async with self._database.transaction(organisation) as connection:
            await connection.execute(_TRIED, organisation, message, code)


def _never(row: Any, now: datetime) -> tuple[str, str] | None:
    """Why it is not sent at all, and how that is marked: nobody acts twice."""
    if row["is_taken_back"]:
        return _TAKEN_BACK, TAKEN_BACK
    useless = row["useless_at"]
    if row["unanswered_at"] or (useless is not None and useless <= now):
        return _NEVER, "overdue"
    return None


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
    topics = [Topic(TOPIC, about), Topic(dispatching.TOPIC)]
    await tell(cast("Connection", connection), organisation, topics)


def _as_follows(found: Judged, row: Any) -> Judged:
    """A withdrawal of what never arrived, and is not there, has nothing to do."""
    is_missing = found.verdict is Verdict.NEVER and found.code.startswith("404 ")
    if is_missing and row["follows_nothing"]:
        return Judged(Verdict.DONE, found.code)
    return found
