# SPDX-License-Identifier: Apache-2.0
"""Asks partners what pages wait for: free times, and how a booking stands there.

Nothing of a patient is in a question, and nothing of one is kept of an answer. Both are
deleted some minutes later, before the next one is asked.
"""

import asyncio
import contextlib
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.ids import is_fhir_id, new_uuid
from wardkeep.fhir.bars.headers import Sent, headers_for
from wardkeep.fhir.bars.questions import ASK, KEPT_FOR, WAIT_SECONDS, Kind, handed
from wardkeep.fhir.bars.tokens import Ask, Keys, Post, Reply, beside, token_at
from wardkeep.fhir.clinics.resources import instant
from wardkeep.jobs.job import Job, JobConnection, JobKind

LARGEST = 768 * 1024
AT_ONCE = 8
"""Requests under way: one that nobody waits for any more ends by itself."""
_OLD = "delete from bars.question where organisation = $1 and asked_at < $2"
_QUESTION = """
select q.question, q.asked_at, q.kind, q.argument, w.system, w.service, w.endpoint,
       w.token_url, w.client
  from bars.question as q
  join bars.partner as w on w.organisation = q.organisation and w.service = q.partner
 where q.organisation = $1 and q.question = $2 and q.answered_at is null
"""
_ANSWER = """
update bars.question set answered_at = $3, answer = $4, failure = $5
 where organisation = $1 and question = $2
"""
Row = Any
_TYPES = {Kind.TIMES: "Bundle", Kind.APPOINTMENT: "Appointment"}


class Fetching:
    """The job that asks."""

    def __init__(self, *, keys: Keys, ask: Ask, clock: Clock) -> None:
        self._keys = keys
        self._ask = beside(ask, at_once=AT_ONCE, name="fetch")
        self._clock = clock

    @property
    def kind(self) -> JobKind:
        """For workers of their own: somebody waits on the telephone.

        It is not asked twice: whoever asked has gone on.
        """
        lease = timedelta(seconds=30)
        return JobKind(
            name=ASK, work=self.fetch, most_attempts=1, lease=lease, every=None
        )

    async def fetch(self, job: Job, connection: JobConnection) -> None:
        organisation, now = job.organisation, self._clock.now()
        await connection.execute(_OLD, organisation, now - KEPT_FOR)
        row = await connection.fetch_row(_QUESTION, organisation, job.argument)
        if row is None:
            return
        is_late = (now - row["asked_at"]).total_seconds() > WAIT_SECONDS
        answer, failure = "", "slow"
        if not is_late:
            # A partner who is slow takes no other partner's turn.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WAIT_SECONDS):
                    answer, failure = await self._asked(job, row)
        values = (organisation, job.argument, self._clock.now(), answer, failure)
        await connection.execute(_ANSWER, *values)

    async def _asked(self, job: Job, row: Row) -> tuple[str, str]:
        """The answer's text, and why there is none."""
        if row["kind"] == Kind.APPOINTMENT and not _is_id(row["argument"]):
            return "", "refused"
        client, url = row["client"], row["token_url"]
        token = await token_at(
            self._keys, self._ask, job.organisation, client=client, url=url
        )
        if not token:
            return "", "unreachable"
        sent = Sent(
            request=new_uuid(),
            correlation=row["question"],
            system=row["system"],
            service=row["service"],
        )
        named = {"resourceType": "Organization", "name": "Wardkeep"}
        headers = {
            **headers_for(sent, organisation=named, software="Wardkeep"),
            "Authorization": f"Bearer {token}",
            "Accept": "application/fhir+json",
        }
        address = f"{row['endpoint'].rstrip('/')}/{self._path(row)}"
        post = Post(url=address, headers=headers, method="GET")
        return _told(await self._ask(post), row)

    def _path(self, row: Row) -> str:
        if row["kind"] == Kind.APPOINTMENT:
            return f"Appointment/{quote(row['argument'], safe='')}"
        asked = [
            ("Schedule.actor:HealthcareService", row["service"]),
            ("status", "free"),
            ("start", f"ge{instant(self._clock.now())}"),
            *([("start", f"le{row['argument']}")] if row["argument"] else []),
            ("_include", "Slot:schedule"),
            ("_include:iterate", "Schedule:actor:Location"),
            ("_count", "500"),
        ]
        return f"Slot?{urlencode(asked)}"


def _is_id(argument: str) -> bool:
    return is_fhir_id(argument) and bool(argument.strip("."))


def _told(reply: Reply, row: Row) -> tuple[str, str]:
    """Nothing but what was asked for: an error is not a day without free times."""
    if reply.status == 0:
        return "", "unreachable"
    if reply.status != HTTPStatus.OK or len(reply.body) > LARGEST:
        return "", "refused"
    try:
        told = msgspec.json.decode(reply.body, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return "", "refused"
    is_asked_for = told.get("resourceType") == _TYPES[row["kind"]]
    if row["kind"] == Kind.APPOINTMENT:
        is_asked_for &= told.get("id") == row["argument"]
    if not is_asked_for:
        return "", "refused"
    return handed(row["kind"], told, asked_at=row["asked_at"]), ""
